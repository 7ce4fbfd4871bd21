/// Options of different parameters without dictionaries: no value of a config replaces another one, or a part of it.
final class FlatOptions: Sendable {
  private enum Values: Sendable {
    case list([AnyAlias])
    case integers(from: Int)
    case sampler(@Sendable (inout Philox) throws -> AnyAlias)
  }

  private let options: [ParameterOption]
  private let names: [ParameterName]
  private let values: [Values]
  private let counts: [Int]
  /// The positions of the parameters in each config, if there are many.
  private let lookup: Config.Lookup?

  /// - Returns: nil if two options have a parameter in common, or one has, or may have, a dictionary or a part of one.
  init?(_ options: [ParameterOption]) {
    guard options.allSatisfy(\.isFlat), Set(options.map(\.name.key)).count == options.count else {
      return nil
    }
    self.options = options
    names = options.map(\.name)
    counts = options.map { $0.values.count ?? 1 }
    values = options.map { option in
      switch option.values {
      case .list(let list): .list(list)
      case .integers(let range): .integers(from: range.lowerBound)
      case .sampler(let sampler): .sampler(sampler.draw)
      }
    }
    lookup = Config.Lookup(names)
  }

  /// Returns the options of both; nil if they cannot be in one.
  static func joining(_ left: FlatOptions?, _ right: FlatOptions?) -> FlatOptions? {
    guard let left, let right else { return nil }
    return FlatOptions(left.options + right.options)
  }

  /// Returns the config at an index.
  /// - Throws: ``FieldworkError`` if a sampler cannot draw.
  func config(at index: Int, draw: DrawPlace) throws -> Config {
    let entries = try [Config.Entry](unsafeUninitializedCapacity: names.count) { entries, count in
      // From the right, since the number of all combinations may be more than an integer holds.
      try withUnsafeTemporaryAllocation(of: Int.self, capacity: names.count) { positions in
        var rest = index
        for place in counts.indices.reversed() {
          (rest, positions[place]) = rest.quotientAndRemainder(dividingBy: counts[place])
        }
        for place in names.indices {
          let value: AnyAlias
          switch values[place] {
          case .list(let list): value = list[positions[place]]
          case .integers(let first): value = AnyAlias(Value.int(first + positions[place]))
          case .sampler(let sample):
            var generator = draw.generator(for: names[place])
            value = try sample(&generator)
          }
          entries.initializeElement(at: place, to: Config.Entry(names[place], value))
          count += 1
        }
      }
    }
    return Config(entries, lookup)
  }
}

extension ParameterOption {
  /// True if no value is a dictionary or a part of one.
  fileprivate var isFlat: Bool {
    guard !name.isPath else { return false }
    switch values {
    case .list(let list): return !list.contains(where: \.isDictionary)
    case .integers: return true
    case .sampler(let sampler):
      let types: [any Sendable.Type] = [Double.self, Int.self, String.self, Bool.self]
      return types.contains { $0 == sampler.outputType }
    }
  }
}
