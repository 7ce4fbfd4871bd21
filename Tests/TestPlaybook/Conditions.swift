import Fieldwork

@Sendable private func square(_ x: Double) -> Double { x * x }

extension TestPlaybook {
  /// The tests of messages are not about how it was built.
  static func main() async { await main(isOptimized: environment["TEST_UNOPTIMIZED"] == nil) }
}

/// Values that are easily mixed up where they are compared with what somebody has typed.
extension TestPlaybook {
  var easilyMixedUp: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "conditions": conditions
    case "versions": versions
    default: nil
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
