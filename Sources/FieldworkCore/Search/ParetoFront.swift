/// The order of rows of losses by dominance. A row dominates another one if none of its losses is greater, and one is
/// smaller.
///
/// Sources: K. Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", 2002, for ranks and crowding;
/// L. While et al., "A fast way of calculating exact hypervolumes", 2012, for the volume.
package enum ParetoFront {
  package static func dominates(_ row: [Double], _ other: [Double]) -> Bool {
    var isSmaller = false
    for (a, b) in zip(row, other) {
      if a > b { return false }
      if a < b { isSmaller = true }
    }
    return isSmaller
  }

  /// Returns the indices of the rows that no other one dominates.
  package static func front(_ rows: [[Double]]) -> [Int] {
    if rows.first?.count == 2 {
      let ranks = ranks(rows)
      return rows.indices.filter { ranks[$0] == 0 }
    }
    return rows.indices.filter { index in !rows.contains { dominates($0, rows[index]) } }
  }

  /// Returns the rank of each row: 0 for those that no other one dominates, 1 for those that only rows of rank 0 dominate,
  /// and so on.
  package static func ranks(_ rows: [[Double]]) -> [Int] {
    if rows.first?.count == 2 { return ranksOfPairs(rows) }
    var ranks = [Int](repeating: 0, count: rows.count)
    var left = Array(rows.indices)
    var rank = 0
    while !left.isEmpty {
      let front = left.filter { index in !left.contains { dominates(rows[$0], rows[index]) } }
      for index in front { ranks[index] = rank }
      let taken = Set(front)
      left.removeAll { taken.contains($0) }
      rank += 1
    }
    return ranks
  }

  /// Returns the ranks of rows of two losses, in n log n.
  private static func ranksOfPairs(_ rows: [[Double]]) -> [Int] {
    var ranks = [Int](repeating: 0, count: rows.count)
    // By front: the row that came last, which has the least second loss. It rises from front to front.
    var last: [[Double]] = []
    let order = rows.indices.sorted {
      rows[$0] != rows[$1] ? rows[$0].lexicographicallyPrecedes(rows[$1]) : $0 < $1
    }
    for index in order {
      let row = rows[index]
      var (low, high) = (0, last.count)
      while low < high {
        let middle = (low + high) / 2
        if last[middle][1] <= row[1], last[middle] != row {
          low = middle + 1
        } else {
          high = middle
        }
      }
      ranks[index] = low
      if low == last.count { last.append(row) } else { last[low] = row }
    }
    return ranks
  }

  /// Returns the distance of each row of a front from its neighbours, relative to the extent of the front: infinity for
  /// the ends.
  package static func crowding(_ rows: [[Double]]) -> [Double] {
    var distances = [Double](repeating: 0, count: rows.count)
    for objective in 0..<(rows.first?.count ?? 0) {
      let order = rows.indices.sorted {
        rows[$0][objective] != rows[$1][objective]
          ? rows[$0][objective] < rows[$1][objective] : $0 < $1
      }
      guard let first = order.first, let last = order.last else { continue }
      let extent = rows[last][objective] - rows[first][objective]
      distances[first] = .infinity
      distances[last] = .infinity
      guard extent > 0, extent.isFinite, order.count > 2 else { continue }
      for place in 1..<(order.count - 1) {
        let gap = rows[order[place + 1]][objective] - rows[order[place - 1]][objective]
        distances[order[place]] += gap / extent
      }
    }
    return distances
  }

  /// Returns the indices of all rows, the best ones first: by rank, and within a rank the less crowded ones first.
  package static func order(_ rows: [[Double]]) -> [Int] {
    let ranks = ranks(rows)
    var crowding = [Double](repeating: 0, count: rows.count)
    for group in Dictionary(grouping: rows.indices, by: { ranks[$0] }).values {
      for (index, distance) in zip(group, Self.crowding(group.map { rows[$0] })) {
        crowding[index] = distance
      }
    }
    return rows.indices.sorted { first, second in
      if ranks[first] != ranks[second] { return ranks[first] < ranks[second] }
      if crowding[first] != crowding[second] { return crowding[first] > crowding[second] }
      return first < second
    }
  }

  /// Returns the volume of the losses that some row dominates, up to a reference that is worse than all that counts.
  package static func hypervolume(_ rows: [[Double]], reference: [Double]) -> Double {
    let inside = rows.filter { row in zip(row, reference).allSatisfy { $0 < $1 } }
    let front = front(inside).map { inside[$0] }
    return volume(unique(front).sorted { $0.lexicographicallyPrecedes($1) }, reference)
  }

  private static func unique(_ rows: [[Double]]) -> [[Double]] {
    var seen: Set<[Double]> = []
    return rows.filter { seen.insert($0).inserted }
  }

  /// - Parameter rows: no row dominates another one; by rising first loss.
  private static func volume(_ rows: [[Double]], _ reference: [Double]) -> Double {
    guard let first = rows.first else { return 0 }
    if reference.count == 1 { return reference[0] - first[0] }
    if reference.count == 2 {
      var (sum, height) = (0.0, reference[1])
      for row in rows where row[1] < height {
        sum += (reference[0] - row[0]) * (height - row[1])
        height = row[1]
      }
      return sum
    }
    // The part of each row that no later one dominates.
    var sum = 0.0
    for (index, row) in rows.enumerated() {
      let whole = zip(row, reference).reduce(1.0) { $0 * ($1.1 - $1.0) }
      let limited = rows[(index + 1)...].map { other in zip(other, row).map { max($0, $1) } }
      sum += whole - hypervolume(limited, reference: reference)
    }
    return sum
  }
}
