import Foundation

/// How a worker process is started: the program of the run itself, once more, in the role of a worker.
public struct WorkerCommand: Sendable, Hashable {
  /// The word that leads a playbook to ``WorkerServer``.
  package static let flag = "--as-worker"

  /// The path of the program.
  public let executable: String
  /// The words after its name; they must lead it to ``WorkerServer``, with the same research.
  public let arguments: [String]

  /// - Parameter executable: nil for the program that runs now, whatever has become of its file.
  public init(executable: String? = nil, arguments: [String]) {
    self.executable = executable ?? WorkerCommand.ownExecutable
    self.arguments = arguments
  }

  /// The flags that concern the process of the run alone. Jobs that differ in them serve the same runs.
  private static let flagsOfRuns: Set<String> = [
    "--take-over", "--no-progress", "--json", "--yes", "--continue", "--keep-failed", "--detach",
    "--dry-run", "--fresh", "--accept",
  ]

  /// The words after the name of the program that lead it to a ``PilotServer``.
  package var pilotArguments: [String] {
    arguments.filter { !Self.flagsOfRuns.contains($0) }
      .map { $0 == Self.flag ? PilotServer.flag : $0 }
  }

  private static var ownExecutable: String {
    #if os(Linux)
      // The file that is running, even if a new build has taken its place.
      "/proc/self/exe"
    #else
      Bundle.main.executablePath ?? CommandLine.arguments[0]
    #endif
  }
}
