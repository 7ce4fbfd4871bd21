import Fieldwork
import FieldworkCore
import XCTest

@testable import FieldworkSearch

final class ParetoFrontTests: XCTestCase {
  func testRanks() {
    let rows: [[Double]] = [[1, 4], [2, 2], [4, 1], [2, 5], [3, 3], [5, 5], [2, 2]]
    XCTAssertEqual(ParetoFront.ranks(rows), [0, 0, 0, 1, 1, 2, 0])
    XCTAssertEqual(ParetoFront.front(rows), [0, 1, 2, 6])
    XCTAssertEqual(ParetoFront.front([]), [])
    XCTAssertEqual(ParetoFront.ranks([[.infinity, .infinity], [0, 0]]), [1, 0])
  }

  func testRanksOfPairsAreThoseOfManyLosses() {
    var random = Philox(seed: 9)
    for count in [1, 5, 60] {
      for _ in 0..<20 {
        // Whole numbers come twice and more.
        let rows = (0..<count).map { _ in (0..<2).map { _ in (8 * random.nextUnit()).rounded() } }
        // A third loss that is the same changes nothing.
        XCTAssertEqual(ParetoFront.ranks(rows), ParetoFront.ranks(rows.map { $0 + [1] }))
        XCTAssertEqual(ParetoFront.front(rows), ParetoFront.front(rows.map { $0 + [1] }))
      }
    }
  }

  func testTheLessCrowdedRowsComeFirst() {
    let rows: [[Double]] = [[0, 10], [1, 8], [2, 7], [6, 2], [10, 0], [11, 11]]
    XCTAssertEqual(
      ParetoFront.crowding(Array(rows.prefix(5))),
      [.infinity, 0.2 + 0.3, 0.5 + 0.6, 0.8 + 0.7, .infinity]
    )
    XCTAssertEqual(ParetoFront.order(rows), [0, 4, 3, 2, 1, 5])
  }

  func testHypervolume() {
    XCTAssertEqual(ParetoFront.hypervolume([[1, 1]], reference: [3, 4]), 6)
    XCTAssertEqual(ParetoFront.hypervolume([[1, 3], [2, 2], [3, 1]], reference: [4, 4]), 6)
    XCTAssertEqual(ParetoFront.hypervolume([[1, 3], [1, 3], [5, 0]], reference: [4, 4]), 3)
    XCTAssertEqual(ParetoFront.hypervolume([[0, 0, 0], [1, 1, 1]], reference: [1, 2, 3]), 6)
    XCTAssertEqual(ParetoFront.hypervolume([], reference: [1, 1]), 0)
    XCTAssertEqual(ParetoFront.hypervolume([[2], [0.5]], reference: [3]), 2.5)
  }

  func testHypervolumeIsTheShareOfDominatedPoints() {
    var random = Philox(seed: 5)
    for size in 2...4 {
      let rows = (0..<12).map { _ in (0..<size).map { _ in random.nextUnit() } }
      let count = 40_000
      let dominated = (0..<count).count { _ in
        let point = (0..<size).map { _ in random.nextUnit() }
        return rows.contains { zip($0, point).allSatisfy { $0 <= $1 } }
      }
      XCTAssertEqual(
        ParetoFront.hypervolume(rows, reference: rows[0].map { _ in 1 }),
        Double(dominated) / Double(count),
        accuracy: 0.01
      )
    }
  }

  /// Runs a search with two objectives over a domain with a conditional parameter.
  private func losses(
    _ algorithm: some SearchAlgorithm,
    configs: Int,
    window: Int = 1,
    seed: UInt64
  ) throws -> [[Double]] {
    let space = try DomainSpace(
      Domain("x" <- .uniform(0...1), "n" <- .integers(1...20), "kind" <- ["a", "b", "c"])
        .given("kind", "b", Domain("y" <- .uniform(0...1)))
    )
    var trials: [SearchTrial] = []
    for number in 0..<configs {
      let known = max(0, number - (window - 1))
      let request = SearchRequest(
        space: space.space,
        number: number,
        trials: Array(trials.prefix(known)),
        running: trials.dropFirst(known).map(\.point),
        seed: seed,
        objectives: 2
      )
      let point = try algorithm.suggest(request)
      XCTAssertTrue(space.space.has(point), "\(algorithm.text) \(point)")
      var random = Philox(seed: 0)
      let config = try space.config(point, using: &random)
      let x = try config["x", as: Double.self]
      let n = Double(try config["n", as: Int.self]) / 20
      let y = config.contains("y") ? try config["y", as: Double.self] : 1.5
      let far = 1 + 3 * (y - 0.3) * (y - 0.3) + 3 * (n - 0.7) * (n - 0.7)
      if number % 9 == 7 {
        trials.append(SearchTrial(point, ending: .failed, losses: [.infinity, .infinity]))
      } else {
        trials.append(SearchTrial(point, losses: [x * far, (1 - x * x) * far]))
      }
    }
    return trials.map(\.losses)
  }

  func testSearchesFindAFront() throws {
    func volume(_ algorithm: some SearchAlgorithm, configs: Int) throws -> Double {
      try (0..<3).reduce(0.0) { sum, seed in
        let rows = try losses(algorithm, configs: configs, window: 3, seed: UInt64(seed))
        return sum + ParetoFront.hypervolume(rows, reference: [2, 2]) / 3
      }
    }
    for (algorithm, configs) in [
      (.gaussianProcess(), 40), (.tpe(), 100), (.nsga2(population: 10), 200),
    ] as [(any SearchAlgorithm, Int)] {
      let random = try volume(.random, configs: configs)
      let found = try volume(algorithm, configs: configs)
      XCTAssertGreaterThan(found, random + 0.05, algorithm.text)
    }
  }

  func testASearchIsRepeatable() throws {
    let first = try losses(.nsga2(population: 8), configs: 40, window: 4, seed: 3)
    XCTAssertEqual(first, try losses(.nsga2(population: 8), configs: 40, window: 4, seed: 3))
    XCTAssertNotEqual(first, try losses(.nsga2(population: 8), configs: 40, window: 4, seed: 4))
  }
}
