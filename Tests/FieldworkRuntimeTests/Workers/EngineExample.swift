import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

// The launcher is an example of docs/extending.md.

/// Starts workers of this machine at a low priority.
struct NiceLauncher: WorkerLauncher {
  let command: WorkerCommand

  func launch(_ session: WorkerSession, _ index: Int) throws -> any LaunchedWorker {
    let nice = WorkerCommand(
      executable: "/usr/bin/nice",
      arguments: ["-n", "7", command.executable] + command.arguments
    )
    return try LocalLauncher(command: nice) { _ in [:] }.launch(session, index)
  }
}

final class EngineExampleTests: WorkerTestCase {
  func testALauncherOfAnEngine() throws {
    let folder = ResearchFolder(path: NSTemporaryDirectory() + UUID().uuidString)
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let script = "nice >&2; test -s $FIELDWORK_SESSION/inbox && echo has messages >&2; exit 3"
    let command = WorkerCommand(executable: "/bin/sh", arguments: ["-c", script])
    let engine = FileEngine(folder: folder, launcher: NiceLauncher(command: command))
    let setup = WorkerSetup(worker: 0, seed: 1, directory: folder.path, wantsUnits: false)
    let listener = ErrorListener()
    let end = try engine.startWorker(0, setup).listen(listener)
    XCTAssertEqual(end.termination, .exited(3))
    XCTAssertEqual(listener.errors, "7\nhas messages\n")
  }
}
