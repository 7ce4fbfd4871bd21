/// A collection whose order changes from process to process. It is saved in an order of its contents.
protocol UnorderedElements {
  var unorderedElements: [any Encodable]? { get }
}

extension Set: UnorderedElements {
  var unorderedElements: [any Encodable]? {
    let elements = compactMap { $0 as? any Encodable }
    return elements.count == count ? elements : nil
  }
}

/// A dictionary whose keys are no texts, which is encoded as a list of keys and values in turn.
protocol UnorderedPairs {
  var unorderedPairs: [(any Encodable, any Encodable)]? { get }
}

extension Dictionary: UnorderedPairs {
  var unorderedPairs: [(any Encodable, any Encodable)]? {
    guard Key.self != String.self, Key.self != Int.self,
      !(Key.self is any CodingKeyRepresentable.Type)
    else { return nil }
    let pairs = compactMap { key, value -> (any Encodable, any Encodable)? in
      guard let key = key as? any Encodable, let value = value as? any Encodable else { return nil }
      return (key, value)
    }
    return pairs.count == count ? pairs : nil
  }
}

extension Value {
  /// An order of values of all kinds: numbers by size, texts by their signs, the rest by how it is written.
  static func isOrdered(_ left: Value, _ right: Value) -> Bool {
    if let isSmaller = left.isSmaller(than: right) {
      return isSmaller
        || !(right.isSmaller(than: left) ?? false) && left.canonicalText < right.canonicalText
    }
    if case .string(let first) = left, case .string(let second) = right { return first < second }
    return left.canonicalText < right.canonicalText
  }
}
