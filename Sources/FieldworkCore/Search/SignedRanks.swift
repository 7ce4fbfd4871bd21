import RealModule

/// The signed-rank test of paired differences.
///
/// Source: F. Wilcoxon, "Individual comparisons by ranking methods", 1945. Differences of 0 are left out.
package enum SignedRanks {
  /// The number of differences up to which the probability is exact.
  private static let exactLimit = 25

  /// Returns the probability of positive ranks as large as these if the differences were symmetric around 0.
  package static func probability(_ differences: [Double]) -> Double {
    let differences = differences.filter { $0 != 0 && !$0.isNaN }
    guard !differences.isEmpty else { return 1 }
    let order = differences.indices.sorted { differences[$0].magnitude < differences[$1].magnitude }
    // Twice the ranks, so that the mean rank of equal differences is whole.
    var ranks = [Int](repeating: 0, count: differences.count)
    var (start, ties) = (0, 0.0)
    while start < order.count {
      var end = start
      while end < order.count,
        differences[order[end]].magnitude == differences[order[start]].magnitude
      {
        end += 1
      }
      for position in start..<end { ranks[order[position]] = start + end + 1 }
      let size = Double(end - start)
      ties += size * size * size - size
      start = end
    }
    let positive = differences.indices.reduce(0) { $0 + (differences[$1] > 0 ? ranks[$1] : 0) }
    if differences.count <= exactLimit { return exact(ranks, atLeast: positive) }
    let count = Double(differences.count)
    let mean = count * (count + 1) / 4
    let variance = count * (count + 1) * (2 * count + 1) / 24 - ties / 48
    let z = (Double(positive) / 2 - mean - 0.5) / variance.squareRoot()
    return 0.5 * Double.erfc(z / 2.0.squareRoot())
  }

  /// Returns the part of all choices of signs in which the positive ranks have at least a sum.
  private static func exact(_ ranks: [Int], atLeast least: Int) -> Double {
    var parts = [Double](repeating: 0, count: ranks.reduce(0, +) + 1)
    parts[0] = 1
    var total = 0
    for rank in ranks {
      total += rank
      for sum in stride(from: total, through: 0, by: -1) {
        parts[sum] = (parts[sum] + (sum >= rank ? parts[sum - rank] : 0)) / 2
      }
    }
    return parts[least...].reduce(0, +)
  }
}
