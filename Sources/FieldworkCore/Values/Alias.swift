/// A short name for a value of any `Sendable` type: a function, a type, a model, a number.
///
/// The config gives the value; tables, ids and files show the name.
///
///     Domain("activation" <- [Alias("relu", relu), Alias("tanh", tanh)])
///     // {activation: relu}, {activation: tanh}
///
/// The name of a parameter may have an alias too: `Domain(Alias("l", "layout") <- ["f", "fa"])` makes
/// configs that are read by `layout` and shown as `l`.
public struct Alias<Wrapped: Sendable>: Sendable {
  public let name: String
  public let value: Wrapped

  /// The version of a value that cannot be compared, such as a function; nil for none. Experiments that ran with
  /// another version run again.
  public let version: String?

  /// Whether the name was given, and not made from the value.
  package let isNamed: Bool

  /// Names a value.
  ///
  /// A plain value under the name is compared by itself; give a function another version when its body changes.
  public init(_ name: String, version: String? = nil, _ value: Wrapped) {
    self.name = name
    self.version = version
    self.value = value
    isNamed = true
  }

  /// Names a value with a version that is a number.
  public init(_ name: String, version: Int, _ value: Wrapped) {
    self.init(name, version: String(version), value)
  }

  /// Names a value by its own text: a type by its name, an enum's case by its name.
  public init(_ value: Wrapped) {
    self.value = value
    version = nil
    name = (value as? any ValueConvertible)?.value.description ?? String(describing: value)
    isNamed = false
  }
}

extension Alias: CustomStringConvertible {
  public var description: String { name }
}

extension Alias: ExpressibleByIntegerLiteral
where Wrapped: ExpressibleByIntegerLiteral & ValueConvertible, Wrapped.IntegerLiteralType == Wrapped
{
  public init(integerLiteral value: Wrapped) { self.init(value) }
}

extension Alias: ExpressibleByFloatLiteral
where Wrapped: ExpressibleByFloatLiteral & ValueConvertible, Wrapped.FloatLiteralType == Wrapped {
  public init(floatLiteral value: Wrapped) { self.init(value) }
}

extension Alias: ExpressibleByBooleanLiteral where Wrapped == Bool {
  public init(booleanLiteral value: Bool) { self.init(value) }
}

extension Alias: ExpressibleByUnicodeScalarLiteral where Wrapped == String {
  public init(unicodeScalarLiteral value: String) { self.init(value) }
}

extension Alias: ExpressibleByExtendedGraphemeClusterLiteral where Wrapped == String {
  public init(extendedGraphemeClusterLiteral value: String) { self.init(value) }
}

extension Alias: ExpressibleByStringLiteral where Wrapped == String {
  public init(stringLiteral value: String) { self.init(value) }
}
