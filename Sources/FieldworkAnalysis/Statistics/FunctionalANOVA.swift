public import FieldworkCore

/// How much of the variance of a result each parameter explains by itself.
///
/// Where the points are a whole grid, all combinations of values once, the variances of the means over all other
/// parameters are computed as they are (R. A. Fisher's analysis of variance). Elsewhere a random forest
/// learns the result from the parameters; each tree is constant on boxes of the domain, so its variance over
/// the whole domain, and that of its mean over all parameters but one, are sums over boxes. Source: F. Hutter, H. Hoos and K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter
/// Importance", ICML 2014; the forest is that of L. Breiman, "Random Forests", Machine Learning 45, 2001, with all
/// parameters tried at each split.
///
/// Each different value of a parameter has the same weight. The forest is the same for the same points.
public struct FunctionalANOVA: Sendable {
  /// The share of the variance that a parameter explains.
  public struct Share: Sendable, Hashable {
    public let parameter: String
    /// From 0 to 1, the mean over the trees.
    public let share: Double
    /// The standard deviation over the trees.
    public let deviation: Double
  }

  /// A parameter's value at each point. A value that is missing is one value more.
  public struct Parameter: Sendable {
    public let name: String
    public let values: [Value?]

    public init(name: String, values: [Value?]) {
      self.name = name
      self.values = values
    }
  }

  private static let trees = 64
  /// The number of different values of a parameter: a box is a set of bits. Of numbers that have more,
  /// neighbours count as one.
  private static let mostLevels = 64
  /// Of more points, some are chosen by chance.
  private static let mostPoints = 1000

  /// By parameter, the largest share first.
  public let shares: [Share]
  /// The share that several parameters explain only together.
  public let interactions: Double
  /// The number of points.
  public let count: Int
  /// Whether the points are a whole grid, so that the shares are exact.
  public let isExact: Bool

  /// - Parameters:
  ///   - parameters: their values at each point. Those that have one value only are left out.
  ///   - results: the result at each point, a finite number.
  /// - Returns: nil if there are no parameters that vary, fewer than two points, or no variance.
  public init?(_ parameters: [Parameter], _ results: [Double]) {
    // In units of the largest, so that squares neither overflow nor vanish.
    let mean = Statistics(results.map { $0 / 2 }).mean
    let largest = results.map { abs($0 / 2 - mean) }.max() ?? 0
    guard largest > 0, largest.isFinite else { return nil }
    let scaled = results.map { ($0 / 2 - mean) / largest }
    var points = Array(results.indices)
    count = points.count
    var random = Philox(seed: 0)
    let whole = Self.wholeGrid(parameters, scaled)
    isExact = whole != nil
    if let whole {
      (shares, interactions) = Self.ordered(whole.map { ($0.name, [$0.share]) })
      return
    }
    if points.count > Self.mostPoints {
      for index in 0..<Self.mostPoints {
        let other = index + Int(random.nextInteger(below: UInt64(points.count - index)))
        points.swapAt(index, other)
      }
      points.removeLast(points.count - Self.mostPoints)
    }
    let levels = parameters.map { parameter in
      (parameter.name, Levels(points.map { parameter.values[$0] }))
    }.filter { $0.1.count > 1 }
    let results = points.map { scaled[$0] }
    guard !levels.isEmpty, let first = results.first, results.contains(where: { $0 != first })
    else {
      return nil
    }
    let forest = (0..<Self.trees).compactMap { _ -> [Double]? in
      let sample = results.indices.map { _ in
        Int(random.nextInteger(below: UInt64(results.count)))
      }
      return Tree(levels.map(\.1), results, sample).shares
    }
    guard !forest.isEmpty else { return nil }
    (shares, interactions) = Self.ordered(
      levels.indices.map { index in (levels[index].0, forest.map { $0[index] }) }
    )
  }

