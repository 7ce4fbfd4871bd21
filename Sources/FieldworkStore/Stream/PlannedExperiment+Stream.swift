package import FieldworkCore

extension PlannedExperiment {
  /// Writes the experiment. Values that are not plain go by their names.
  /// - Parameter hasConfig: false to write a config without entries in place of its own.
  package func encode(into writer: inout ByteWriter, hasConfig: Bool = true) {
    writer.append(ordinal)
    writer.append(id)
    writer.append(key)
    writer.append(repetition)
    writer.append(updates)
    writer.append(identity.occurrence)
    writer.append(task)
    writer.append(branch)
    writer.append(hasConfig ? config.entries : []) { $0.append($1) }
    writer.append(device) { $0.append(Config.Entry("device", $1)) }
  }

  /// Reads an experiment.
  /// - Parameter resolve: gives the value of a parameter, by its key, that is not plain and goes by a
  ///   shown name; nil to leave such values without content.
  package init(
    from reader: inout ByteReader,
    resolve: ((_ parameter: String, _ alias: String) throws -> AnyAlias)? = nil
  ) throws {
    let ordinal = try reader.int()
    let id = try reader.string()
    let key = try reader.string()
    let repetition = try reader.int()
    let updates = try reader.int()
    let occurrence = try reader.int()
    let task = try reader.int()
    let branch = try reader.int()
    self.init(
      ordinal: ordinal,
      id: id,
      key: key,
      config: Config(restored: try reader.list { try $0.entry(resolve) }),
      repetition: repetition,
      updates: updates,
      occurrence: occurrence,
      task: task,
      branch: branch,
      device: try reader.optional { try $0.entry(nil).value }
    )
  }
}

/// What an entry has, bit by bit.
private enum EntryFlag {
  static let hasShownKey: UInt8 = 1
  static let isNamed: UInt8 = 2
  static let isPlain: UInt8 = 4
  static let hasVersion: UInt8 = 8
}

extension ByteWriter {
  fileprivate mutating func append(_ entry: Config.Entry) {
    let (name, value) = (entry.name, entry.value)
    let hasShownKey = name.alias != name.key
    append(
      (hasShownKey ? EntryFlag.hasShownKey : 0) | (value.isNamed ? EntryFlag.isNamed : 0)
        | (value.plain != nil ? EntryFlag.isPlain : 0)
        | (value.version != nil ? EntryFlag.hasVersion : 0)
    )
    append(name.key)
    if hasShownKey { append(name.alias) }
    append(value.name)
    if let plain = value.plain { append(plain) }
    if let version = value.version { append(version) }
  }
}

extension ByteReader {
  fileprivate mutating func entry(
    _ resolve: ((String, String) throws -> AnyAlias)?
  ) throws -> Config.Entry {
    let flags = try byte()
    guard flags < 16 else { throw damaged("an entry of a config has unknown parts") }
    let key = try string()
    let parameter =
      flags & EntryFlag.hasShownKey != 0
      ? ParameterName(Alias(try string(), key)) : ParameterName(key)
    let alias = try string()
    let isNamed = flags & EntryFlag.isNamed != 0
    // In a conditional expression nil would be a null value.
    var plain: Value?
    if flags & EntryFlag.isPlain != 0 { plain = try value() }
    let version = flags & EntryFlag.hasVersion != 0 ? try string() : nil
    if case .none = plain, let resolve {
      return Config.Entry(parameter, try resolve(key, alias))
    }
    return Config.Entry(
      parameter,
      AnyAlias(stored: alias, isNamed: isNamed, plain: plain, version: version)
    )
  }
}
