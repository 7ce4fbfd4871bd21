extension Config {
  /// Adds an entry to the config. The values of the entry replace those that the config has.
  ///
  /// The entries are views of one nested dictionary and always agree: `d/p` has the value that the dictionary `d` has
  /// for `p`.
  mutating func merge(_ entry: Entry) {
    if isNested(with: entry) { mergeNested(entry) } else { place(entry) }
  }

  /// Returns true if the entry may overlap with entries of the config.
  func isNested(with entry: Entry) -> Bool {
    entry.name.isPath || entry.value.isDictionary || hasPaths
  }

  /// - Parameter replaces: true to discard the value that the config has under the key.
  mutating func mergeNested(_ new: Entry, replaces: Bool = false) {
    let key = new.name.key
    let start = key + "/"
    var entry = new
    if entry.value.isDictionary {
      // What the dictionary had so far, by itself and by its parts.
      var old: FieldworkCore.Value?
      if !replaces, let value = self[alias: key] ?? inside(key), value.isDictionary {
        old = value.plain
      }
      for part in entries where part.name.key.hasPrefix(start) {
        guard let value = part.value.plain else { continue }
        old = (old ?? .dictionary([:])).putting(value, at: part.name.key.dropFirst(start.count))
      }
      if let old, let value = entry.value.plain {
        entry.value = entry.value.showing(old.merged(value))
      }
    }
    place(entry)
    for index in entries.indices.reversed() where entries[index].name.key.hasPrefix(start) {
      // A part that the value does not have is gone.
      let path = entries[index].name.key.dropFirst(start.count)
      guard let value = entry.value.plain?.value(at: path) else {
        if entries[index].value.plain != nil || !entry.value.isDictionary {
          entries.remove(at: index)
        }
        continue
      }
      entries[index].value = entries[index].value.showing(value)
    }
    for index in entries.indices.reversed() where key.hasPrefix(entries[index].name.key + "/") {
      guard case .dictionary? = entries[index].value.plain, let whole = entries[index].value.plain
      else {
        entries.remove(at: index)
        continue
      }
      let path = key.dropFirst(entries[index].name.key.count + 1)
      guard let value = entry.value.plain else { continue }
      entries[index].value = entries[index].value.showing(whole.putting(value, at: path))
    }
  }

  /// Removes the values of a parameter from the other entries.
  mutating func removeParts(of key: String) {
    entries.removeAll { $0.name.key.hasPrefix(key + "/") }
    for index in entries.indices where key.hasPrefix(entries[index].name.key + "/") {
      guard let whole = entries[index].value.plain else { continue }
      let path = key.dropFirst(entries[index].name.key.count + 1)
      entries[index].value = entries[index].value.showing(whole.removing(path))
    }
  }
}

extension AnyAlias {
  var isDictionary: Bool { if case .dictionary? = plain { true } else { false } }

  /// The same value if it is this plain one, else one that is named by its text.
  fileprivate func showing(_ value: Value) -> AnyAlias { plain == value ? self : AnyAlias(value) }
}

extension Value {
  /// The value at a path in dictionaries; nil if there is none.
  package func value(at path: some StringProtocol) -> Value? {
    var value = self
    for part in path.split(separator: "/") {
      guard case .dictionary(let values) = value, let next = values[String(part)] else {
        return nil
      }
      value = next
    }
    return value
  }

  /// The dictionary with another value at a path; what lies in the way is replaced.
  fileprivate func putting(_ new: Value, at path: Substring) -> Value {
    let parts = path.split(separator: "/", maxSplits: 1)
    guard let first = parts.first.map(String.init) else { return self }
    var values: [String: Value] = [:]
    if case .dictionary(let existing) = self { values = existing }
    if parts.count > 1 {
      values[first] = (values[first] ?? .dictionary([:])).putting(new, at: parts[1])
    } else {
      values[first] = values[first].map { $0.merged(new) } ?? new
    }
    return .dictionary(values)
  }

  /// The dictionary without the value at a path.
  fileprivate func removing(_ path: Substring) -> Value {
    guard case .dictionary(var values) = self else { return self }
    let parts = path.split(separator: "/", maxSplits: 1)
    guard let first = parts.first.map(String.init) else { return self }
    if parts.count > 1 {
      values[first] = values[first]?.removing(parts[1])
    } else {
      values[first] = nil
    }
    return .dictionary(values)
  }

  /// Both values in one: dictionaries are merged, else the other one wins.
  fileprivate func merged(_ other: Value) -> Value {
    guard case .dictionary(let first) = self, case .dictionary(let second) = other else {
      return other
    }
    return .dictionary(first.merging(second) { $0.merged($1) })
  }
}
