import RealModule

/// The values of a parameter as positions of a search dimension, and back.
enum SearchCodec: Sendable {
  /// Numbers that are uniform between two bounds, or whose logarithms are.
  case range(lower: Double, upper: Double, isLogarithmic: Bool)
  /// Consecutive integers.
  case integers(ClosedRange<Int>)
  /// Numbers whose quantiles are known by samples, which rise.
  case quantiles([Double], isInteger: Bool)
  /// Listed values in the order of the positions.
  case list([AnyAlias], isOrdered: Bool)

  /// The number of integers from which on they are drawn and not searched.
  private static let countLimit = 1 << 53

  /// The number of samples of a distribution.
  private static let sampleCount = 4096

  /// - Returns: nil if the values are drawn by a function and have no order.
  /// - Throws: the error of a sampler that cannot draw.
  init?(_ values: ParameterValues) throws {
    switch values {
    case .integers(let range):
      guard Self.count(range) < Self.countLimit else { return nil }
      self = .integers(range)
    case .list(let list): self = Self.listed(list)
    case .sampler(let sampler):
      if !sampler.listed.isEmpty {
        self = Self.listed(sampler.listed)
      } else if let range = sampler.evenRange {
        if case .integers(let range) = range, Self.count(range) >= Self.countLimit { return nil }
        self = range
      } else {
        guard sampler.outputType == Double.self || sampler.outputType == Int.self else {
          return nil
        }
        var generator = Philox(text: "quantiles")
        let samples = try (0..<Self.sampleCount).map { _ in
          try sampler.draw(&generator).plain?.number ?? .nan
        }
        let isInteger = sampler.outputType == Int.self
        // Larger integers are not told apart as positions.
        guard !isInteger || samples.allSatisfy({ $0.magnitude < Double(Self.countLimit) }) else {
          return nil
        }
        let finite = samples.filter(\.isFinite).sorted()
        guard !finite.isEmpty else { return nil }
        self = .quantiles(finite, isInteger: isInteger)
      }
    }
  }

  /// Numbers are ordered by size if there are more than two; each value counts once.
  private static func listed(_ list: [AnyAlias]) -> SearchCodec {
    var unique: [AnyAlias] = []
    if list.count <= 64 {
      for value in list where !unique.contains(where: { $0.sameValue(as: value) }) {
        unique.append(value)
      }
    } else {
      var seen: Set<String> = []
      unique = list.filter { seen.insert($0.identity).inserted }
    }
    let numbers = unique.compactMap { $0.plain?.number }
    guard numbers.count == unique.count, numbers.count > 2, numbers.allSatisfy({ !$0.isNaN }) else {
      return .list(unique, isOrdered: false)
    }
    let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
    return .list(order.map { unique[$0] }, isOrdered: true)
  }

  var kind: SearchSpace.Kind {
    switch self {
    case .range, .quantiles: .continuous
    case .integers(let range): .ordered(count: Self.count(range))
    case .list(let list, let isOrdered):
      isOrdered ? .ordered(count: list.count) : .categorical(count: list.count)
    }
  }

  private static func count(_ range: ClosedRange<Int>) -> Int {
    ParameterValues.integers(range).count ?? .max
  }

  func value(at position: Double) -> AnyAlias {
    switch self {
    case .range(let lower, let upper, let isLogarithmic):
      guard isLogarithmic else {
        return AnyAlias(min(max(lower + (upper - lower) * position, lower), upper))
      }
      let (first, last) = (Double.log(lower), Double.log(upper))
      return AnyAlias(min(max(Double.exp(first + (last - first) * position), lower), upper))
    case .integers(let range):
      let offset = Int(min(max(position, 0), Double(Self.count(range) - 1)))
      return AnyAlias(min(range.lowerBound + offset, range.upperBound))
    case .quantiles(let samples, let isInteger):
      if isInteger {
        // Only integers that the sampler has drawn.
        let index = Int(min(max(position, 0), 1) * Double(samples.count))
        return AnyAlias(Int(samples[min(index, samples.count - 1)]))
      }
      guard samples.count > 1 else { return AnyAlias(samples.first ?? 0) }
      let place = min(max(position, 0), 1) * Double(samples.count - 1)
      let index = min(Int(place), samples.count - 2)
      let part = place - Double(index)
      return AnyAlias(samples[index] + (samples[index + 1] - samples[index]) * part)
    case .list(let list, _): return list[min(max(Int(position), 0), list.count - 1)]
    }
  }

  /// Returns the position of a value; nil if the values do not have it.
  func position(of value: AnyAlias) -> Double? {
    switch self {
    case .range(let lower, let upper, let isLogarithmic):
      guard let number = value.plain?.number, number >= lower, number <= upper else { return nil }
      guard upper > lower else { return 0.5 }
      guard isLogarithmic else { return (number - lower) / (upper - lower) }
      let (first, last) = (Double.log(lower), Double.log(upper))
      return min(max((Double.log(number) - first) / (last - first), 0), 1)
    case .integers(let range):
      guard let number = value.plain?.number, let whole = Int(exactly: number),
        range.contains(whole)
      else { return nil }
      return Double(whole) - Double(range.lowerBound)
    case .quantiles(let samples, let isInteger):
      guard let number = value.plain?.number, let first = samples.first, let last = samples.last
      else { return nil }
      if isInteger {
        // The middle of the positions that have the integer.
        let below = samples.firstIndex { $0 >= number } ?? samples.count
        let above = samples.firstIndex { $0 > number } ?? samples.count
        return Double(below + above) / 2 / Double(samples.count)
      }
      guard number > first else { return 0 }
      guard number < last else { return 1 }
      var (low, high) = (0, samples.count - 1)
      while high - low > 1 {
        let middle = (low + high) / 2
        if samples[middle] <= number { low = middle } else { high = middle }
      }
      let width = samples[high] - samples[low]
      let part = width > 0 ? (number - samples[low]) / width : 0
      return (Double(low) + part) / Double(samples.count - 1)
    case .list(let list, _):
      return list.firstIndex { $0.sameValue(as: value) }.map(Double.init)
    }
  }
}

extension SearchCodec: Equatable {
  static func == (left: SearchCodec, right: SearchCodec) -> Bool {
    switch (left, right) {
    case (.range(let a, let b, let c), .range(let d, let e, let f)): (a, b, c) == (d, e, f)
    case (.integers(let a), .integers(let b)): a == b
    case (.quantiles(let a, let b), .quantiles(let c, let d)): a == c && b == d
    case (.list(let a, let b), .list(let c, let d)): b == d && a == c
    default: false
    }
  }
}
