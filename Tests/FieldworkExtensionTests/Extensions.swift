import Fieldwork
import Foundation

// The examples of docs/extending.md; `ExtendingDocumentTests` compares them with the document.

/// Numbers whose density rises to a peak and falls after it.
struct Triangular: Distribution {
  static let name = "triangular"

  let low: Double
  let peak: Double
  let high: Double

  var support: Support<Double> { Support(lower: low, upper: high) }

  var problem: String? {
    low <= peak && peak <= high && low < high ? nil : "the peak must lie between the ends"
  }

  func draw(using generator: inout Philox) -> Double {
    let unit = generator.nextUnit()
    let (left, right, width) = (peak - low, high - peak, high - low)
    return unit * width < left
      ? low + (unit * width * left).squareRoot()
      : high - ((1 - unit) * width * right).squareRoot()
  }
}

extension Sampler where Output == Double {
  static func triangular(_ low: Double, _ peak: Double, _ high: Double) -> Sampler {
    Sampler(Triangular(low: low, peak: peak, high: high))
  }
}

/// Ends an experiment whose value exceeds the best one at the same iteration by a factor.
struct FarFromBest: Pruner {
  let factor: Double

  func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    let values = history.curves(objective.name).values
    return PruningRule(
      values.compactMap { iteration, sorted in
        sorted.first.map { PruningRule.Limit(from: iteration, upper: factor * $0) }
      }
    )
  }
}

/// Moves the best config a little.
struct NearBest: SearchAlgorithm {
  let width: Double

  func suggest(_ request: SearchRequest) -> SearchPoint {
    var random = request.random
    guard var point = request.best?.point else { return request.space.draw(using: &random) }
    for (index, dimension) in request.space.terms[point.term].dimensions.enumerated() {
      let unit = request.space.unit(of: dimension, at: point.positions[index])
      let moved = unit + width * (random.nextUnit() - 0.5)
      point.positions[index] = request.space.position(of: dimension, at: moved)
    }
    return point
  }
}

/// Appends a line to a file when a run ends.
struct EndNote: RunObserver {
  let path: String

  func observe(_ record: RunRecord) {
    guard case .runEnded(let summary) = record else { return }
    let line = "\(summary.done) done, \(summary.pruned) pruned, \(summary.failed) failed\n"
    let before = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    try? (before + line).write(toFile: path, atomically: true, encoding: .utf8)
  }
}

struct Tuning: Playbook {
  static let notes = NSTemporaryDirectory() + "tuning-\(getpid()).txt"

  var observers: [any RunObserver] { [EndNote(path: Self.notes)] }

  var research: Research {
    Research(
      "tuning",
      configs: 20,
      iterations: 10,
      seed: 1,
      objective: .minimize("loss"),
      window: 4
    ) {
      Domain("rate" <- .triangular(0, 0.2, 1))
      Unit("train", saving: "loss") { run in
        let rate = try run["rate", as: Double.self]
        return pow(1 - 0.5 * rate, Double(run.iteration))
      }
      Prune(FarFromBest(factor: 1.5), by: "loss")
    }
  }
}

extension Table {
  /// Returns the table with a column of the logarithms of another one.
  func withLogarithm(of name: String) throws -> Table {
    let cells = try column(name).numbers.map { $0.map { Value.double(log10($0)) } }
    return Table(columns: columns + [Column(name: "log_\(name)", cells: cells)])
  }
}
