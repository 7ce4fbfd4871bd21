import Fieldwork

/// At which temperature does a magnet lose its order?
///
/// The Binder cumulant of the two-dimensional Ising model is near 2/3 in order and near 0 in disorder.
/// Its curves for two lattice sizes cross near the critical temperature, 2 / ln(1 + √2) = 2.269185
/// (L. Onsager, 1944).
@main
struct Ising: Playbook {
  static let size = Parameter<Int>("size")
  static let temperature = Parameter<Double>("temperature")

  var research: Research {
    Research("ising", repetitions: 4, iterations: 6000, checkpoint: .every(2000)) {
      Domain(Self.size <- [8, 16]) * Domain(Self.temperature <- [2.1, 2.2, 2.25, 2.3, 2.35, 2.45])

      let lattice = Instance("lattice") { run in
        Lattice(
          size: try run[Self.size],
          temperature: try run[Self.temperature],
          random: run.random
        )
      }
      lattice
      Unit("turn", on: lattice, Lattice.turnCluster)
      Unit("measure", on: lattice, Lattice.measure)
      Unit("magnetisation", when: .every(600), saving: "m", on: lattice) { lattice, _ in
        lattice.meanMagnetisation
      }
      Unit("binder", when: .every(2000) | .last, saving: "binder", binderCumulant, lattice.moments)
    }
  }
}

/// How far a magnetisation is from being normally distributed: 1 - ⟨m⁴⟩ / 3⟨m²⟩².
@Sendable func binderCumulant(_ moments: Moments) -> Double {
  1 - moments.fourth / (3 * moments.second * moments.second)
}
