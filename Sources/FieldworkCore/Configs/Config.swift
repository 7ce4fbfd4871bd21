/// An ordered set of parameter values: one point of a domain.
///
///     let config: Config = ["lr": 0.1, "layers": 2]
///     try config["lr", as: Double.self]   // 0.1
///     config.description                  // {lr: 0.1, layers: 2}
public struct Config: Sendable, Hashable {
  /// One parameter with its value.
  public struct Entry: Sendable, Hashable {
    public let name: ParameterName
    public internal(set) var value: AnyAlias

    public init(_ name: ParameterName, _ value: AnyAlias) {
      self.name = name
      self.value = value
    }
  }

  /// The entries in order. A key occurs once, or, where it was given under several shown names, once
  /// for each of them; the last one counts.
  public internal(set) var entries: [Entry] {
    get { storage }
    _modify {
      lookup = nil
      yield &storage
    }
  }

  private var storage: [Entry]
  /// The positions of entries, where there are many; nil where they are searched one by one.
  private var lookup: Lookup?

  struct Lookup: Sendable {
    /// The number of entries from which on their positions are kept.
    static let limit = 24

    /// The position of the last entry of each key.
    fileprivate var positions: [String: Int] = [:]
    fileprivate var hasPaths = false

    /// - Returns: nil if there are so few that they are searched one by one.
    init?(_ names: [ParameterName]) {
      guard names.count > Self.limit else { return nil }
      positions.reserveCapacity(names.count)
      for (position, name) in names.enumerated() { add(name, at: position) }
    }

    fileprivate mutating func add(_ name: ParameterName, at position: Int) {
      positions[name.key] = position
      if name.isPath { hasPaths = true }
    }
  }

  private mutating func makeLookup() {
    guard storage.count > Lookup.limit else { return lookup = nil }
    lookup = Lookup(storage.map(\.name))
  }

  /// True if some entry is a part of a dictionary.
  var hasPaths: Bool { lookup?.hasPaths ?? storage.contains { $0.name.isPath } }

  /// Makes a config; of entries with equal keys the last value counts, in the first one's position. A dictionary adds
  /// to what it has in common with earlier entries, as in ``merging(_:)``.
  public init(_ entries: [Entry] = []) {
    storage = []
    storage.reserveCapacity(entries.count)
    for entry in entries { merge(entry) }
  }

  /// Makes a config of entries that another one had.
  package init(restored entries: [Entry]) {
    storage = entries
    makeLookup()
  }

  /// Makes a config of entries with different keys that are no parts of one another.
  init(_ entries: [Entry], _ lookup: Lookup?) {
    storage = entries
    self.lookup = lookup
  }

  /// The names by which the config is read, in order, each once.
  public var keys: [String] { entries.map(\.name).uniqueByKey.map(\.key) }

  /// The number of parameters.
  public var count: Int {
    if let lookup { return lookup.positions.count }
    return storage.indices.count { index in
      !storage[..<index].contains { $0.name.key == storage[index].name.key }
    }
  }
  public var isEmpty: Bool { entries.isEmpty }

  public func contains(_ key: String) -> Bool { index(of: key) != nil }

  /// Sets a value; a new parameter goes to the end. A dictionary that the parameter had is replaced.
  public mutating func set(_ name: ParameterName, to value: AnyAlias) {
    let entry = Entry(name, value)
    guard isNested(with: entry) else { return place(entry) }
    removeParts(of: name.key)
    mergeNested(entry, replaces: true)
  }

  /// Puts an entry in its place, whatever others have of the same dictionary.
  mutating func place(_ entry: Entry) {
    guard let last = index(of: entry.name.key), entries[last].name != entry.name else {
      if let last = index(of: entry.name.key) {
        storage[last] = entry
      } else {
        lookup?.add(entry.name, at: storage.count)
        storage.append(entry)
        if lookup == nil { makeLookup() }
      }
      return
    }
    entries.removeAll { $0.name == entry.name }
    entries.append(entry)
  }

  func index(of key: String) -> Int? {
    if let lookup { return lookup.positions[key] }
    return storage.lastIndex { $0.name.key == key }
  }

  /// The value of a parameter under its shown name; nil if the config lacks the parameter.
  public subscript(alias key: String) -> AnyAlias? {
    index(of: key).map { entries[$0].value }
  }

  /// The shown name of a parameter's value: `relu` for `Alias("relu", relu)`, the value's text for a value without
  /// a name of its own. It is nil if the config lacks the parameter.
  ///
  /// Tables and ids show this name. Use it to compare functions:
  ///
  ///     config.name(of: "activation") == "relu"
  public func name(of key: String) -> String? { (self[alias: key] ?? nestedValue(key))?.name }

  /// The shown name of the value of a parameter given by its handle; nil if the config lacks the parameter.
  public func name<T>(of parameter: Parameter<T>) -> String? { name(of: parameter.name.key) }

  /// Removes a parameter by the name it is read by.
  /// - Returns: what was removed; nil if there was nothing.
  @discardableResult
  public mutating func remove(_ key: String) -> Entry? {
    guard let removed = index(of: key).map({ entries[$0] }) else { return nil }
    entries.removeAll { $0.name.key == key }
    return removed
  }

  /// Removes a parameter by the name that is shown.
  /// - Returns: what was removed; nil if there was nothing.
  @discardableResult
  public mutating func remove(alias: String) -> Entry? {
    entries.firstIndex { $0.name.alias == alias }.map { entries.remove(at: $0) }
  }

  /// Both configs in one: the other's values win, new parameters go to the end.
  ///
  /// A config is one nested dictionary, however its keys are written: the value `d/p` is the value `p` of the
  /// dictionary `d`. Dictionaries are merged, value by value.
  ///
  ///     let config: Config = ["d": ["p": 5, "q": 6]]
  ///     config.merging(["d/p": 8])         // {d: ["p": 8, "q": 6], d/p: 8}
  ///     config.merging(["d": ["p": 8]])    // {d: ["p": 8, "q": 6]}
  public func merging(_ other: Config) -> Config {
    var result = self
    for entry in other.entries { result.merge(entry) }
    return result
  }

  /// The config with the named parameters only, in the config's order.
  public func selecting(_ keys: Set<String>) -> Config {
    var result = Config()
    result.entries = entries.filter { keys.contains($0.name.key) }
    return result
  }

  /// Two configs are equal if they hold the same values under the same names, in whatever order.
  public static func == (left: Config, right: Config) -> Bool {
    guard left.entries.count == right.entries.count else { return false }
    guard left.entries.count <= Lookup.limit else {
      return Set(left.entries).isSubset(of: Set(right.entries))
    }
    return left.entries.allSatisfy { entry in right.entries.contains { $0 == entry } }
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(Set(entries)) }
}

extension Config: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (ParameterName, AnyAlias)...) {
    self.init(elements.map { Entry($0.0, $0.1) })
  }
}

extension Config {
  /// The names that a parameter cannot have, since tables use them for what a run adds to a config: the repetition,
  /// counted from 0, the number of domain updates before it, and the device.
  package static let reservedKeys: Set<String> = ["repetition", "updates", "device"]
}
