import Fieldwork
import Foundation

/// Researches for tests of what can be seen and kept of a run.
extension TestPlaybook {
  /// The research that the environment chooses; nil if it is none of these.
  var observed: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "printing": printing
    case "branched": branched
    case "waiting": waiting
    default: faulty
    }
  }

  /// Two experiments that print to both streams.
  private var printing: Research {
    Research("printing", iterations: 1) {
      Domain(Self.size <- [1, 2])
      Unit("print", saving: "y") { run in
        let size = try run[Self.size]
        print("stdout of \(size)\n  no newline at the end|", terminator: "")
        let errors = "stderr of \(size)\n  no newline at the end|"
        FileHandle.standardError.write(Data(errors.utf8))
        return size
      }
    }
  }

  /// Saves what the branches of a task share, and writes a line to the logs.
  private var branched: Research {
    Research("branched") {
      Domain(Self.size <- [1, 2, 3])
      Unit("base", saving: "base", root: true) { run in try run[Self.size] }
      Unit("branch", saving: "branch") { run in
        run.logger.info("of branch \(run.branch)")
        print("size \(try run[Self.size])")
        return run.branch
      }
    }
  }

  /// Of two experiments the first fails in the second of three iterations, and the second one waits there
  /// until it can read a byte from the FIFO `TEST_GATE`.
  private var waiting: Research {
    Research("waiting", iterations: 3, workers: 1) {
      Domain(Self.size <- [1, 2])
      Unit("train", saving: "loss") { run in
        guard run.iteration == 1 else { return 0.5 }
        guard try run[Self.size] == 2 else { throw Message(description: "as asked") }
        let gate = FileHandle(forReadingAtPath: Self.environment["TEST_GATE"] ?? "")
        _ = try gate?.read(upToCount: 1)
        return 0.25
      }
    }
  }
}
