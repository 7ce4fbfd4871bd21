import FieldworkCore
import XCTest

@testable import FieldworkSearch

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
      PruningRule(.init(iterations: 3, difference: 0.5), minimizing: false),
      PruningRule(.init(values: [0: 1, 4: 2], probability: 0.1, startup: 2), minimizing: true),
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

  func testAPercentile() {
    let curves = (1...9).map { [Double($0)] }
    let low = PercentilePruner.percentile(25, startup: 1)
      .rule(for: loss, history: history(curves))
    XCTAssertEqual(low.limits.map(\.upper), [3])
    let high = PercentilePruner.percentile(25, startup: 1)
      .rule(for: .maximize("loss"), history: history(curves))
    XCTAssertEqual(high.limits.map(\.lower), [7])
    let between = PercentilePruner.percentile(50, startup: 1)
      .rule(for: loss, history: history([[1], [2], [4], [9]]))
    XCTAssertEqual(between.limits.map(\.upper), [3])
    let late = PercentilePruner.percentile(25, startup: 10)
    XCTAssertEqual(late.rule(for: loss, history: history(curves)), .none)
  }

  func testPatience() {
    let rule = PatiencePruner.patience(3, difference: 0.1).rule(for: loss, history: history([]))
    XCTAssertNil(end(rule, [5, 4, 3, 2, 1]))
    XCTAssertEqual(end(rule, [5, 4, 4, 3.95, 4.2, 3]), 4)
    XCTAssertNil(end(rule, [5, 5, 5, 4.8, 4.8, 4.8]))
    XCTAssertEqual(end(rule, [.nan, .nan, .nan, .nan]), 3)
    let upwards = PatiencePruner.patience(2)
      .rule(for: .maximize("loss"), history: history([]))
    XCTAssertEqual(end(upwards, [1, 2, 3, 3, 2]), 4)
  }

  /// The rungs are after 1, 3 and 9 iterations.
  func testSuccessiveHalving() {
    let pruner = HalvingPruner.successiveHalving(min: 1, reduction: 3)
    XCTAssertEqual(pruner.rule(for: loss, history: history([])), .none)
    let curves = (1...8).map { first in (0..<9).map { Double(first) + 0.1 * Double($0) } }
    // Of nine at a rung, three pass.
    let rule = pruner.rule(for: loss, history: history(curves))
    XCTAssertNil(end(rule, Array(repeating: 3, count: 9)))
    XCTAssertEqual(end(rule, Array(repeating: 3.01, count: 9)), 0)
    XCTAssertEqual(end(rule, [1, 9, 3.3, 9]), 2)
    XCTAssertNil(end(rule, [1, 9, 3.2, 9, 9, 9, 9, 9, 3.8]))
    XCTAssertEqual(end(rule, [1, 9, 3.2, 9, 9, 9, 9, 9, 3.9]), 8)
    // Those that were pruned later have reached a rung, too.
    let mixed = pruner.rule(
      for: loss,
      history: history([[1], [2, 2, 2]], [.pruned, .pruned])
    )
    XCTAssertEqual(end(mixed, [1.5]), 0)
    XCTAssertNil(end(mixed, [1, 9, 2]))
    XCTAssertEqual(end(mixed, [1, 9, 2.1]), 2)
  }

  func testHyperband() {
    let pruner = HyperbandPruner.hyperband(min: 1, max: 9, reduction: 3)
    XCTAssertEqual(pruner.brackets, 3)
    let brackets = (0..<600).map(pruner.bracket)
    // In proportion to 9/3, 3/2 and 1.
    for (bracket, part) in [(0, 3.0), (1, 1.5), (2, 1)] {
      let count = brackets.count { $0 == bracket }
      XCTAssertEqual(Double(count), 600 * part / 5.5, accuracy: 3)
    }
    // An experiment of the last bracket ends by itself.
    let last = brackets.firstIndex(of: 2) ?? 0
    let curves = (0..<60).map { [Double](repeating: Double($0), count: 9) }
    let all = history(curves).experiments
    XCTAssertEqual(
      pruner.rule(for: loss, history: PruningHistory(experiments: all, number: last)),
      .none
    )
    // Others are compared with those of their bracket.
    let strict = brackets.firstIndex(of: 0) ?? 0
    let rule = pruner.rule(
      for: loss,
      history: PruningHistory(experiments: all, number: strict)
    )
    let own = (0..<60).filter { brackets[$0] == 0 }
    XCTAssertEqual(rule.limits[0].upper, Double(own[(own.count + 1) / 3 - 1]))
    XCTAssertEqual(rule.limits.map(\.iteration), [0, 1, 2, 3])
  }

  /// The probabilities are those of SciPy's `wilcoxon`.
  func testSignedRanks() {
    XCTAssertEqual(SignedRanks.probability([1.5, -0.5, 2, 3, -1, 4, 0.25]), 0.078125)
    XCTAssertEqual(SignedRanks.probability([1, 2, 3, 4, 5]), 0.03125)
    XCTAssertEqual(SignedRanks.probability([0, 0]), 1)
    let many = (0..<40).map { Double(($0 * 7919) % 101 - 40) / 10 }
    XCTAssertEqual(SignedRanks.probability(many), 0.027_498_138, accuracy: 1e-6)
  }

  func testWilcoxon() {
    let best = [1.0, 5, 2, 8, 3, 4, 6, 2]
    let pruner = WilcoxonPruner.wilcoxon(probability: 0.1, startup: 3)
    XCTAssertEqual(pruner.rule(for: loss, history: history([])), .none)
    let rule = pruner.rule(for: loss, history: history([best.map { $0 + 1 }, best]))
    XCTAssertNil(end(rule, best))
    XCTAssertNil(end(rule, best.map { $0 - 0.1 }))
    // After four differences of one sign the probability is 1/16.
    XCTAssertEqual(end(rule, best.enumerated().map { $1 + 0.1 * Double($0 + 1) }), 3)
    XCTAssertNil(end(rule, best.enumerated().map { $1 + ($0 % 2 == 0 ? 0.1 : -0.1) }))
  }
}
