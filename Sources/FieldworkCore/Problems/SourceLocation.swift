/// The place in a user's source file at which something was written.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The module and file, as `#fileID` gives them: `Ising/Ising.swift`.
  public let file: String
  /// The line, counted from 1.
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// The place as compilers print it: `Ising/Ising.swift:12`.
  public var description: String { "\(file):\(line)" }
}
