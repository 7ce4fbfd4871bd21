/// One parameter with the values to try: what `"lr" <- [0.1, 0.01]` makes.
public struct ParameterOption: Sendable, Equatable {
  public let name: ParameterName
  package let values: ParameterValues
  /// The type that a ``Parameter`` declares for the values; nil if the option was made by a name alone.
  package let declaredType: (any Sendable.Type)?
  package private(set) var place: SourceLocation?

  package init(
    _ name: ParameterName,
    _ values: ParameterValues,
    declaredType: (any Sendable.Type)? = nil,
    place: SourceLocation? = nil
  ) {
    self.name = name
    self.values = values
    self.declaredType = declaredType
    self.place = place
  }

  /// Makes an option of a list of values of any types.
  public init(
    _ name: ParameterName,
    _ values: [AnyAlias]
  ) {
    self.init(name, .list(values), place: nil)
  }

  /// Makes an option of a sampler.
  public init(
    _ name: ParameterName,
    _ sampler: AnySampler
  ) {
    self.init(name, .sampler(sampler), place: nil)
  }

  /// The option with the place at which its domain was written.
  func placed(at place: SourceLocation) -> ParameterOption {
    var option = self
    option.place = self.place ?? place
    return option
  }

  public static func == (left: ParameterOption, right: ParameterOption) -> Bool {
    left.name == right.name && left.values == right.values
  }

  /// The option's configs of one parameter each.
  /// - Throws: ``FieldworkError`` if the option has a sampler, whose values have no end.
  public func items() throws -> [Config] {
    guard let count = values.count else {
      throw FieldworkError(
        .wrongType,
        "parameter '\(name.key)' has a sampler, whose values have no end: use sample(_:)",
        place: place
      )
    }
    return (0..<count).map { Config([Config.Entry(name, values.value(at: $0))]) }
  }

  /// So many configs of one parameter each, with values drawn from the option's sampler.
  /// - Throws: ``FieldworkError`` if the option has a list, or the sampler cannot draw.
  public func sample(_ count: Int = 1, seed: UInt64 = 0) throws -> [Config] {
    guard case .sampler(let sampler) = values else {
      throw FieldworkError(
        .wrongType,
        "parameter '\(name.key)' has a list of values and no sampler: use items()",
        place: place
      )
    }
    var generator = Philox(seed: seed)
    return try (0..<count).map { _ in
      Config([Config.Entry(name, try sampler.draw(&generator))])
    }
  }

  package var problems: [Problem] {
    switch values {
    case .sampler(let sampler): return sampler.problem.map { [$0] } ?? []
    case .integers: return []
    case .list(let list):
      let nameless = list.filter { !$0.isNamed && $0.plain == nil && $0.name.contains("Function") }
      guard nameless.isEmpty else {
        return [
          Problem(
            "a value of '\(name.key)' is a function without a name",
            remedy: "write Alias(\"name\", function)",
            place: place
          )
        ]
      }
      let groups = Dictionary(grouping: list, by: \.identity)
      return groups.values.compactMap { group in
        // Values that are not plain cannot be compared, but who lists one twice?
        guard let first = group.first, group.count > 1,
          first.plain == nil || group.contains(where: { $0 != first })
        else { return nil }
        return Problem(
          "two different values of '\(name.key)' are both named '\(first.name)'",
          remedy: "give each its own Alias, or results cannot tell them apart",
          place: place,
          severity: .warning
        )
      }
    }
  }

  package var literalText: String { "\(name.literalText) <- \(values.literalText)" }
}

