import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class BestTests: ResultsTestCase {
  /// An experiment for each list of saved losses, by iteration, with `x` as its only parameter.
  private func records(
    _ experiments: [(x: Int, repetition: Int, losses: [Value], ending: Ending?)]
  ) -> [RunRecord] {
    experiments.enumerated().flatMap { ordinal, item -> [RunRecord] in
      let experiment = planned(
        ordinal,
        "e\(ordinal)",
        ["x": AnyAlias(item.x)],
        repetition: item.repetition
      )
      let values = item.losses.enumerated().map { ($0.offset, "loss", $0.element) }
      let all = self.records(
        experiment,
        values,
        ending: item.ending ?? .complete,
        iterations: item.losses.count
      )
      // Without an ending it runs.
      return item.ending == nil ? Array(all.dropLast()) : all
    }
  }

  private func best(
    _ results: ResearchResults,
    _ objective: Objective = .minimize("loss"),
    count: Int
  ) -> [[Double]] {
    results.best(by: objective, count: count).map {
      [Double($0.config[alias: "x"]?.name ?? "") ?? -1, $0.mean, Double($0.count)]
    }
  }

  func testTheBestComeFirstByTheMeanOfLastValues() throws {
    let all = records([
      (1, 0, [9, 3], .complete), (2, 0, [0, 1], .complete), (3, 0, [2], .stopped),
      (1, 1, [1], .complete), (2, 1, [4, 2.5], .complete), (4, 0, [1.75], .complete),
    ])
    for (name, store) in try stores(all) {
      let results = try store.contents()
      let ranking = [[2, 1.75, 2], [4, 1.75, 1], [1, 2, 2], [3, 2, 1]]
      for count in 0...6 {
        XCTAssertEqual(best(results, count: count), Array(ranking.prefix(count)), name)
        XCTAssertEqual(
          best(results, .maximize("loss"), count: count),
          Array((ranking[2...] + ranking[..<2]).prefix(count)),
          "\(name): of equal ones the first"
        )
      }
      XCTAssertEqual(results.best(by: .minimize("loss")).count, 1)
      XCTAssertEqual(results.best(by: .minimize("loss"), count: -1).count, 0)
    }
  }

  func testWhatIsNotDoneAndWhatIsNoNumberIsLeftOut() throws {
    let all = records([
      (1, 0, [5], .complete), (2, 0, [1], .failed), (3, 0, [1], .interrupted), (4, 0, [1], nil),
      (5, 0, [], .complete), (6, 0, [1, .double(.nan)], .complete), (7, 0, ["1"], .complete),
      (8, 0, [.null], .complete), (9, 0, [true], .complete), (1, 1, [0], .failed),
      (10, 0, [.double(.infinity)], .complete), (11, 0, [.double(-.infinity)], .complete),
      (12, 0, [.double(-.infinity)], .complete), (12, 1, [.double(.infinity)], .complete),
    ])
    for (name, store) in try stores(all) {
      let results = try store.contents()
      XCTAssertEqual(
        best(results, count: 9),
        [[11, -.infinity, 1], [1, 5, 1], [10, .infinity, 1]],
        name
      )
      XCTAssertEqual(results.best(by: .minimize("none"), count: 9).count, 0)
      for objective in [Objective.minimize("loss"), .maximize("loss")] {
        let computed = try store.digest(of: objective).best
        XCTAssertEqual(computed?.config, results.digest(of: objective).best?.config, name)
        XCTAssertEqual(computed?.mean, results.best(by: objective).first?.mean, name)
      }
    }
  }

  func testTheParetoFront() throws {
    let rows: [(Int, Int, Double?, Double, Ending)] = [
      (1, 0, 1, 4, .complete), (2, 0, 5, 1, .complete), (3, 0, 0, 0, .stopped),
      (4, 0, 2, 9, .failed), (5, 0, nil, 9, .complete), (6, 0, 3, 2, .complete),
      (1, 1, 3, 6, .complete),
    ]
    let all = rows.enumerated().flatMap { ordinal, row -> [RunRecord] in
      let experiment = planned(ordinal, "e\(ordinal)", ["x": AnyAlias(row.0)], repetition: row.1)
      let values: [(Int, String, Value)] = [(0, "gain", .double(row.3))]
      let loss = row.2.map { [(0, "loss", Value.double($0))] } ?? []
      return records(experiment, values + loss, ending: row.4, iterations: 1)
    }
    let objectives: [Objective] = [.minimize("loss"), .maximize("gain")]
    for (name, store) in try stores(all) {
      let results = try store.contents()
      let front = results.paretoFront(by: objectives)
      XCTAssertEqual(front.map { $0.config[alias: "x"]?.name }, ["3", "1"], name)
      XCTAssertEqual(front.map(\.means), [[0, 0], [2, 5]], name)
      XCTAssertEqual(front.map(\.count), [1, 2], name)
      XCTAssertEqual(
        results.paretoFront(by: [.maximize("loss"), .maximize("gain")]).map(\.means),
        [[5, 1], [3, 2], [2, 5]],
        name
      )
      let compared = results.compared(by: objectives)
      XCTAssertEqual(compared.map(\.means), [[2, 5], [5, 1], [0, 0], [3, 2]], name)
      let (volume, reference) = ResearchResults.hypervolume(compared, objectives)
      XCTAssertEqual(reference, [5, 0], name)
      XCTAssertEqual(volume, 15, name)
      XCTAssertEqual(
        ResearchResults.hypervolume(compared, objectives, reference: [6, -1]).volume,
        6 + 4 * 5,
        name
      )
    }
  }
}
