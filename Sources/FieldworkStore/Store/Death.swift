/// How the process that ran an experiment died.
public struct Death: Sendable, Hashable {
  public enum Cause: String, Sendable, Hashable, CaseIterable {
    case exit, signal
    case outOfMemory = "out of memory"
    case timeLimit = "time limit"
    case unresponsive, disconnected
  }

  public let cause: Cause
  public let code: Int?
  public let signal: Int?
  public let stderr: String

  public init(cause: Cause, code: Int? = nil, signal: Int? = nil, stderr: String) {
    self.cause = cause
    self.code = code
    self.signal = signal
    self.stderr = stderr
  }
}