  /// The shares in order, and what they leave.
  private static func ordered(
    _ parameters: [(name: String, shares: [Double])]
  ) -> (shares: [Share], rest: Double) {
    let shares = parameters.map { parameter in
      let statistics = Statistics(parameter.shares)
      return Share(
        parameter: parameter.name,
        share: statistics.mean,
        deviation: statistics.standardDeviation ?? 0
      )
    }.enumerated().sorted { left, right in
      (-left.element.share, left.offset) < (-right.element.share, right.offset)
    }.map(\.element)
    return (shares, max(0, 1 - shares.reduce(0) { $0 + $1.share }))
  }

  /// The share of each parameter, if each combination of their values comes once; else nil.
  private static func wholeGrid(
    _ parameters: [Parameter],
    _ results: [Double]
  ) -> [(name: String, share: Double)]? {
    let codes = parameters.map { parameter in
      var known: [Value?: Int] = [:]
      let codes = parameter.values.map { value -> Int in
        let code = known[value] ?? known.count
        known[value] = code
        return code
      }
      return (name: parameter.name, codes: codes, count: known.count)
    }.filter { $0.count > 1 }
    var size = 1
    for parameter in codes where size <= results.count { size *= parameter.count }
    guard !codes.isEmpty, size == results.count else { return nil }
    let places = Set(
      results.indices.map { index in codes.reduce(0) { $0 * $1.count + $1.codes[index] } }
    )
    guard places.count == size else { return nil }
    let mean = Statistics(results).mean
    let variance = results.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
    guard variance > 0 else { return nil }
    return codes.map { parameter in
      var sums = [Double](repeating: 0, count: parameter.count)
      for (index, code) in parameter.codes.enumerated() { sums[code] += results[index] - mean }
      let each = Double(size / parameter.count)
      let own = sums.reduce(0) { $0 + ($1 / each) * ($1 / each) } / Double(parameter.count)
      // Less is rounding.
      return (parameter.name, own / variance < 1e-12 ? 0 : own / variance)
    }
  }

  /// The different values of a parameter, as numbers from 0.
  private struct Levels {
    /// For each point.
    let levels: [Int]
    let count: Int
    /// Whether the levels are in the order of the values, as numbers are.
    let isOrdered: Bool

    init(_ values: [Value?]) {
      let numbers = values.map { $0?.number }
      isOrdered = zip(values, numbers).allSatisfy { value, number in
        value == nil || value == .null || number.map { !$0.isNaN } ?? false
      }
      var known: [String: Int] = [:]
      if isOrdered {
        let different = Set(numbers.compactMap(\.self)).sorted()
        let hasMissing = numbers.contains { $0 == nil }
        let most = mostLevels - (hasMissing ? 1 : 0)
        var byNumber: [Double: Int] = [:]
        for (index, number) in different.enumerated() {
          byNumber[number] =
            (hasMissing ? 1 : 0)
            + (different.count <= most ? index : index * most / different.count)
        }
        levels = numbers.map { $0.flatMap { byNumber[$0] } ?? 0 }
      } else {
        levels = values.map { value in
          let text = value?.canonicalText ?? ""
          let level = min(known[text] ?? known.count, mostLevels - 1)
          known[text] = level
          return level
        }
      }
      count = (levels.max() ?? 0) + 1
    }
  }

  /// A regression tree, as the boxes on which it is constant.
  private struct Tree {
    private struct Box {
      /// For each parameter, the set of levels.
      var levels: [UInt64]
      var value: Double
    }

    private let parameters: [Levels]
    private let results: [Double]
    private var boxes: [Box] = []
    /// What a split has to gain at least; less is rounding.
    private let least: Double

