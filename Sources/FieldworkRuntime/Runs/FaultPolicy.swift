/// How a run deals with what goes wrong in its experiments.
public struct FaultPolicy: Sendable, Hashable {
  /// How often an experiment is tried again whose worker process has died.
  public var deathRetries = 0
  /// How often an experiment is tried again one of whose units has failed.
  public var errorRetries = 0
  /// How long an experiment may take; nil for any time. It needs workers that are processes.
  public var timeLimit: Duration?
  /// How long an experiment whose time is over has to end by itself, before its worker is killed.
  public var grace = Duration.seconds(5)
  /// How long a worker process may give no sign of life before it is killed.
  public var silenceLimit = Duration.seconds(60)
  /// Whether the first experiment that fails ends the run.
  public var failsFast = false
  /// After how many experiments the run ends if they are the first ones and all have failed in the same
  /// way; nil for never.
  public var equalFailureLimit: Int?

  public init() {}
}
