import FieldworkCore

extension SearchRequest {
  /// Returns the point that an algorithm suggests, or one that is allowed in its place.
  /// - Returns: nil if no point is left.
  func point(
    of algorithm: any SearchAlgorithm,
    _ domain: DomainSpace
  ) throws -> SearchPoint? {
    let point = try algorithm.suggest(self)
    guard space.has(point) else {
      throw FieldworkError(
        .invalidDefinition,
        "the algorithm \(algorithm.text) has suggested a point that the space does not have: \(point)"
      )
    }
    // A condition that fails names its place.
    _ = try domain.allows(point)
    if allows(point) { return point }
    var random = random.split("allowed")
    if let near = near(point, using: &random) { return near }
    for _ in 0..<Self.attempts {
      let drawn = space.draw(using: &random)
      if allows(drawn) { return drawn }
    }
    if let count = domain.count, count <= Self.enumerationLimit {
      return space.firstPoint(where: allows)
    }
    throw FieldworkError(
      .nothingPasses,
      "none of \(Self.attempts) points is allowed by the conditions of the domain, or has not come up; widen the domain, or put the condition on a smaller part of it"
    )
  }

  /// The number of points that are drawn in search of one that is allowed.
  private static let attempts = 10_000

  /// The number of points up to which all are tried.
  private static let enumerationLimit = 1_000_000

  /// Returns a point that differs in one or two dimensions from one that is not allowed.
  private func near(_ point: SearchPoint, using random: inout Philox) -> SearchPoint? {
    let dimensions = space.terms[point.term].dimensions
    guard !dimensions.isEmpty else { return nil }
    for attempt in 0..<200 {
      var moved = point
      for _ in 0...(attempt / 100) {
        let index = Int(random.nextUnit() * Double(dimensions.count))
        let dimension = dimensions[index]
        switch space.dimensions[dimension].kind {
        case .categorical:
          moved.positions[index] = space.drawPosition(of: dimension, using: &random)
        case .continuous, .ordered:
          let width = 0.02 * Double(1 + attempt % 100)
          let unit = space.unit(of: dimension, at: point.positions[index])
          moved.positions[index] = space.position(
            of: dimension,
            at: unit + width * (random.nextUnit() - 0.5)
          )
        }
      }
      if allows(moved) { return moved }
    }
    return nil
  }
}

extension SearchSpace {
  /// Returns true if a point has a term of the space, and a position in each of its dimensions.
  func has(_ point: SearchPoint) -> Bool {
    guard terms.indices.contains(point.term),
      point.positions.count == terms[point.term].dimensions.count
    else { return false }
    return zip(terms[point.term].dimensions, point.positions).allSatisfy { dimension, position in
      guard position.isFinite, position >= 0 else { return false }
      return dimensions[dimension].kind.count.map { position <= Double($0 - 1) } ?? (position <= 1)
    }
  }

  /// Returns the first point that satisfies a condition, all of whose dimensions are counted.
  func firstPoint(where condition: (SearchPoint) -> Bool) -> SearchPoint? {
    for (index, term) in terms.enumerated() {
      let counts = term.dimensions.map { dimensions[$0].kind.count ?? 1 }
      var point = SearchPoint(term: index, positions: counts.map { _ in 0 })
      while true {
        if condition(point) { return point }
        var position = counts.count - 1
        while position >= 0, Int(point.positions[position]) == counts[position] - 1 {
          point.positions[position] = 0
          position -= 1
        }
        guard position >= 0 else { break }
        point.positions[position] += 1
      }
    }
    return nil
  }
}

extension [SearchTrial] {
  /// The indices by increasing loss. Those of equal losses keep their order.
  var indicesByLoss: [Int] {
    indices.sorted { self[$0].loss != self[$1].loss ? self[$0].loss < self[$1].loss : $0 < $1 }
  }
}
