import Fieldwork
import Foundation

extension TestPlaybook {
  /// A domain with equal configs in it, whose experiments take a while if a variable says so.
  var doubles: Research {
    let pause = Self.environment["DOUBLES_PAUSE"].flatMap(Double.init) ?? 0
    let policy: DuplicatePolicy = Self.environment["DOUBLES_SKIP"] == nil ? .run : .skip
    return Research("doubles", duplicates: policy, seed: 1) {
      Domain("rate" <- [0.1, 0.2]) * Domain("width" <- [1, 2])
        + Domain("rate" <- [0.2]) * Domain("width" <- [2, 3])
      Unit("product", saving: "y") { run -> Double in
        try await Task.sleep(for: .seconds(pause))
        return try run["rate", as: Double.self] * run["width", as: Double.self]
      }
    }
  }
}

extension TestPlaybook {
  /// Experiments with random numbers, and with an object among the values.
  var random: Research {
    let shift = Self.environment["RANDOM_SHIFT"].flatMap(Double.init) ?? 0
    let scale: @Sendable (Double) -> Double = { $0 * 10 }
    return Research("random", iterations: 2, seed: 5) {
      Domain("scale" <- [Alias("ten", scale)]) * Domain("x" <- [1, 2])
      Unit("draw", saving: "y") { run -> Double in
        let scale = try run["scale", as: (@Sendable (Double) -> Double).self]
        return scale(run.random.uniform()) + run.repetitionRandom.uniform() + shift
      }
    }
  }
}
