import Fieldwork

/// Where is the lowest point of a landscape?
///
/// Fifty points of a square are measured, then fifty of a smaller rectangle around the best eight, and
/// so on, until these lie within a thousandth of each other.
@main
struct Zoom: Playbook {
  static let x = Parameter<Double>("x")
  static let y = Parameter<Double>("y")
  static let height = Objective.minimize("height")

  var research: Research {
    Research("zoom", configs: 50, objective: [Self.height]) {
      Domain(Self.x <- .uniform(-2...2)) * Domain(Self.y <- .uniform(-2...2))
      Unit("measure", saving: "height", goldsteinPrice, EC(Self.x), EC(Self.y))

      UpdateDomain(when: .last, configs: 50) { update in
        let best = try update.results.best(by: Self.height, count: 8).map(\.config)
        let x = try range(of: Self.x, in: best)
        let y = try range(of: Self.y, in: best)
        // Without another domain the research ends.
        guard x.width > 0.001 || y.width > 0.001 else { return nil }
        return Domain(Self.x <- .uniform(x.widened)) * Domain(Self.y <- .uniform(y.widened))
      }
    }
  }
}

/// A landscape with four valleys; its lowest point is at (0, -1), where it is 3 high.
///
/// Source: A. A. Goldstein, J. F. Price, "On descent from local minima", Mathematics of Computation 25,
/// 1971.
@Sendable func goldsteinPrice(_ x: Double, _ y: Double) -> Double {
  let (sum, difference) = (x + y + 1, 2 * x - 3 * y)
  let first = 19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y
  let second = 18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y
  return (1 + sum * sum * first) * (30 + difference * difference * second)
}