    init(_ parameters: [Levels], _ results: [Double], _ sample: [Int]) {
      self.parameters = parameters
      // About their mean, so that squares keep their digits.
      let mean = Statistics(sample.map { results[$0] }).mean
      self.results = results.map { $0 - mean }
      least = sample.reduce(0) { $0 + (results[$1] - mean) * (results[$1] - mean) } * 1e-12
      let all = parameters.map { $0.count == 64 ? UInt64.max : (1 << UInt64($0.count)) - 1 }
      var open: [(points: [Int], levels: [UInt64])] = [(sample, all)]
      while let (points, levels) = open.popLast() {
        guard let split = split(points, levels) else {
          let sum = points.reduce(0) { $0 + self.results[$1] }
          boxes.append(Box(levels: levels, value: sum / Double(points.count)))
          continue
        }
        let isLeft = { (point: Int) in
          split.left & 1 << UInt64(parameters[split.parameter].levels[point]) != 0
        }
        for (side, set) in [(true, split.left), (false, ~split.left)] {
          var part = levels
          part[split.parameter] &= set
          open.append((points.filter { isLeft($0) == side }, part))
        }
      }
    }

    /// The split after which the results differ least from the means of their sides; nil if none makes
    /// them differ less.
    private func split(
      _ points: [Int],
      _ levels: [UInt64]
    ) -> (parameter: Int, left: UInt64)? {
      let total = points.reduce(0) { $0 + results[$1] }
      let base = total * total / Double(points.count)
      var best: (gain: Double, parameter: Int, left: UInt64)?
      for (index, parameter) in parameters.enumerated() {
        var sums = [Double](repeating: 0, count: parameter.count)
        var counts = [Double](repeating: 0, count: parameter.count)
        for point in points {
          sums[parameter.levels[point]] += results[point]
          counts[parameter.levels[point]] += 1
        }
        var present = (0..<parameter.count).filter { counts[$0] > 0 }
        guard present.count > 1 else { continue }
        if !parameter.isOrdered {
          // In the order of their means, one of the splits is the best of all (W. Fisher, 1958).
          present.sort { (sums[$0] / counts[$0], $0) < (sums[$1] / counts[$1], $1) }
        }
        var (sum, count) = (0.0, 0.0)
        for (place, level) in present.dropLast().enumerated() {
          sum += sums[level]
          count += counts[level]
          let rest = total - sum
          let gain = sum * sum / count + rest * rest / (Double(points.count) - count) - base
          guard gain > best?.gain ?? least else { continue }
          best = (gain, index, left(of: place, present, parameter, levels[index]))
        }
      }
      return best.map { ($0.parameter, $0.left) }
    }

    /// The levels to the left of a split. Those without points go with their neighbours: of ordered levels
    /// a split lies in the middle of the gap, others go to the left.
    private func left(
      of place: Int,
      _ present: [Int],
      _ parameter: Levels,
      _ levels: UInt64
    ) -> UInt64 {
      if parameter.isOrdered {
        let middle = (present[place] + present[place + 1]) / 2
        return middle >= 63 ? .max : (1 << UInt64(middle + 1)) - 1
      }
      let right = present[(place + 1)...].reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
      return levels & ~right
    }

    /// For each parameter, its share of the variance; nil if there is none.
    var shares: [Double]? {
      func size(_ box: Box, _ parameter: Int) -> Double {
        Double(box.levels[parameter].nonzeroBitCount) / Double(parameters[parameter].count)
      }
      let volumes = boxes.map { box in
        parameters.indices.reduce(1.0) { $0 * size(box, $1) }
      }
      let mean = zip(boxes, volumes).reduce(0) { $0 + $1.0.value * $1.1 }
      let variance = zip(boxes, volumes).reduce(0) { sum, part in
        sum + (part.0.value - mean) * (part.0.value - mean) * part.1
      }
      guard variance > 0 else { return nil }
      return parameters.enumerated().map { index, parameter in
        var means = [Double](repeating: 0, count: parameter.count)
        for (box, volume) in zip(boxes, volumes) {
          let rest = volume / size(box, index)
          var levels = box.levels[index]
          while levels != 0 {
            means[levels.trailingZeroBitCount] += (box.value - mean) * rest
            levels &= levels - 1
          }
        }
        let own = means.reduce(0) { $0 + $1 * $1 } / Double(parameter.count)
        return own / variance
      }
    }
  }
}
