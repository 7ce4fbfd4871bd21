/// How a worker process ended that was running an experiment, and with it the experiment.
public struct Death: Sendable, Hashable {
  /// Why it ended.
  public enum Cause: String, Sendable, Hashable, CaseIterable {
    /// The process ended itself, with ``Death/code``.
    case exit
    /// A signal ended it: ``Death/signal``.
    case signal
    /// The system ended it, as there was too little memory.
    case outOfMemory = "out of memory"
    /// It was ended, as the experiment took longer than it may.
    case timeLimit = "time limit"
    /// It was ended, as it gave no sign of life any more.
    case unresponsive
    /// The connection to it broke.
    case disconnected
    /// Its machine or its job was gone, several times.
    case lost
  }

  public let cause: Cause
  /// The exit code; nil if it did not end by itself, or it is not known.
  public let code: Int?
  /// The number of the signal; nil if none ended it, or it is not known.
  public let signal: Int?
  /// The last lines that the process wrote to its standard error.
  public let stderr: String

  public init(_ cause: Cause, code: Int? = nil, signal: Int? = nil, stderr: String = "") {
    self.cause = cause
    self.code = code
    self.signal = signal
    self.stderr = stderr
  }
}
