extension Value: Codable {
  /// The key under which a number is kept that JSON would turn into an integer or could not hold.
  private static let exactDouble = "$double"

  /// Decodes what ``encode(to:)`` wrote, and plain JSON of any other source.
  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: AnyCodingKey.self) {
      if container.allKeys.count == 1, let key = container.allKeys.first,
        key.stringValue == Self.exactDouble,
        let text = try? container.decode(String.self, forKey: key), let number = Double(text)
      {
        self = .double(number)
        return
      }
      var values: [String: Value] = [:]
      for key in container.allKeys {
        let name = key.stringValue.hasPrefix("$$") ? String(key.stringValue.dropFirst()) : nil
        values[name ?? key.stringValue] = try container.decode(Value.self, forKey: key)
      }
      self = .dictionary(values)
      return
    }
    if var container = try? decoder.unkeyedContainer() {
      var values: [Value] = []
      while !container.isAtEnd { values.append(try container.decode(Value.self)) }
      self = .list(values)
      return
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  /// Encodes the value so that decoding gives the very same one in any format: a whole number such as
  /// `1.0`, NaN and the infinities become `{"$double": "1.0"}`.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value): try value.encode(to: encoder)
    case .int(let value): try value.encode(to: encoder)
    case .double(let value):
      if value.isFinite && value.rounded() != value {
        try value.encode(to: encoder)
      } else {
        var container = encoder.container(keyedBy: AnyCodingKey.self)
        try container.encode((value + 0).description, forKey: AnyCodingKey(Self.exactDouble))
      }
    case .string(let value): try value.encode(to: encoder)
    case .list(let values):
      var container = encoder.unkeyedContainer()
      for value in values { try container.encode(value) }
    case .dictionary(let values):
      var container = encoder.container(keyedBy: AnyCodingKey.self)
      for (key, value) in values {
        try container.encode(value, forKey: AnyCodingKey(key.hasPrefix("$") ? "$" + key : key))
      }
    }
  }
}

/// A coding key made from any name or position.
struct AnyCodingKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(_ name: String) {
    stringValue = name
    intValue = nil
  }

  init(_ index: Int) {
    stringValue = String(index)
    intValue = index
  }

  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(intValue) }
}
