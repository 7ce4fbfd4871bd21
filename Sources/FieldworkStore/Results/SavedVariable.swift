import FieldworkAnalysis
import FieldworkCore

/// What experiments saved under one name, in order of the experiments, then of the iterations.
struct SavedVariable: Sendable {
  /// The position of the experiment, for each value.
  private(set) var experiments: [Int]
  private(set) var iterations: [Int]
  private(set) var values: ColumnContent

  /// - Parameters: equally long; the iterations of one experiment are in order.
  init(experiments: [Int], iterations: [Int], values: ColumnContent) {
    (self.experiments, self.iterations, self.values) = (experiments, iterations, values)
    let isSorted = zip(experiments, experiments.dropFirst()).allSatisfy { $0 <= $1 }
    guard !isSorted else { return }
    // The order of the plan is not that in which experiments began.
    let order = experiments.indices.sorted { (experiments[$0], $0) < (experiments[$1], $1) }
    self = rows(order)
  }

  private init(sorted experiments: [Int], _ iterations: [Int], _ values: ColumnContent) {
    (self.experiments, self.iterations, self.values) = (experiments, iterations, values)
  }

  var count: Int { experiments.count }

  private func rows(_ rows: [Int]) -> SavedVariable {
    SavedVariable(
      sorted: rows.map { experiments[$0] },
      rows.map { iterations[$0] },
      values.gathered(rows)
    )
  }

  /// What some experiments saved in some iterations.
  /// - Parameter places: by the position of an experiment, its position among those wanted; nil for one
  ///   that is not.
  func selecting(_ places: [Int?], iterations wanted: Set<Int>?) -> SavedVariable {
    let kept = (0..<count).filter { row in
      places[experiments[row]] != nil && wanted?.contains(iterations[row]) ?? true
    }
    let chosen = rows(kept)
    return SavedVariable(
      experiments: chosen.experiments.map { places[$0] ?? 0 },
      iterations: chosen.iterations,
      values: chosen.values
    )
  }

  /// The rows of an experiment.
  func rows(of experiment: Int) -> Range<Int> {
    func first(from wanted: Int) -> Int {
      var (low, high) = (0, count)
      while low < high {
        let middle = (low + high) / 2
        if experiments[middle] < wanted { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return first(from: experiment)..<first(from: experiment + 1)
  }

  /// The last row of each of so many experiments; nil for one that saved nothing.
  func lastRows(_ count: Int) -> [Int?] {
    var rows = [Int?](repeating: nil, count: count)
    for (row, experiment) in experiments.enumerated() { rows[experiment] = row }
    return rows
  }
}

/// The iterations of experiments in which something was saved, in order, and where it stands.
struct SavedRows {
  private(set) var experiments: [Int] = []
  private(set) var iterations: [Int] = []
  /// For each variable: the row of its value, or -1; nil if its rows are these.
  private(set) var places: [[Int]?] = []

  init(_ variables: [SavedVariable]) {
    guard let first = variables.first else { return }
    let areAlike = variables.dropFirst().allSatisfy {
      $0.experiments == first.experiments && $0.iterations == first.iterations
    }
    if areAlike {
      (experiments, iterations) = (first.experiments, first.iterations)
      places = variables.map { _ in nil }
      return
    }
    // All variables' rows, merged.
    var next = variables.map { _ in 0 }
    var merged = variables.map { _ in [Int]() }
    while true {
      var least: (experiment: Int, iteration: Int)?
      for (index, variable) in variables.enumerated() where next[index] < variable.count {
        let row = (variable.experiments[next[index]], variable.iterations[next[index]])
        if least.map({ row < $0 }) ?? true { least = row }
      }
      guard let least else { break }
      experiments.append(least.experiment)
      iterations.append(least.iteration)
      for (index, variable) in variables.enumerated() {
        let row = next[index]
        if row < variable.count, variable.experiments[row] == least.experiment,
          variable.iterations[row] == least.iteration
        {
          merged[index].append(row)
          next[index] += 1
        } else {
          merged[index].append(-1)
        }
      }
    }
    places = merged
  }

  var count: Int { experiments.count }

  /// The rows with the given numbers.
  mutating func keep(_ rows: [Int]) {
    let all = places.map { $0 ?? Array(0..<count) }
    places = all.map { places in rows.map { places[$0] } }
    experiments = rows.map { experiments[$0] }
    iterations = rows.map { iterations[$0] }
  }
}
