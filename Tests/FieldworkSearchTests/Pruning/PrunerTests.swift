import FieldworkCore
import FieldworkSearch
import XCTest

final class PrunerTests: XCTestCase {
  private let loss = Objective.minimize("loss")

  private func history(_ curves: [[Double]], _ endings: [Ending] = []) -> PruningHistory {
    PruningHistory(
      experiments: curves.enumerated().map { index, values in
        EndedExperiment(
          config: ["x": AnyAlias(index)],
          ending: index < endings.count ? endings[index] : .complete,
          name: "loss",
          values: values
        )
      }
    )
  }

  /// The iteration after which a curve is pruned; nil if it is not.
  private func end(_ rule: PruningRule, _ curve: [Double]) -> Int? {
    var progress = PruningProgress(TaskPruning(name: "loss", rule: rule))
    return curve.enumerated().first { progress.take($1, at: $0) }?.offset
  }

  func testThresholds() {
    let rule = ThresholdPruner.threshold(lower: 0, upper: 2).rule(for: loss, history: history([]))
    XCTAssertNil(end(rule, [0, 1, 2]))
    XCTAssertEqual(end(rule, [1, 2.1, 1]), 1)
    XCTAssertEqual(end(rule, [-0.1]), 0)
    XCTAssertEqual(end(rule, [1, .nan]), 1)
    XCTAssertEqual(end(rule, [.infinity]), 0)
    let late = ThresholdPruner.threshold(upper: 2, warmup: 2, interval: 3)
      .rule(for: loss, history: history([]))
    XCTAssertNil(end(late, [9, 9, 1, 9, 9]))
    XCTAssertEqual(end(late, [9, 9, 1, 9, 9, 9, 9, 9]), 5)
    let open = ThresholdPruner.threshold().rule(for: loss, history: history([]))
    XCTAssertNil(end(open, [.nan, 1e300]))
  }

  func testTheMedianOfAnOddAndAnEvenNumber() {
    let pruner = MedianPruner.median(startup: 1)
    let odd = pruner.rule(for: loss, history: history([[1, 4], [2, 5], [9, 6]]))
    XCTAssertEqual(odd.limits.map(\.upper), [2, 5])
    let even = pruner.rule(for: loss, history: history([[1], [2], [3], [10]]))
    XCTAssertEqual(even.limits.map(\.upper), [2.5])
    XCTAssertNil(end(odd, [2, 5]))
    XCTAssertEqual(end(odd, [2.5]), 0)
    // The best value so far counts, not the last one.
    XCTAssertNil(end(odd, [1, 100]))
  }

  func testTheMedianOfWhatIsMaximized() {
    let rule = MedianPruner.median(startup: 1)
      .rule(for: .maximize("loss"), history: history([[1, 4], [2, 5], [9, 6]]))
    XCTAssertEqual(rule.limits.map(\.lower), [2, 5])
    XCTAssertEqual(end(rule, [1.5]), 0)
    XCTAssertNil(end(rule, [5.5, 0]))
  }

  func testStartupAndWarmup() {
    let pruner = MedianPruner.median(startup: 3, warmup: 2)
    XCTAssertEqual(pruner.rule(for: loss, history: history([[1], [2]])), .none)
    let rule = pruner.rule(for: loss, history: history([[1, 1, 1], [2, 2, 2], [3, 3, 3]]))
    XCTAssertEqual(rule.limits.map(\.iteration), [2])
    XCTAssertEqual(end(rule, [9, 9, 9]), 2)
  }

  /// Experiments that failed or were pruned set no limits.
  func testOnlyCompleteExperimentsCount() {
    let curves = [[1.0], [100], [100], [2]]
    let rule = MedianPruner.median(startup: 1)
      .rule(for: loss, history: history(curves, [.complete, .failed, .pruned, .stopped]))
    XCTAssertEqual(rule.limits.map(\.upper), [1.5])
  }

  func testARuleIsPlainData() throws {
    for rule in [
      PruningRule.none, PruningRule([.init(from: 3, lower: -1), .init(from: 0, upper: 2)]),
      PruningRule([.init(from: 1, lower: 0, upper: 1)], comparing: .maximum, interval: 4),
    ] {
      let data = try JSONEncoder().encode(rule)
      XCTAssertEqual(try JSONDecoder().decode(PruningRule.self, from: data), rule)
    }
  }

  /// A limit holds from its iteration until the next one begins.
  func testLimitsByIteration() {
    let rule = PruningRule([.init(from: 4, upper: 1), .init(from: 1, upper: 10)])
    for (iteration, isPruned) in [(0, false), (1, false), (3, false), (4, true), (9, true)] {
      XCTAssertEqual(rule.prunes(5, after: iteration), isPruned, "\(iteration)")
    }
  }
}
