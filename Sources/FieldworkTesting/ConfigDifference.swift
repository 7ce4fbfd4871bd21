import Fieldwork

/// How a list of configs differs from the one that was expected.
struct ConfigDifference: CustomStringConvertible {
  private static let limit = 5

  let description: String

  /// - Returns: nil if there is no difference.
  init?(found: [Config], expected: [Config]) {
    let first = zip(found, expected).enumerated()
      .first { !ConfigDifference.matches($1.0, $1.1) }
      .map { $0.offset }
    guard first != nil || found.count != expected.count else { return nil }
    var lines: [String] = []
    if found.count != expected.count {
      lines.append("\(found.count) configs instead of \(expected.count)")
    }
    let position = first ?? min(found.count, expected.count)
    lines.append("first difference at index \(position):")
    lines.append("  expected \(ConfigDifference.text(expected, position))")
    lines.append("  found    \(ConfigDifference.text(found, position))")
    let missing = ConfigDifference.subtract(found, from: expected)
    let extra = ConfigDifference.subtract(expected, from: found)
    if missing.isEmpty && extra.isEmpty {
      lines.append("the configs are the same, in another order")
    }
    lines += ConfigDifference.list("missing", missing) + ConfigDifference.list("too much", extra)
    description = lines.joined(separator: "\n")
  }

  /// Values that the playbook names match a plain expected value; an expected name has to be the same.
  private static func matches(_ found: Config, _ expected: Config) -> Bool {
    guard found.keys.sorted() == expected.keys.sorted() else { return false }
    return expected.entries.allSatisfy { entry in
      guard let value = found[alias: entry.name.key] else { return false }
      if value == entry.value { return true }
      if let plain = entry.value.plain, plain == value.plain {
        return entry.value.name == "\(plain)"
      }
      return value.plain == nil && value.name == entry.value.name
    }
  }

  private static func subtract(_ configs: [Config], from others: [Config]) -> [Config] {
    var rest = configs
    return others.filter { other in
      guard let index = rest.firstIndex(where: { matches($0, other) || matches(other, $0) }) else {
        return true
      }
      rest.remove(at: index)
      return false
    }
  }

  private static func text(_ configs: [Config], _ index: Int) -> String {
    index < configs.count ? configs[index].description : "nothing"
  }

  private static func list(_ title: String, _ configs: [Config]) -> [String] {
    guard !configs.isEmpty else { return [] }
    var lines = configs.prefix(limit).map { "  \($0)" }
    if configs.count > limit { lines.append("  and \(configs.count - limit) more") }
    return ["\(title):"] + lines
  }
}
