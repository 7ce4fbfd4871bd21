import Fieldwork
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Researches of short experiments, some of which end their process or are pruned.
extension TestPlaybook {
  var brief: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "brief": shortLived
    case "siblings": siblings
    case "pruned": pruned
    case "trade": trade
    default: nil
    }
  }

  /// Every tenth experiment kills its process as soon as it begins; each says in a file that it begins.
  private var shortLived: Research {
    Research("brief") {
      Domain("n" <- 0..<40)
      Unit("run", saving: "twice") { run in
        let n = try run["n", as: Int.self]
        try Self.note("\(n)")
        if n % 10 == 5 { kill(getpid(), SIGKILL) }
        usleep(500)
        return 2 * n
      }
    }
  }

  /// Two experiments of one task: the first fails in its first attempt, the second then kills the process.
  private var siblings: Research {
    Research("siblings", iterations: 3, branches: .count(2)) {
      Domain("n" <- [0, 1])
      Unit("run", saving: "x") { run in
        let n = try run["n", as: Int.self]
        let path = try run.directory() + "/../../tried \(n)"
        if n == 0, run.iteration == 0, !FileManager.default.fileExists(atPath: path) {
          _ = FileManager.default.createFile(atPath: path, contents: nil)
          throw Message(description: "the first attempt")
        }
        if n == 1, run.iteration == 1 { kill(getpid(), SIGKILL) }
        return run.iteration
      }
    }
  }

  /// Losses that fall at different rates, and are pruned by their median.
  private var pruned: Research {
    Research("pruned", iterations: 12, seed: 4, objective: .minimize("loss"), window: 4) {
      Domain("k" <- 0..<24) * Domain("rate" <- .uniform(0...1))
      Unit("train", saving: "loss") { run in
        let rate = try run["rate", as: Double.self]
        try Self.note("\(try run["k", as: Int.self]) \(run.iteration)")
        usleep(1000)
        return exp(-rate * Double(run.iteration))
      }
      Prune(.median(startup: 2, warmup: 1), by: "loss")
    }
  }

  /// A search with two objectives.
  private var trade: Research {
    Research("trade", seed: 1, objective: [.minimize("loss"), .maximize("gain")], window: 1) {
      Domain("x" <- .uniform(0...1))
      Search(.nsga2(population: 4), configs: 12)
      Unit("f", saving: ["loss", "gain"]) { run in
        let x = try run["x", as: Double.self]
        return (x * x, 1 - (x - 1) * (x - 1))
      }
    }
  }
}
