/// How many workers or branches there are: a number, or a config for each.
///
///     branches: 4
///     branches: [["width": 16], ["width": 64]]   // two branches; their values win over the domain's
///
/// A number that is not a literal is written `.count(number)`.
public struct Slots: Sendable, Hashable {
  /// What is merged into the configs of each slot's experiments; nil if only the number is given.
  public let configs: [Config]?
  public let count: Int

  private init(count: Int, configs: [Config]?) {
    self.count = count
    self.configs = configs
  }

  public static func count(_ count: Int) -> Slots { Slots(count: count, configs: nil) }

  public static func configs(_ configs: [Config]) -> Slots {
    Slots(count: configs.count, configs: configs)
  }

  /// The config of a slot; empty if only the number is given.
  func config(at index: Int) -> Config { configs?[index] ?? Config() }
}

extension Slots: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  public init(integerLiteral value: Int) { self = .count(value) }

  public init(arrayLiteral elements: Config...) { self = .configs(elements) }
}

extension Slots: CustomStringConvertible {
  public var description: String {
    configs.map { "[\($0.map(\.description).joined(separator: ", "))]" } ?? String(count)
  }
}

/// How the branches of a task run beside each other. The results are the same in both ways.
public enum BranchExecution: String, Sendable, Hashable, CaseIterable {
  /// One after another, unit by unit.
  case sequential
  /// At once: each unit is run for all branches before the next one begins. Units that read what other
  /// branches have, or use an instance that they share, still run for one branch after another.
  case concurrent
}

/// How much is measured of where the time goes.
public enum Profiling: String, Sendable, Hashable, CaseIterable {
  /// Nothing, at no cost.
  case off
  /// The time of every turn of a unit, and of its body.
  case simple
  /// Also the time for evaluating arguments, processor time, and the memory of the process.
  case detailed
}