/// The values of one parameter: listed, or drawn.
package enum ParameterValues: Sendable {
  case list([AnyAlias])
  /// A range, which is never written out.
  case integers(ClosedRange<Int>)
  case sampler(AnySampler)

  /// The number of values; nil for a sampler.
  package var count: Int? {
    switch self {
    case .list(let list): list.count
    case .integers(let range):
      // The widest ranges have more than an integer counts.
      saturatingSum(
        Int(clamping: UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))),
        1
      )
    case .sampler: nil
    }
  }

  /// The listed value at an index; only for lists and ranges.
  package func value(at index: Int) -> AnyAlias {
    switch self {
    case .list(let list): list[index]
    case .integers(let range): AnyAlias(Value.int(range.lowerBound + index))
    case .sampler: preconditionFailure("a sampler has no values at an index")
    }
  }

  /// The values that are written out: those of a list, and those that a sampler chooses among.
  var listed: [AnyAlias] {
    switch self {
    case .list(let list): list
    case .integers: []
    case .sampler(let sampler): sampler.listed
    }
  }

  func contains(_ value: AnyAlias) -> Bool {
    switch self {
    case .list(let list): return list.contains { $0.sameValue(as: value) }
    case .integers: return !(indices(of: value) ?? []).isEmpty
    case .sampler(let sampler): return sampler.contains(value)
    }
  }

  /// Returns true if a value is in the list, or has the type of the range or sampler.
  func knows(_ value: AnyAlias) -> Bool {
    switch self {
    case .list: contains(value)
    case .integers: value.plain?.number != nil
    case .sampler(let sampler): sampler.isOfType(value)
    }
  }

  /// The indices of the listed values that are the one meant, rising; nil for a sampler.
  func indices(of value: AnyAlias) -> [Int]? {
    switch self {
    case .list(let list): return list.indices.filter { list[$0].sameValue(as: value) }
    case .integers(let range):
      // A value may be found by its size, and by its name.
      let found = [value.plain?.whole, value.isNamed ? Int(value.name) : nil].compactMap(\.self)
      return Set(found)
        .filter { range.contains($0) && AnyAlias(Value.int($0)).sameValue(as: value) }
        .map { $0 - range.lowerBound }.sorted()
    case .sampler: return nil
    }
  }

  /// The listed values in runs that are, or are not, the one meant; nil for a sampler.
  func runs(of value: AnyAlias) -> [(range: Range<Int>, matches: Bool)]? {
    guard let count, let indices = indices(of: value) else { return nil }
    var runs: [(range: Range<Int>, matches: Bool)] = []
    var start = 0
    for index in indices {
      if index > start { runs.append((start..<index, false)) }
      if index == start, let last = runs.popLast() {
        runs.append((last.range.lowerBound..<index + 1, true))
      } else {
        runs.append((index..<index + 1, true))
      }
      start = index + 1
    }
    if start < count { runs.append((start..<count, false)) }
    return runs
  }

  /// The values from `range` of a list; only for lists and ranges.
  func slice(_ range: Range<Int>) -> ParameterValues {
    guard case .integers(let all) = self, !range.isEmpty else {
      return .list(range.map { value(at: $0) })
    }
    return .integers(all.lowerBound + range.lowerBound...all.lowerBound + range.upperBound - 1)
  }

  var literalText: String {
    switch self {
    case .list(let list):
      let values = list.map(\.literalText).joined(separator: ", ")
      return "[\(values)]"
    case .integers(let range): return "\(range.lowerBound)...\(range.upperBound)"
    case .sampler(let sampler): return sampler.description
    }
  }
}

extension Value {
  /// The value as an integer; nil if it is none.
  fileprivate var whole: Int? {
    switch self {
    case .int(let number): number
    case .double(let number): Int(exactly: number)
    default: nil
    }
  }
}

extension ParameterValues: Equatable {
  package static func == (left: ParameterValues, right: ParameterValues) -> Bool {
    switch (left, right) {
    case (.integers(let a), .integers(let b)): return a == b
    case (.sampler(let a), .sampler(let b)): return a == b
    case (.sampler, _), (_, .sampler): return false
    default:
      guard let count = left.count, count == right.count else { return false }
      return (0..<count).allSatisfy { left.value(at: $0) == right.value(at: $0) }
    }
  }
}
