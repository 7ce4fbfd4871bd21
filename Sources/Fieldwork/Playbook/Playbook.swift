import ArgumentParser
public import FieldworkCore
public import FieldworkStore
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

  /// The types that follow a run of the playbook; none by default.
  ///
  ///     var observers: [any RunObserver] { [Bell()] }
  ///
  /// They get each record after it is stored, in the process that the command line runs in.
  var observers: [any RunObserver] { get }
}

extension Playbook {
  public var observers: [any RunObserver] { [] }
}

/// The depth of the call stack, which shows whether a playbook's own module is optimised. In an optimised module the
/// compiler inlines a function that only calls another one.
///
/// The engine's module and the playbook's are built with different settings, so the engine's own say nothing.
public enum CallDepth {
  @inline(never)
  public static func direct() -> Int { Thread.callStackReturnAddresses.count }

  @_alwaysEmitIntoClient
  public static func nested() -> Int { direct() }
}

extension Playbook {
  /// Runs the playbook's command line and ends the process with its exit code: 0 if everything is
  /// done, 1 if experiments failed, 2 if the command or the research cannot be run, 130 if interrupted.
  // It becomes part of the playbook's own module, and is built as that is.
  @_alwaysEmitIntoClient
  @MainActor
  public static func main() async {
    await main(isOptimized: CallDepth.direct() == CallDepth.nested())
  }

  /// Runs the playbook's command line.
  /// - Parameter isOptimized: whether the playbook's own code was built with optimisation.
  // On the main thread until it is known that there can be others.
  @MainActor
  public static func main(isOptimized: Bool) async {
    StandardDescriptors.open()
    do {
      try SystemThread.require(4)
    } catch {
      let text = "error: \((error as? FieldworkError)?.message ?? "\(error)")\n"
      FileHandle.standardError.write(Data(text.utf8))
      exit(ExitStatus.unusable.rawValue)
    }
    let arguments = Array(CommandLine.arguments.dropFirst())
    let status = await PlaybookCommandLine(
      Self.init(),
      name: "\(Self.self)",
      isProgram: true,
      isOptimized: isOptimized
    ).run(arguments)
    exit(status.rawValue)
  }
}
