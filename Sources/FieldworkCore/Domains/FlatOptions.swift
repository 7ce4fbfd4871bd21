/// Listed or drawn values of different parameters without dictionaries: no value of a config replaces another one, or a
/// part of it.
///
/// A config of listed values is a number here, from which its values are computed when they are read.
final class FlatOptions: Sendable {
  private enum Values: Sendable {
    /// With the identities of the values, if these are not too many.
    case list([AnyAlias], identities: [[UInt8]])
    case integers(from: Int)
    case sampler(@Sendable (inout Philox) throws -> AnyAlias)

    var areDistinct: Bool {
      switch self {
      case .list(let list, let identities):
        list.count < 2 || !identities.isEmpty && Set(identities).count == list.count
      case .integers: true
      case .sampler: false
      }
    }
  }

  let names: [ParameterName]
  private let values: [Values]
  private let counts: [Int]
  /// The number of configs between two values of a parameter.
  private let strides: [Int]
  private let hasSamplers: Bool
  /// True if no two configs have the same identity. It is false, too, where finding out would take long.
  let areDistinct: Bool
  /// The positions of the parameters, if there are many.
  private let lookup: Config.Lookup?
  /// The positions in the order in which identities have them.
  private let order: [Int]
  /// By position: the text before the value in an identity, without the comma.
  private let openings: [[UInt8]]

  private static let identityLimit = 10_000

  /// - Returns: nil if two options have a parameter in common, or one has, or may have, a dictionary or a part of one.
  init?(_ options: [ParameterOption]) {
    // Names that are shown alike would have no fixed order in identities.
    guard options.allSatisfy(\.isFlat), Set(options.map(\.name.key)).count == options.count,
      Set(options.map(\.name.alias)).count == options.count
    else { return nil }
    let names = options.map(\.name)
    self.names = names
    counts = options.map { $0.values.count ?? 1 }
    values = options.map { option in
      switch option.values {
      case .list(let list):
        .list(list, identities: list.count > Self.identityLimit ? [] : list.map(\.identityBytes))
      case .integers(let range): .integers(from: range.lowerBound)
      case .sampler(let sampler): .sampler(sampler.draw)
      }
    }
    var strides = counts
    var stride = 1
    for position in counts.indices.reversed() {
      strides[position] = stride
      stride = saturatingProduct(stride, counts[position])
    }
    self.strides = strides
    hasSamplers = options.contains { $0.values.count == nil }
    areDistinct = values.allSatisfy(\.areDistinct)
    lookup = Config.Lookup(names)
    order = names.indices.sorted { names[$0].quotedAlias < names[$1].quotedAlias }
    openings = names.map { Array("\($0.quotedAlias):".utf8) }
  }

  /// Returns the config of a number.
  /// - Throws: ``FieldworkError`` if a sampler cannot draw.
  func config(_ number: Int, draw: DrawPlace) throws -> Config {
    guard hasSamplers else { return Config(self, number) }
    let entries = try names.indices.map { position -> Config.Entry in
      guard case .sampler(let sample) = values[position] else {
        return Config.Entry(names[position], value(at: position, of: number))
      }
      var generator = draw.generator(for: names[position])
      return Config.Entry(names[position], try sample(&generator))
    }
    return Config(entries, lookup)
  }

  /// Returns the config of a number; nil if there is none, or some have the same identity.
  func config(_ number: Int) -> Config? {
    let count = counts.reduce(1, saturatingProduct)
    return areDistinct && (0..<count).contains(number) ? Config(self, number) : nil
  }

  /// Returns the position of a parameter; nil if there is none.
  func position(of key: String) -> Int? {
    if let lookup { return lookup[key] }
    return names.firstIndex { $0.key == key }
  }

  /// Returns the value of a parameter, by its position, in the config of a number.
  func value(at position: Int, of number: Int) -> AnyAlias {
    let index = index(at: position, of: number)
    return switch values[position] {
    case .list(let list, _): list[index]
    case .integers(let first): AnyAlias(Value.int(first + index))
    case .sampler: preconditionFailure("a drawn value has no number")
    }
  }

  func entries(of number: Int) -> [Config.Entry] {
    names.indices.map { Config.Entry(names[$0], value(at: $0, of: number)) }
  }

  /// Adds the identity of the config of a number to bytes, see ``Config/identity``.
  func writeIdentity(of number: Int, to bytes: inout [UInt8]) {
    for (place, position) in order.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += openings[position]
      let index = index(at: position, of: number)
      switch values[position] {
      case .list(let list, let identities):
        if identities.isEmpty {
          list[index].writeIdentity(to: &bytes)
        } else {
          bytes += identities[index]
        }
      case .integers(let first): bytes.append(decimal: first + index)
      case .sampler: preconditionFailure("a drawn value has no number")
      }
    }
  }

  private func index(at position: Int, of number: Int) -> Int {
    number / strides[position] % counts[position]
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

extension AnyAlias {
  fileprivate var identityBytes: [UInt8] {
    var bytes: [UInt8] = []
    writeIdentity(to: &bytes)
    return bytes
  }
}
