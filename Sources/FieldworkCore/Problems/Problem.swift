/// Something wrong in a definition: what is wrong, where it was written, and how to mend it.
///
/// A definition collects its problems instead of throwing the first one, so that all of them can be
/// shown at once before anything runs.
public struct Problem: Sendable, Hashable, CustomStringConvertible {
  public enum Severity: String, Sendable, Hashable {
    /// The definition cannot be run.
    case error
    /// The definition can be run, but probably does not say what was meant.
    case warning
  }

  public let severity: Severity
  /// One sentence that says what is wrong.
  public let message: String
  /// One sentence that says what to write instead.
  public let remedy: String?
  public let place: SourceLocation?

  public init(
    _ message: String,
    remedy: String? = nil,
    place: SourceLocation? = nil,
    severity: Severity = .error
  ) {
    self.message = message
    self.remedy = remedy
    self.place = place
    self.severity = severity
  }

  /// The problem in one line, as compilers print theirs.
  public var description: String {
    let start = place.map { "\($0): " } ?? ""
    let end = remedy.map { "; \($0)" } ?? ""
    return "\(start)\(severity.rawValue): \(message)\(end)"
  }
}
