import Fieldwork
import Foundation

@Sendable private func square(_ x: Double) -> Double { x * x }

extension TestPlaybook {
  /// The tests of messages are not about how it was built.
  @MainActor
  static func main() async { await main(isOptimized: environment["TEST_UNOPTIMIZED"] == nil) }
}

/// Values that are easily mixed up where they are compared with what somebody has typed.
extension TestPlaybook {
  var easilyMixedUp: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "conditions": conditions
    case "versions": versions
    default: attacking ?? noteworthy
    }
  }

  /// What experiments are made by, as environment variables say: the value of a name, versions, and the domain.
  private var versions: Research {
    let environment = Self.environment
    let small = environment["TEST_SMALL"].flatMap { Int($0) } ?? 16
    let name = environment["TEST_PARAMETER"] ?? "n"
    return Research("versions", seed: 1, objective: .minimize("y"), workers: 1) {
      Domain(ParameterName(name) <- [AnyAlias("small", small), AnyAlias("large", 64)])
        * Domain("f" <- [Alias("relu", version: environment["TEST_ALIAS"], relu)])
      Unit("f", saving: "y", version: environment["TEST_UNIT"]) { run in
        let size = try run[name, as: Int.self]
        if environment["TEST_FAIL"] == name { throw Message(description: "bad \(name)") }
        return size
      }
    }
  }

  private var conditions: Research {
    Research("conditions", seed: 1, workers: 1) {
      Domain(Alias("v", "version") <- ["1.1", "1.10", "007", "7"])
        .* Domain("t" <- [0.1 + 0.2, 0.5, 1.0 / 3, 1])
        .* Domain("m" <- ["abel", nil, "null", "zen"])
        .* Domain("flag" <- [true, false, true, false])
        .* Domain(
          Alias("a", "activation") <- [
            AnyAlias("relu", relu), AnyAlias("square", square), AnyAlias("none", 0),
            AnyAlias("four", 4),
          ]
        )
      Unit("f", saving: "y") { run in try run["t", as: Double.self] * 2 }
    }
  }
}

/// Units with something to say beside their results.
extension TestPlaybook {
  var noteworthy: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "functions": functions
    case "programs": programs
    case "misread": misread
    case "misdumped": misdumped
    default: nil
    }
  }

  /// Functions that a sampler draws.
  private var functions: Research {
    Research("functions", configs: 4, seed: 1, workers: 2) {
      Domain("f" <- .choice([Alias("square", square), Alias("relu", relu)])) * Domain("x" <- [3.0])
      Unit("apply", saving: "y") { run in
        try run["f", as: ((Double) -> Double).self](run["x", as: Double.self])
      }
    }
  }

  /// Each experiment fails with a message that holds its config, after a program has said why.
  private var programs: Research {
    Research("programs", seed: 1, workers: 2) {
      Domain("kernel" <- ["rbf", "linear", "poly"])
        * Domain("size" <- ["small", "medium", "large"])
      Unit("solve", saving: "y") { run -> Int in
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/bin/sh")
        program.arguments = ["-c", "echo \"solver: $0\" >&2", "\(run.config)"]
        try program.run()
        program.waitUntilExit()
        if run.config.name(of: "size") == "medium" { return 1 }
        throw Message(description: "cannot solve \(run.config)")
      }
    }
  }

  /// A name that nothing has, and one that nobody saves.
  private var misread: Research {
    Research("misread", seed: 1, workers: 1) {
      Domain("rate" <- [0.1, 0.2])
      Unit("read") { run in _ = try run["rat", as: Double?.self] }
      Dump("z")
    }
  }

  private var misdumped: Research {
    Research("misdumped", seed: 1, workers: 1) {
      Domain("x" <- [0.1, 0.2])
      Unit("f", saving: "y", square, EC("x"))
      Dump("z")
    }
  }
}
