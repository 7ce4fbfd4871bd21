public import FieldworkCore

/// An update of the domain that was made while a research ran.
public struct UpdateRecord: Sendable, Hashable {
  /// What the update gave.
  public enum Outcome: Sendable, Hashable {
    /// The present domain goes on.
    case kept
    /// Another one took over, as a plain value.
    case replaced(Value)
    /// Another one took over that cannot be kept as a value: it has functions in it.
    case unrecorded
  }

  /// The number of experiments that were planned before it.
  public let produced: Int
  /// The number of domains before the one that it was asked for.
  public let number: Int
  /// The schedule of the rule that applied, as text.
  public let when: String
  /// What tells apart what the update rests on: the rule, the domain before it, and which experiments were
  /// planned, in which order.
  public let premise: String
  public let outcome: Outcome
  /// What identifies the executable that made it; nil if that is not known.
  public let build: String?
  /// When it was made, in seconds since 1970.
  public let at: Double

  public init(
    produced: Int,
    number: Int,
    when: String,
    premise: String,
    outcome: Outcome,
    build: String?,
    at: Double
  ) {
    self.produced = produced
    self.number = number
    self.when = when
    self.premise = premise
    self.outcome = outcome
    self.build = build
    self.at = at
  }
}
