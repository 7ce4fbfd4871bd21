import Fieldwork
import Foundation

extension TestPlaybook {
  /// Experiments that end in several ways, and write a line to a file when they are over.
  var cleanup: Research {
    let kinds = (Self.environment["CLEANUP_KINDS"] ?? "done,fail,stop,prune,crash").split(
      separator: ","
    )
    .map(String.init)
    return Research("cleanup", iterations: 2, seed: 1, objective: .minimize("loss"), workers: 1) {
      Domain("kind" <- kinds)
      Prune(.threshold(upper: 5), by: .minimize("loss"))
      Unit("work", saving: "loss") { run -> Double in
        let kind: String = try run["kind"]
        Self.append("begin \(kind)", toFileOf: "CLEANUP_FILE")
        try "x".write(
          toFile: run.directory() + "/scratch",
          atomically: false,
          encoding: .utf8
        )
        switch kind {
        case "fail": throw CleanupError()
        case "stop": try run.stop()
        case "prune": return 10
        case "crash": fatalError("a crash on purpose")
        case "late crash":
          usleep(500_000)
          if run.iteration == 1 { fatalError("a crash on purpose") }
        case "hang": try await Task.sleep(for: .seconds(1000))
        case "block": while true { usleep(1000) }
        default: break
        }
        return 1
      }
      Unit("clean", when: .cleanup) { run in
        let path = try run.directory() + "/scratch"
        let isThere = FileManager.default.fileExists(atPath: path)
        try? FileManager.default.removeItem(atPath: path)
        let kind: String = try run["kind"]
        let ending = run.ending?.rawValue ?? "unknown"
        Self.append("clean \(kind) \(ending) \(isThere)", toFileOf: "CLEANUP_FILE")
        switch Self.environment["CLEANUP_FAILS"] {
        case nil: break
        case "crash": fatalError("a crash on purpose")
        case "block": while run.ending == nil { usleep(1000) }
        default: throw CleanupError()
        }
      }
    }
  }

  private struct CleanupError: Error {}
}
