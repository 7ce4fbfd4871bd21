import Fieldwork
import Foundation

/// A playbook for the tests of the command line: the environment variable `TEST_PLAYBOOK` chooses the
/// research.
@main
struct TestPlaybook: Playbook {
  static let rate = Parameter<Double>("lr")
  static let size = Parameter<Int>("size")

  static var environment: [String: String] { ProcessInfo.processInfo.environment }

  var research: Research {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "throwing": throwing
    case "unnamed-error": unnamedError
    case "endless": endless
    case "empty": empty
    case "broken": broken
    case "slow": slow
    case "generator": generator
    case "directory": directory
    case "aliases": aliases
    case "seeded": seeded
    case "other-units": otherUnits
    case "profiled": profiled(.detailed)
    case "timed": profiled(.simple)
    case "unserved": Research("small") { Unit("one", saving: "one") { _ in 1 } }
    default: observed ?? execution(Self.environment["TEST_PLAYBOOK"]) ?? easilyMixedUp ?? small
    }
  }

  var domain: Domain { Domain(Self.rate <- [0.1, 0.01], Self.size <- [8, 16]) }

  /// Four experiments of two iterations.
  private var small: Research {
    Research("small", iterations: 2, objective: .minimize("loss")) {
      domain
      Unit("train", saving: "loss", loss, EC(Self.rate), EC(Self.size), E().iteration)
    }
  }

  private var otherUnits: Research {
    Research("small", iterations: 2) {
      domain
      Unit("fit", saving: "loss", loss, EC(Self.rate), EC(Self.size), E().iteration)
    }
  }

  private var seeded: Research {
    Research("small", iterations: 2, seed: 7) {
      domain
      Unit("train", saving: "loss", loss, EC(Self.rate), EC(Self.size), E().iteration)
    }
  }

  /// Two of four experiments fail in the same way.
  private var throwing: Research {
    Research("throwing") {
      domain
      Unit("train", saving: "loss") { run in
        let size = try run[Self.size]
        guard size < 16 else { throw Divergence(size: size) }
        return Double(size)
      }
    }
  }

  /// Fails with an error whose text has two lines.
  private var unnamedError: Research {
    Research("throwing") {
      Unit("train", saving: "loss") { run -> Double in
        throw Message(description: "first line\nsecond line")
      }
    }
  }

  private var endless: Research {
    Research("endless") {
      Domain(Self.rate <- .uniform(0...1))
      Unit("train", saving: "loss") { run in try run[Self.rate] }
    }
  }

  private var empty: Research {
    Research("empty") {
      Domain(Self.size <- [Int]())
      Unit("train", saving: "loss") { run in try run[Self.size] }
    }
  }

  /// Two problems at once.
  private var broken: Research {
    Research("broken") {
      domain
      Unit("train", saving: "loss", half, EC("rate"))
      Unit("test", saving: "size", half, O("traim"))
    }
  }

  /// Each experiment says that it has begun by making a file, and then waits until it can open the FIFO
  /// `TEST_GATE` for reading.
  private var slow: Research {
    Research("slow", workers: 1) {
      domain
      Unit("train", saving: "loss") { run in
        if let gate = Self.environment["TEST_GATE"], !gate.isEmpty {
          guard let handle = FileHandle(forReadingAtPath: gate) else {
            throw Message(description: "no gate at \(gate)")
          }
          // The other end writes once the test wants the experiment to go on.
          let byte = try handle.read(upToCount: 1)
          guard byte != nil else { throw Message(description: "the gate was closed") }
        }
        return Double(try run[Self.size])
      }
    }
  }

  private var generator: Research {
    Research("generator") {
      Domain(Self.size <- [2, 3])
      Generator("epoch", saving: "loss") { run in
        (0..<(try run[Self.size])).map { 1 / Double($0 + 1) }
      }
    }
  }

  private var directory: Research {
    Research("directory") {
      Domain(Self.size <- [8])
      Unit("write", saving: "written") { run in
        let path = try run.directory() + "/weights.txt"
        try "1 2 3".write(toFile: path, atomically: true, encoding: .utf8)
        return true
      }
    }
  }

  private var aliases: Research {
    Research("aliases") {
      Domain("activation" <- [Alias("relu", relu), Alias("half", half)])
        * Domain(Alias("l", "layout") <- ["f", "fa"])
      Unit("apply", saving: "y") { run in
        try run["activation", as: (@Sendable (Double) -> Double).self](-2)
      }
    }
  }
}

struct Divergence: Error, CustomStringConvertible {
  let size: Int

  var description: String { "the loss is not finite" }
}

struct Message: Error, CustomStringConvertible {
  let description: String
}

@Sendable func loss(_ rate: Double, _ size: Int, _ iteration: Int) -> Double {
  rate * Double(size) / Double(iteration + 1)
}

@Sendable func half(_ x: Double) -> Double { x / 2 }

@Sendable func relu(_ x: Double) -> Double { max(x, 0) }
