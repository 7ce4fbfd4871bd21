/// The typed handle of a parameter: its name, and the type of its values.
///
///     static let rate = Parameter<Double>("lr")
///     Domain(rate <- [0.1, 0.01])      // a list of anything else does not compile
///     let rate = try config[Self.rate] // a Double
///
/// The name becomes a column of the results; it is a string of its own so that renaming the variable
/// does not rename the column.
public struct Parameter<T: Sendable>: Sendable {
  public let name: ParameterName

  public init(_ name: String) { self.name = ParameterName(name) }

  /// Makes a parameter that is read by the alias's value and shown by the alias's name.
  public init(_ name: Alias<String>) { self.name = ParameterName(name) }
}

/// The name of a parameter: the one that it is read by, and the one that is shown.
public struct ParameterName: Sendable, Hashable, ExpressibleByStringInterpolation,
  CustomStringConvertible
{
  private final class Storage: Sendable {
    let key: String
    let alias: String
    let isPath: Bool
    let quotedAlias: String

    init(_ key: String, alias: String) {
      self.key = key
      self.alias = alias
      isPath = key.utf8.contains(UInt8(ascii: "/"))
      quotedAlias = Value.quoted(alias)
    }
  }

  // Shared by all configs that have the parameter.
  private let storage: Storage

  /// The name by which a config is read.
  public var key: String { storage.key }
  /// The name that tables, ids and files show.
  public var alias: String { storage.alias }
  /// True if the key is a path: `a/b` is the value `b` of the dictionary `a`.
  var isPath: Bool { storage.isPath }
  /// The shown name as identities have it.
  var quotedAlias: String { storage.quotedAlias }

  public init(_ key: String) { storage = Storage(key, alias: key) }

  public init(_ alias: Alias<String>) { storage = Storage(alias.value, alias: alias.name) }

  public static func == (left: ParameterName, right: ParameterName) -> Bool {
    left.storage === right.storage || left.key == right.key && left.alias == right.alias
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(alias)
  }

  public init(stringLiteral value: String) { self.init(value) }

  public var description: String { alias }

  package var literalText: String {
    key == alias
      ? Value.quoted(key) : "Alias(\(Value.quoted(alias)), \(Value.quoted(key)))"
  }
}

extension [ParameterName] {
  /// The names without those whose key has come before.
  var uniqueByKey: [ParameterName] {
    guard count > 24 else { return uniqueOfFew }
    var keys = Set<String>()
    return filter { keys.insert($0.key).inserted }
  }

  /// Without a set, which costs more where there are few.
  private var uniqueOfFew: [ParameterName] {
    reduce(into: []) { names, name in
      if !names.contains(where: { $0.key == name.key }) { names.append(name) }
    }
  }
}
