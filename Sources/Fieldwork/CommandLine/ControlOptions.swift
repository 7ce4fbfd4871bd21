import ArgumentParser

/// How long a run goes on, and whether it needs its terminal.
struct ControlOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Begin no more experiments after this time, such as 90s, 10m or 2h; running ones end with their iteration, and the same command goes on with them.",
      valueName: "time"
    ),
    transform: readDuration
  )
  var budget: Duration?

  @Option(
    help: ArgumentHelp(
      "Run a command of the shell when the run has ended, with its summary as JSON on the standard input.",
      valueName: "command"
    )
  )
  var onEnd: String?

  @Flag(
    help: """
      Go on when the terminal is closed: see it with 'attach' or 'status', end it with 'stop'. What it \
      prints goes to run.log in the folder of the results. With --engine slurm the run is a small job \
      itself.
      """
  )
  var detach = false

  /// What the process that goes on is started with.
  static let detachedFlag = "--as-detached"

  @Flag(
    name: .customLong("as-detached"),
    help: ArgumentHelp("Run without a terminal.", visibility: .private)
  )
  var isDetached = false

  /// The flag of the run that is a job of Slurm.
  static let coordinatorFlag = "--as-coordinator"

  @Flag(
    name: .customLong("as-coordinator"),
    help: ArgumentHelp("Run in a job of its own.", visibility: .private)
  )
  var isCoordinator = false

  /// Whether another process is to run the research.
  var detaches: Bool { detach && !isDetached && !isCoordinator }
}
