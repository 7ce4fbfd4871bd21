extension Config: CustomStringConvertible {
  /// The config as messages show it, with shown names: `{lr: 0.1, layers: 2}`.
  public var description: String {
    "{" + entries.map { "\($0.name.alias): \($0.value.name)" }.joined(separator: ", ") + "}"
  }

  /// The shown names of parameters and values, in order.
  public var aliases: [(name: String, value: String)] {
    entries.map { ($0.name.alias, $0.value.name) }
  }

  /// The shown names in one text, sorted by parameter: `a_2-b_1`.
  public func aliasText(separator: String = "-") -> String {
    aliases.sorted { $0 < $1 }.map { "\($0.name)_\($0.value)" }.joined(separator: separator)
  }

  /// A text that tells configs apart and is the same on every machine and in every run, whatever the
  /// order of the parameters.
  package var identity: String {
    var bytes: [UInt8] = []
    writeIdentity(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Adds ``identity`` to bytes.
  func writeIdentity(to bytes: inout [UInt8]) {
    if writeNumberedIdentity(to: &bytes) { return }
    let entries = entries
    let isSorted = zip(entries, entries.dropFirst()).allSatisfy { first, second in
      first.name.quotedAlias < second.name.quotedAlias
    }
    let sorted =
      isSorted
      ? entries
      : entries.sorted { first, second in
        let names = (first.name.quotedAlias, second.name.quotedAlias)
        return names.0 == names.1
          ? first.value.identity < second.value.identity : names.0 < names.1
      }
    for (index, entry) in sorted.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += entry.name.quotedAlias.utf8
      bytes.append(UInt8(ascii: ":"))
      entry.value.writeIdentity(to: &bytes)
    }
  }

  /// A stable id: 16 hexadecimal digits made from the shown names and values, the same on every machine
  /// and in every run, whatever the order of the parameters.
  public var id: String { SHA256.hexDigest(of: "config|" + identity, length: 16) }
}
