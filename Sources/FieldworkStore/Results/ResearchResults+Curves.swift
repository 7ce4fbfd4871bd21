package import FieldworkAnalysis
import FieldworkCore

extension ResearchResults {
  /// What the experiments of a group saved in an iteration.
  package struct CurvePoint {
    package let iteration: Int
    package let statistics: Statistics
  }

  /// The numbers that were saved under a name, iteration by iteration, for each group of experiments.
  /// - Parameters:
  ///   - groups: the group of each experiment, or nil.
  ///   - count: the number of groups.
  /// - Returns: for each group its iterations in order.
  package func curves(of name: String, groups: [Int?], count: Int) -> [[CurvePoint]] {
    guard let variable = variables.firstIndex(of: name) else { return [] }
    let saved = saved[variable]
    var numbers = [[Int: [Double]]](repeating: [:], count: count)
    for row in 0..<saved.count {
      guard let group = groups[saved.experiments[row]], let number = saved.values.number(at: row)
      else { continue }
      numbers[group][saved.iterations[row], default: []].append(number)
    }
    return numbers.map { byIteration in
      byIteration.sorted { $0.key < $1.key }.map {
        CurvePoint(iteration: $0.key, statistics: Statistics($0.value))
      }
    }
  }
}

extension ResearchResults {
  /// The positions of the experiments with each config, whatever their repetition, in the order of the plan.
  package var configGroups: [[Int]] {
    let count = (experiments.lazy.map(\.number).max() ?? -1) + 1
    var places = [Int](repeating: -1, count: count)
    var groups: [[Int]] = []
    groups.reserveCapacity(experiments.count)
    for (index, experiment) in experiments.enumerated() {
      let place = places[experiment.number]
      if place < 0 {
        places[experiment.number] = groups.count
        groups.append([index])
      } else {
        groups[place].append(index)
      }
    }
    return groups
  }

  /// Experiments that failed in the same way, but for numbers in the message, the most frequent first.
  package var failureCauses: [ResultDigest.FailureGroup] {
    let groups = digest(of: nil).failures
    return groups.enumerated()
      .sorted { (-$0.element.count, $0.offset) < (-$1.element.count, $1.offset) }.map(\.element)
  }

  /// By the position of the experiment: whether it is running now, and not what a run that was cut off has
  /// left behind.
  package var areRunning: [Bool] {
    guard (try? folder?.isHeld) ?? false, let began = RunAccount(notes)?.began else {
      return experiments.map { _ in false }
    }
    return experiments.map { $0.state == .running && $0.started ?? 0 >= began }
  }

  /// Whether a name was saved with numbers.
  package func hasNumbers(_ name: String) -> Bool {
    guard let variable = variables.firstIndex(of: name) else { return false }
    let values = saved[variable].values
    return (0..<values.count).contains { values.number(at: $0) != nil }
  }

  /// In how many different iterations a name was saved.
  package func iterationCount(of name: String) -> Int {
    variables.firstIndex(of: name).map { Set(saved[$0].iterations).count } ?? 0
  }
}
