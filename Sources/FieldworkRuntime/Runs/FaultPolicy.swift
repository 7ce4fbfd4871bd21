/// The policy of a run for what goes wrong in its experiments.
public struct FaultPolicy: Sendable, Hashable {
  /// How often an experiment runs again.
  public var retries = RetryPolicy()
  /// The time that an experiment may take; nil for any time. It needs workers that are processes.
  public var timeLimit: Duration?
  /// The time that an experiment beyond its time limit has to end by itself, before its worker is killed.
  public var grace = Duration.seconds(5)
  /// The time that a worker process may be silent before it is killed.
  public var silenceLimit = Duration.seconds(60)
  /// True to end the run at the first experiment that fails.
  public var failsFast = false
  /// The number of first experiments that end the run if all of them fail in the same way; nil for none.
  public var equalFailureLimit: Int?

  public init() {}
}

/// How often an experiment runs again within one run.
public struct RetryPolicy: Sendable, Hashable {
  /// The number of further attempts after deaths of the worker process, or time limits.
  public var deaths = 0
  /// The number of further attempts after failures of units.
  public var errors = 0

  public init(deaths: Int = 0, errors: Int = 0) {
    self.deaths = deaths
    self.errors = errors
  }

  /// Why an attempt failed.
  enum Cause: Hashable {
    case death, error
  }

  /// The attempts at a task so far.
  struct Attempts: Hashable {
    var deaths = 0
    var errors = 0
    /// The number of the attempt, from 1.
    var number: Int { 1 + deaths + errors }

    mutating func count(_ cause: Cause) {
      switch cause {
      case .death: deaths += 1
      case .error: errors += 1
      }
    }
  }

  /// Returns true if another attempt follows one that failed.
  func allows(_ cause: Cause, after attempts: Attempts) -> Bool {
    switch cause {
    case .death: attempts.deaths < deaths
    case .error: attempts.errors < errors
    }
  }
}
