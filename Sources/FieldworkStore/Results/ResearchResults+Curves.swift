package import FieldworkCore

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
