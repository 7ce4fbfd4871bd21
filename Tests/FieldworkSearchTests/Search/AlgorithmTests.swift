import Fieldwork
import FieldworkCore
import XCTest

@testable import FieldworkSearch

final class AlgorithmTests: XCTestCase {
  private let algorithms: [(name: String, algorithm: any SearchAlgorithm)] = [
    ("random", .random), ("quasiRandom", .quasiRandom), ("tpe", .tpe()), ("cmaEs", .cmaEs()),
    ("gp", .gaussianProcess()), ("auto", .auto),
  ]

  /// Runs a search, as far behind as a window of experiments lets it be.
  private func search(
    _ algorithm: some SearchAlgorithm,
    _ domain: Domain,
    configs: Int,
    window: Int = 1,
    seed: UInt64 = 1,
    _ loss: (Config) throws -> Double
  ) throws -> [(config: Config, loss: Double)] {
    let space = try DomainSpace(domain)
    var all: [(trial: SearchTrial, config: Config, loss: Double)] = []
    for number in 0..<configs {
      let known = max(0, number - (window - 1))
      let request = SearchRequest(
        space: space.space,
        number: number,
        trials: all.prefix(known).map(\.trial),
        running: all.dropFirst(known).map(\.trial.point),
        seed: seed
      ) { (try? space.allows($0)) == true }
      var random = Philox(seed: 0)
      let config = try space.config(try algorithm.suggest(request), using: &random)
      let point = try XCTUnwrap(try space.point(config), "\(algorithm.text) \(number) \(config)")
      let loss = try loss(config)
      let ending: SearchTrial.Ending = loss.isFinite ? .complete : .failed
      all.append((SearchTrial(point, ending: ending, losses: [loss]), config, loss))
    }
    return all.map { ($0.config, $0.loss) }
  }

  private let mixed = Domain(
    "x" <- .uniform(-5...5),
    "rate" <- .logUniform(1e-4...1),
    "n" <- .integers(1...20),
    "kind" <- ["a", "b", "c"],
    "free" <- .normal(mean: 3, deviation: 2)
  )
  .given("kind", "b", Domain("size" <- [8, 16, 32, 64]))

  private func loss(_ config: Config) throws -> Double {
    let x = try config["x", as: Double.self]
    let rate = log10(try config["rate", as: Double.self]) + 2
    let n = Double(try config["n", as: Int.self] - 13) / 5
    let free = try config["free", as: Double.self] - 4
    let kind = try config["kind", as: String.self] == "b" ? 0.0 : 1
    let size = config.contains("size") ? log2(Double(try config["size", as: Int.self])) - 5 : 1
    if x < -4.5 { return .infinity }
    return (x - 1) * (x - 1) + rate * rate + n * n + free * free / 4 + kind + size * size / 4
  }

  func testAllParametersAreSearched() throws {
    for (name, algorithm) in algorithms {
      let isSlow = ["gp", "auto"].contains(name)
      for window in isSlow ? [4] : [1, 8] {
        let found = try search(algorithm, mixed, configs: isSlow ? 30 : 80, window: window, loss)
        let best = try XCTUnwrap(found.map(\.loss).min())
        let limit = ["random", "quasiRandom"].contains(name) ? 6.0 : name == "cmaEs" ? 3 : 1.2
        XCTAssertLessThan(best, limit, "\(name), window \(window)")
      }
    }
  }

  func testASearchIsRepeated() throws {
    for (name, algorithm) in algorithms {
      let runs = try (0..<2).map { _ in
        try search(algorithm, mixed, configs: 20, window: 3, loss).map(\.config.description)
      }
      XCTAssertEqual(runs[0], runs[1], name)
      let other = try search(algorithm, mixed, configs: 20, window: 3, seed: 2, loss)
      XCTAssertNotEqual(runs[0], other.map(\.config.description), name)
    }
  }

  func testForbiddenPointsAreNotSuggested() throws {
    let domain = Domain("x" <- .uniform(0...1), "y" <- .uniform(0...1)).where { config in
      try config["x", as: Double.self] + config["y", as: Double.self] < 0.8
    }
    for (name, algorithm) in algorithms {
      let found = try search(algorithm, domain, configs: 25) { config in
        let (x, y) = (try config["x", as: Double.self], try config["y", as: Double.self])
        return (x - 1) * (x - 1) + (y - 1) * (y - 1)
      }
      for (config, _) in found {
        let sum = try config["x", as: Double.self] + config["y", as: Double.self]
        XCTAssertLessThan(sum, 0.8, name)
      }
    }
  }

  func testEqualLossesAndDuplicatesAreNoProblem() throws {
    for (name, algorithm) in algorithms {
      let flat = try search(algorithm, mixed, configs: 25) { _ in 1 }
      XCTAssertEqual(flat.count, 25, name)
      let failing = try search(algorithm, mixed, configs: 20) { _ in .infinity }
      XCTAssertEqual(failing.count, 20, name)
      let coarse = try search(algorithm, Domain("a" <- [1, 2, 3]), configs: 30) { config in
        Double(try config["a", as: Int.self])
      }
      XCTAssertEqual(coarse.count, 30, name)
      let huge = try search(algorithm, mixed, configs: 20) { try 1e200 * self.loss($0) }
      XCTAssertEqual(huge.count, 20, name)
    }
  }

  func testAGaussianProcessNeedsFewConfigs() throws {
    let domain = Domain("x" <- .uniform(-5...5), "y" <- .uniform(-5...5), "z" <- .uniform(-5...5))
    let found = try search(.gaussianProcess(), domain, configs: 25) { config in
      try ["x", "y", "z"].enumerated().reduce(0) { sum, entry in
        let number = try config[entry.element, as: Double.self] - Double(entry.offset)
        return sum + number * number
      }
    }
    XCTAssertLessThan(try XCTUnwrap(found.map(\.loss).min()), 1e-3)
  }

  /// Of a playbook's own algorithm nothing but the protocol is known.
  func testAnAlgorithmOfOnesOwn() throws {
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
    let found = try search(NearBest(width: 0.2), Domain("x" <- .uniform(0...1)), configs: 60) {
      abs(try $0["x", as: Double.self] - 0.7)
    }
    XCTAssertLessThan(try XCTUnwrap(found.map(\.loss).min()), 0.01)
    XCTAssertEqual(NearBest(width: 0.2).text, "NearBest(width: 0.2)")
  }
}
