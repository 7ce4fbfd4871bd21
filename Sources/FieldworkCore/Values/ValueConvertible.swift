/// A type whose instances can be kept as plain values.
///
/// An enum with raw values conforms by naming the protocol:
/// `enum Optimizer: String, CaseIterable, ValueConvertible { case sgd, adam }`.
public protocol ValueConvertible: Sendable {
  /// The instance as a plain value.
  var value: Value { get }

  /// Makes the instance that a plain value stands for; nil if it stands for none.
  init?(_ value: Value)
}

extension Value: ValueConvertible {
  public var value: Value { self }
  public init?(_ value: Value) { self = value }
}

extension Bool: ValueConvertible {
  public var value: Value { .bool(self) }
  public init?(_ value: Value) {
    guard case .bool(let flag) = value else { return nil }
    self = flag
  }
}

extension String: ValueConvertible {
  public var value: Value { .string(self) }
  public init?(_ value: Value) {
    guard case .string(let text) = value else { return nil }
    self = text
  }
}

extension ValueConvertible where Self: FixedWidthInteger {
  /// An integer; a text of digits if it is too large for an `Int`.
  public var value: Value { Int(exactly: self).map(Value.int) ?? .string(String(self)) }

  public init?(_ value: Value) {
    switch value {
    case .int(let number): self.init(exactly: number)
    case .string(let digits) where Int(digits) == nil: self.init(digits)
    default: return nil
    }
  }
}

extension Int: ValueConvertible {}
extension Int8: ValueConvertible {}
extension Int16: ValueConvertible {}
extension Int32: ValueConvertible {}
extension Int64: ValueConvertible {}
extension UInt: ValueConvertible {}
extension UInt8: ValueConvertible {}
extension UInt16: ValueConvertible {}
extension UInt32: ValueConvertible {}
extension UInt64: ValueConvertible {}

extension Double: ValueConvertible {
  public var value: Value { .double(self) }

  /// Takes a number, an integer one too.
  public init?(_ value: Value) {
    guard let number = value.number else { return nil }
    self = number
  }
}

extension Float: ValueConvertible {
  /// The number with the fewest digits that are read as the same `Float`: 0.1 stays 0.1.
  public var value: Value { .double(Double(description) ?? Double(self)) }

  /// Takes a number, an integer one too, rounded to the nearest `Float`.
  public init?(_ value: Value) {
    guard let number = value.number else { return nil }
    self = Float(number)
  }
}

extension Optional: ValueConvertible where Wrapped: ValueConvertible {
  public var value: Value { self?.value ?? .null }
  public init?(_ value: Value) {
    if case .null = value {
      self = .none
    } else if let wrapped = Wrapped(value) {
      self = .some(wrapped)
    } else {
      return nil
    }
  }
}

extension Array: ValueConvertible where Element: ValueConvertible {
  public var value: Value { .list(map(\.value)) }
  public init?(_ value: Value) {
    guard case .list(let values) = value else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(values.count)
    for value in values {
      guard let element = Element(value) else { return nil }
      elements.append(element)
    }
    self = elements
  }
}

extension Dictionary: ValueConvertible where Key == String, Value: ValueConvertible {
  public var value: FieldworkCore.Value { .dictionary(mapValues(\.value)) }
  public init?(_ value: FieldworkCore.Value) {
    guard case .dictionary(let values) = value else { return nil }
    self.init()
    for (key, value) in values {
      guard let element = Value(value) else { return nil }
      self[key] = element
    }
  }
}

extension ValueConvertible where Self: RawRepresentable, RawValue: ValueConvertible {
  public var value: Value { rawValue.value }
  public init?(_ value: Value) {
    guard let raw = RawValue(value) else { return nil }
    self.init(rawValue: raw)
  }
}
