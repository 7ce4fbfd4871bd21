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

  private enum Storage: Sendable {
    /// With the positions of the entries, if these are many; nil where they are searched one by one.
    case entries([Entry], Lookup?)
    /// The config of a number, whose entries are made when they are read.
    case numbered(FlatOptions, Int)
  }

  private var storage: Storage

  /// The entries in order. A key occurs once, or, where it was given under several shown names, once
  /// for each of them; the last one counts.
  public internal(set) var entries: [Entry] {
    get {
      switch storage {
      case .entries(let entries, _): entries
      case .numbered(let options, let number): options.entries(of: number)
      }
    }
    _modify {
      var (entries, _) = takeEntries()
      defer { storage = .entries(entries, nil) }
      yield &entries
    }
  }

  struct Lookup: Sendable {
    /// The number of entries from which on their positions are kept.
    static let limit = 24

    /// The position of the last entry of each key.
    private var positions: [String: Int] = [:]
    private(set) var hasPaths = false

    /// - Returns: nil if there are so few that they are searched one by one.
    init?(_ names: some Collection<ParameterName>) {
      guard names.count > Self.limit else { return nil }
      positions.reserveCapacity(names.count)
      for (position, name) in names.enumerated() { add(name, at: position) }
    }

    var count: Int { positions.count }

    subscript(key: String) -> Int? { positions[key] }

    mutating func add(_ name: ParameterName, at position: Int) {
      positions[name.key] = position
      if name.isPath { hasPaths = true }
    }
  }

  /// True if some entry is a part of a dictionary.
  var hasPaths: Bool {
    switch storage {
    case .entries(let entries, let lookup):
      lookup?.hasPaths ?? entries.contains { $0.name.isPath }
    case .numbered: false
    }
  }

  /// Makes a config; of entries with equal keys the last value counts, in the first one's position. A dictionary adds
  /// to what it has in common with earlier entries, as in ``merging(_:)``.
  public init(_ entries: [Entry] = []) {
    storage = .entries([], nil)
    for entry in entries { merge(entry) }
  }

  /// Makes a config of entries that another one had.
  package init(restored entries: [Entry]) {
    self.init(entries, Lookup(entries.lazy.map(\.name)))
  }

  /// Makes a config of entries that another one had, or could have.
  /// - Parameter lookup: their positions, if they are many.
  init(_ entries: [Entry], _ lookup: Lookup?) { storage = .entries(entries, lookup) }

  /// Makes the config of a number, all of whose values are listed.
  init(_ options: FlatOptions, _ number: Int) { storage = .numbered(options, number) }

  /// Returns the number from which ``Domain/config(number:)`` makes the config again; nil if it has none in a domain.
  package func number(in domain: Domain) -> Int? {
    guard case .numbered(let options, let number) = storage, options === domain.node.flat,
      options.areDistinct
    else { return nil }
    return number
  }

  /// The names by which the config is read, in order, each once.
  public var keys: [String] { entries.map(\.name).uniqueByKey.map(\.key) }

  /// The names of the entries, in order.
  package var names: [ParameterName] {
    switch storage {
    case .entries(let entries, _): entries.map(\.name)
    case .numbered(let options, _): options.names
    }
  }

  /// The number of parameters.
  public var count: Int {
    switch storage {
    case .entries(_, let lookup?): lookup.count
    case .entries(let entries, nil):
      entries.count > Lookup.limit
        ? Set(entries.lazy.map(\.name.key)).count
        : entries.indices.count { index in
          !entries[..<index].contains { $0.name.key == entries[index].name.key }
        }
    case .numbered(let options, _): options.names.count
    }
  }

  public var isEmpty: Bool {
    switch storage {
    case .entries(let entries, _): entries.isEmpty
    case .numbered(let options, _): options.names.isEmpty
    }
  }

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
    let position = index(of: entry.name.key)
    var (entries, lookup) = takeEntries()
    if let position, entries[position].name == entry.name {
      entries[position] = entry
    } else {
      if position != nil {
        entries.removeAll { $0.name == entry.name }
        lookup = nil
      }
      lookup?.add(entry.name, at: entries.count)
      entries.append(entry)
    }
    storage = .entries(entries, lookup ?? Lookup(entries.lazy.map(\.name)))
  }

  /// Removes and returns the entries, so that there is no other reference and nothing is copied when they change.
  private mutating func takeEntries() -> ([Entry], Lookup?) {
    defer { storage = .entries([], nil) }
    switch storage {
    case .entries(let entries, let lookup): return (entries, lookup)
    case .numbered(let options, let number): return (options.entries(of: number), nil)
    }
  }

  func index(of key: String) -> Int? {
    switch storage {
    case .entries(_, let lookup?): lookup[key]
    case .entries(let entries, nil): entries.lastIndex { $0.name.key == key }
    case .numbered(let options, _): options.position(of: key)
    }
  }

  /// The value of a parameter under its shown name; nil if the config lacks the parameter.
  public subscript(alias key: String) -> AnyAlias? {
    index(of: key).map { position in
      switch storage {
      case .entries(let entries, _): entries[position].value
      case .numbered(let options, let number): options.value(at: position, of: number)
      }
    }
  }

  /// Adds ``identity`` to bytes, if it can be made without the entries.
  /// - Returns: false if it cannot.
  func writeNumberedIdentity(to bytes: inout [UInt8]) -> Bool {
    guard case .numbered(let options, let number) = storage else { return false }
    options.writeIdentity(of: number, to: &bytes)
    return true
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
    if case .numbered(let options, let number) = left.storage,
      case .numbered(let others, number) = right.storage, options === others
    {
      return true
    }
    let (first, second) = (left.entries, right.entries)
    guard first.count == second.count else { return false }
    guard first.count <= Lookup.limit else { return Set(first).isSubset(of: Set(second)) }
    return first.allSatisfy { second.contains($0) }
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
