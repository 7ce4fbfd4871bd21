/// One value of a parameter with the name that is shown for it, whatever the value's type.
///
/// Literals make one that is named by its text, so a list may mix kinds: `[1, "z", 2.5, nil, true]`.
public struct AnyAlias: Sendable {
  /// The value itself, of any type.
  public let content: any Sendable
  /// The value as a plain one; nil if it is a function, a model or the like.
  public let plain: Value?
  /// The name that is shown.
  public let name: String
  /// Whether the name was given, and not made from the value.
  package let isNamed: Bool
  /// The version that the playbook gives the value, see ``Alias/version``.
  public private(set) var version: String?

  private init(content: any Sendable, plain: Value?, name: String, isNamed: Bool) {
    self.content = content
    self.plain = plain
    self.name = name
    self.isNamed = isNamed
  }

  /// A value read back from a store; without a plain value only its name is known.
  package init(stored name: String, isNamed: Bool, plain: Value?, version: String? = nil) {
    self.init(content: plain ?? Unavailable(), plain: plain, name: name, isNamed: isNamed)
    self.version = version
  }

  /// Stands for a value that is not plain and was not stored.
  private struct Unavailable: Sendable {}

  public init(_ value: Value) {
    self.init(content: value, plain: value, name: value.description, isNamed: false)
  }

  public init(_ value: some ValueConvertible) {
    let plain = value.value
    self.init(content: value, plain: plain, name: plain.description, isNamed: false)
  }

  public init<Wrapped>(_ alias: Alias<Wrapped>) {
    let plain = (alias.value as? any ValueConvertible)?.value
    self.init(content: alias.value, plain: plain, name: alias.name, isNamed: alias.isNamed)
    version = alias.version
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

  /// The value as it is written in a domain.
  package var literalText: String {
    guard isNamed || plain == nil else { return plain?.literalText ?? name }
    return "Alias(\(Value.quoted(name)), \(plain?.literalText ?? "…"))"
  }
}

extension AnyAlias: Hashable {
  /// Compares name, whether it was given, and plain value; values that are not plain are told apart by name and type.
  public static func == (left: AnyAlias, right: AnyAlias) -> Bool {
    left.name == right.name && left.isNamed == right.isNamed && left.plain == right.plain
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
