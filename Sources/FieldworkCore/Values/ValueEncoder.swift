/// Encodes an `Encodable` instance as a plain value.
///
/// Encoding builds a tree of nodes, since containers may be filled in any order.
final class ValueEncoder: Encoder {
  private indirect enum Content {
    case nothing
    case single(Value)
    case list([ValueEncoder])
    case dictionary([String: ValueEncoder])
  }

  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  private var content = Content.nothing

  init(codingPath: [any CodingKey] = []) { self.codingPath = codingPath }

  static func encode(_ instance: any Encodable) throws -> Value {
    let encoder = ValueEncoder()
    try encoder.store(instance)
    return encoder.value
  }

  private var value: Value {
    switch content {
    case .nothing: .dictionary([:])
    case .single(let value): value
    case .list(let nodes): .list(nodes.map(\.value))
    case .dictionary(let nodes): .dictionary(nodes.mapValues(\.value))
    }
  }

  private func store(_ instance: any Encodable) throws {
    if let convertible = instance as? any ValueConvertible {
      content = .single(convertible.value)
    } else if let elements = (instance as? any UnorderedElements)?.unorderedElements {
      let values = try elements.map(ValueEncoder.encode).sorted(by: Value.isOrdered)
      content = .single(.list(values))
    } else if let pairs = (instance as? any UnorderedPairs)?.unorderedPairs {
      let values = try pairs.map { (try ValueEncoder.encode($0), try ValueEncoder.encode($1)) }
        .sorted { Value.isOrdered($0.0, $1.0) }
      content = .single(.list(values.flatMap { [$0, $1] }))
    } else if "\(type(of: instance))" == "Date" {
      // It would be a number of seconds since 2001, which nobody expects.
      throw FieldworkError(
        .cannotSave,
        "a Date has no unit that readers know: save date.timeIntervalSince1970, or a text such as date.ISO8601Format()"
      )
    } else {
      try instance.encode(to: self)
    }
  }

  // The content is taken out before it is changed, so that its storage is not copied each time.

  private func child(_ key: String) -> ValueEncoder {
    let node = ValueEncoder(codingPath: codingPath + [AnyCodingKey(key)])
    var nodes: [String: ValueEncoder] = [:]
    if case .dictionary(let existing) = content { nodes = existing }
    content = .nothing
    nodes[key] = node
    content = .dictionary(nodes)
    return node
  }

  private func nextChild() -> ValueEncoder {
    var nodes: [ValueEncoder] = []
    if case .list(let existing) = content { nodes = existing }
    content = .nothing
    let node = ValueEncoder(codingPath: codingPath + [AnyCodingKey(nodes.count)])
    nodes.append(node)
    content = .list(nodes)
    return node
  }

  private var childCount: Int {
    if case .list(let nodes) = content { nodes.count } else { 0 }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .nothing = content { content = .dictionary([:]) }
    return KeyedEncodingContainer(Keyed<Key>(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .nothing = content { content = .list([]) }
    return Unkeyed(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) throws {
      encoder.child(key.stringValue).content = .single(.null)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
      try encoder.child(key.stringValue).store(value)
    }

    func nestedContainer<NestedKey: CodingKey>(
      keyedBy type: NestedKey.Type,
      forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
      encoder.child(key.stringValue).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      encoder.child(key.stringValue).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder.child("super") }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.child(key.stringValue) }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.childCount }

    func encodeNil() throws { encoder.nextChild().content = .single(.null) }
    func encode<T: Encodable>(_ value: T) throws { try encoder.nextChild().store(value) }

    func nestedContainer<NestedKey: CodingKey>(
      keyedBy type: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
      encoder.nextChild().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      encoder.nextChild().unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder.nextChild() }
  }

  private struct Single: SingleValueEncodingContainer {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() throws { encoder.content = .single(.null) }
    func encode<T: Encodable>(_ value: T) throws { try encoder.store(value) }
  }
}
