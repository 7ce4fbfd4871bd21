extension Config {
  /// The value of a parameter; nil, for a handle of an optional type, in a config without the parameter.
  /// - Throws: ``FieldworkError`` of code `missingParameter` or `wrongType`, which lists what the
  ///   config has.
  public subscript<T>(parameter: Parameter<T>) -> T {
    get throws { try self[parameter.name.key, as: T.self] }
  }

  /// The value of a parameter as the given type; an integer is taken for a `Double` too. For an optional type it is
  /// nil in a config without the parameter: `try config["lambda", as: Double?.self]`.
  ///
  /// A parameter `a/b` can be read by its whole name, or as the dictionary `a` with all that begins
  /// with `a/`.
  /// - Throws: ``FieldworkError`` of code `missingParameter` or `wrongType`, which lists what the
  ///   config has.
  public subscript<T>(key: String, as type: T.Type = T.self) -> T {
    get throws {
      guard let value = self[alias: key] ?? nestedValue(key) else {
        if let none = (type as? any OptionalType.Type)?.nothing as? T { return none }
        throw FieldworkError(
          .missingParameter,
          "no parameter '\(key)': the config has \(keys.isEmpty ? "none" : keys.joined(separator: ", "))"
        )
      }
      guard let result = value.converted(to: type) else {
        throw FieldworkError(
          .wrongType,
          "parameter '\(key)' is the \(value.typeName) \(value.name), not \(type): the config has \(contents)"
        )
      }
      return result
    }
  }

  /// Decodes the whole config, keys as property names; `a/b` is the property `b` of the property `a`.
  /// - Throws: `DecodingError`, or ``FieldworkError`` of code `wrongType` for a value that is not plain.
  public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
    try ValueDecoder(.dictionary(plainTree())).decode(type)
  }

  /// The config's plain values by key. A value that is not plain is given by its shown name.
  public var plainValues: [String: FieldworkCore.Value] {
    Dictionary(
      entries.map { ($0.name.key, $0.value.plain ?? .string($0.value.name)) },
      uniquingKeysWith: { _, last in last }
    )
  }

  /// The config as a dictionary; `a/b` is the key `b` of the dictionary `a`. A value that is not plain is given by its
  /// shown name.
  package var valueTree: FieldworkCore.Value {
    var tree: [String: FieldworkCore.Value] = [:]
    for entry in entries {
      let value = entry.value.plain ?? .string(entry.value.name)
      Config.insert(value, at: entry.name.key.split(separator: "/"), into: &tree)
    }
    return .dictionary(tree)
  }

  private func plainTree() throws -> [String: FieldworkCore.Value] {
    var tree: [String: FieldworkCore.Value] = [:]
    for entry in entries {
      guard let plain = entry.value.plain else {
        throw FieldworkError(
          .wrongType,
          "parameter '\(entry.name.key)' holds \(entry.value.name), which is not a plain value; read it with config[\"\(entry.name.key)\", as: …]"
        )
      }
      Config.insert(plain, at: entry.name.key.split(separator: "/"), into: &tree)
    }
    return tree
  }

  /// Returns true if the config has a value for a key.
  func has(_ key: String) -> Bool { contains(key) || nestedValue(key) != nil }

  /// Returns the nested value for a key without an entry: for `a` the dictionary of all keys that begin with `a/`, and
  /// for `a/b` the value `b` of the dictionary `a`.
  package func nestedValue(_ key: String) -> AnyAlias? { group(key) ?? inside(key) }

  private func group(_ key: String) -> AnyAlias? {
    var tree: [String: FieldworkCore.Value] = [:]
    for entry in entries where entry.name.key.hasPrefix(key + "/") {
      guard let plain = entry.value.plain else { continue }
      let path = entry.name.key.dropFirst(key.count + 1).split(separator: "/")
      Config.insert(plain, at: path, into: &tree)
    }
    // In a conditional expression nil would be a null alias.
    guard !tree.isEmpty else { return nil }
    return AnyAlias(FieldworkCore.Value.dictionary(tree))
  }

  /// A value in a dictionary: `a/b` is the value `b` of the parameter `a`.
  func inside(_ key: String) -> AnyAlias? {
    let path = key.split(separator: "/")
    for length in stride(from: path.count - 1, to: 0, by: -1) {
      let prefix = path[..<length].joined(separator: "/")
      guard var value = self[alias: prefix]?.plain else { continue }
      for part in path[length...] {
        guard case .dictionary(let values) = value, let next = values[String(part)] else {
          return nil
        }
        value = next
      }
      return AnyAlias(value)
    }
    return nil
  }

  private static func insert(
    _ value: FieldworkCore.Value,
    at path: [Substring],
    into tree: inout [String: FieldworkCore.Value]
  ) {
    guard let first = path.first.map(String.init) else { return }
    guard path.count > 1 else {
      tree[first] = value
      return
    }
    var branch: [String: FieldworkCore.Value] = [:]
    if case .dictionary(let existing) = tree[first] { branch = existing }
    insert(value, at: Array(path.dropFirst()), into: &branch)
    tree[first] = .dictionary(branch)
  }

  /// What the config has, for messages.
  package var contents: String {
    entries.isEmpty ? "no parameters" : description
  }
}
