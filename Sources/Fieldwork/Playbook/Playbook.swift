import ArgumentParser
public import FieldworkCore
import Foundation

/// An executable that holds one research.
///
///     import Fieldwork
///
///     @main
///     struct Quickstart: Playbook {
///       var research: Research {
///         Research("quickstart") {
///           Domain("x" <- [1, 2, 3])
///           Unit("square", saving: "y", square, EC("x"))
///         }
///       }
///     }
///
/// `swift run Quickstart` runs it, `swift run Quickstart --help` shows what else it can do.
public protocol Playbook: Sendable {
  init()

  /// The research. It is asked for in every process and must come out the same each time.
  var research: Research { get }
}

extension Playbook {
  /// Runs the playbook's command line and ends the process with its exit code: 0 if everything is
  /// done, 1 if experiments failed, 2 if the command or the research cannot be run, 130 if interrupted.
  public static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let status = await PlaybookCommandLine(
      Self.init(),
      name: "\(Self.self)",
      isProgram: true
    ).run(arguments)
    exit(status.rawValue)
  }
}
