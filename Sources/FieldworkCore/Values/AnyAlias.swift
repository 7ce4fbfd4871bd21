/// One value of a parameter with the name that is shown for it, whatever the value's type.
///
/// Literals make one that is named by its text, so a list may mix kinds: `[1, "z", 2.5, nil, true]`.
public struct AnyAlias: Sendable {
  private enum Storage: Sendable {
    /// A plain value that is named by its text, and is its own content.
    case plain(Value)
    /// The same, with the content of the type of Swift: `Int`, `Double`, `String` or `Bool`.
    case native(Value)
    case other(Other)
  }

  private final class Other: Sendable {
    let content: any Sendable
    let plain: Value?
    let name: String
    let isNamed: Bool
    let version: String?

    init(
      _ content: any Sendable,
      plain: Value?,
      name: String,
      isNamed: Bool,
      version: String?
    ) {
      self.content = content
      self.plain = plain
      self.name = name
      self.isNamed = isNamed
      self.version = version
    }
  }

  private let storage: Storage

  /// The value itself, of any type.
  public var content: any Sendable {
    switch storage {
    case .plain(let value): value
    case .native(.int(let value)): value
    case .native(.double(let value)): value
    case .native(.string(let value)): value
    case .native(.bool(let value)): value
    case .native(let value): value
    case .other(let other): other.content
    }
  }

  /// The value as a plain one; nil if it is a function, a model or the like.
  public var plain: Value? {
    switch storage {
    case .plain(let value), .native(let value): value
    case .other(let other): other.plain
    }
  }

  /// The name that is shown.
  public var name: String {
    switch storage {
    case .plain(let value), .native(let value): value.description
    case .other(let other): other.name
    }
  }

  /// True if the name was given, and not made from the value.
  package var isNamed: Bool { if case .other(let other) = storage { other.isNamed } else { false } }

  /// The version that the playbook gives the value, see ``Alias/version``.
  public var version: String? {
    if case .other(let other) = storage { other.version } else { nil }
  }

  /// A value read back from a store; without a plain value only its name is known.
  package init(stored name: String, isNamed: Bool, plain: Value?, version: String? = nil) {
    if let plain, !isNamed, version == nil, plain.description == name {
      storage = .plain(plain)
      return
    }
    storage = .other(
      Other(
        plain ?? Unavailable(),
        plain: plain,
        name: name,
        isNamed: isNamed,
        version: version
      )
    )
  }

  /// Stands for a value that is not plain and was not stored.
  private struct Unavailable: Sendable {}

  public init(_ value: Value) { storage = .plain(value) }

  public init<Content: ValueConvertible>(_ value: Content) {
    let plain = value.value
    let type: Any.Type = Content.self
    if type == Int.self || type == Double.self || type == String.self || type == Bool.self {
      storage = .native(plain)
    } else {
      storage = .other(
        Other(value, plain: plain, name: plain.description, isNamed: false, version: nil)
      )
    }
  }

  public init<Wrapped>(_ alias: Alias<Wrapped>) {
    let plain = (alias.value as? any ValueConvertible)?.value
    storage = .other(
      Other(
        alias.value,
        plain: plain,
        name: alias.name,
        isNamed: alias.isNamed,
        version: alias.version
      )
    )
  }

  public init(_ name: String, version: String? = nil, _ value: some Sendable) {
    self.init(Alias(name, version: version, value))
  }

  /// The plain value and the version that a given name hides; nil if it hides neither.
  package var hidden: Value? {
    guard isNamed || plain == nil, plain != nil || version != nil else { return nil }
    return .list([plain ?? .null, version.map { .string($0) } ?? .null])
  }

  /// The value as the given type.
  ///
  /// A plain value is converted where nothing is lost: an integer is taken for a `Double`. A function is found by its
  /// type with or without `@Sendable`.
  /// - Returns: nil if the value is of another type.
  public func converted<T>(to type: T.Type) -> T? {
    if let plain, let convertible = type as? any ValueConvertible.Type {
      // A nil of the initialiser must not become a nil of an optional T.
      guard let instance = convertible.init(plain) else { return nil }
      return instance as? T
    }
    return content as? T ?? SendableFunction.withoutAttribute(content, as: type)
  }

  /// The type's name, as a message shows it.
  package var typeName: String {
    if let plain { return plain.kind.rawValue }
    return String(describing: Swift.type(of: content))
  }

  /// A text that tells values apart and is the same on every machine: the canonical text of a plain
  /// value without a given name, else the name.
  package var identity: String {
    if let plain, !isNamed { return plain.canonicalText }
    return "@" + Value.quoted(name)
  }

  /// Adds ``identity`` to bytes.
  func writeIdentity(to bytes: inout [UInt8]) {
    switch storage {
    case .plain(.int(let number)), .native(.int(let number)): bytes.append(decimal: number)
    // The canonical text of a number that is not finite is its description, too.
    case .plain(.double(let number)), .native(.double(let number)):
      bytes += (number + 0).description.utf8
    default: bytes += identity.utf8
    }
  }

  /// The value as it is written in a domain.
  package var literalText: String {
    guard isNamed || plain == nil else { return plain?.literalText ?? name }
    return "Alias(\(Value.quoted(name)), \(plain?.literalText ?? "…"))"
  }
}

extension AnyAlias: Hashable {
  /// Compares name, whether it was given, and plain value; values that are not plain are told apart by name and type.
  public static func == (left: AnyAlias, right: AnyAlias) -> Bool {
    switch (left.storage, right.storage) {
    case (.plain(let first), .plain(let second)), (.plain(let first), .native(let second)),
      (.native(let first), .plain(let second)), (.native(let first), .native(let second)):
      return first == second
    case (.other(let first), .other(let second)) where first === second: return true
    default: break
    }
    return left.name == right.name && left.isNamed == right.isNamed && left.plain == right.plain
      && left.typeName == right.typeName
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension AnyAlias: CustomStringConvertible {
  public var description: String { name }
}

extension AnyAlias: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self.init(Value.null) }
  public init(booleanLiteral value: Bool) { self.init(Value.bool(value)) }
  public init(integerLiteral value: Int) { self.init(Value.int(value)) }
  public init(floatLiteral value: Double) { self.init(Value.double(value)) }
  public init(stringLiteral value: String) { self.init(Value.string(value)) }
  public init(arrayLiteral elements: Value...) { self.init(Value.list(elements)) }
  public init(dictionaryLiteral elements: (String, Value)...) {
    self.init(Value.dictionary(Dictionary(elements, uniquingKeysWith: { _, last in last })))
  }
}

extension [UInt8] {
  /// Adds the decimal digits of a number, with its sign.
  mutating func append(decimal number: Int) {
    if number < 0 { append(UInt8(ascii: "-")) }
    var rest = number.magnitude
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = digits.count
      repeat {
        start -= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        digits[start] = UInt8(truncatingIfNeeded: digit) + UInt8(ascii: "0")
        rest = quotient
      } while rest > 0
      append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }
}
