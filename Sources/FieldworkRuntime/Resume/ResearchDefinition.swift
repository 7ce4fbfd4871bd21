package import FieldworkCore

/// The part of a research that must not change between its runs: the declarations of the units and the number of
/// iterations. The domain may grow and shrink.
package struct ResearchDefinition {
  /// The key of the note that holds it.
  static let noteKey = "identity"
  private static let version = 1

  /// The definition as a plain value.
  let encoding: Value
  private let legacy: LegacyDefinition
  /// True if an earlier version could not have stored it.
  private let isNewer: Bool

  init(_ research: Research) {
    legacy = LegacyDefinition(research)
    isNewer = !research.pruning.isEmpty
    let settings = research.settings
    var values: [String: Value] = [
      "version": .int(Self.version), "finalize": .bool(settings.finalize),
      "iterations": research.iterations.map { .int($0) } ?? .null,
      "units": .list(research.units.map(\.encoding)),
      "updates": .list(research.updates.map(\.when.encoding)),
    ]
    // Where branches may share something, their number matters.
    if settings.branches.configs != nil || settings.branches.count > 1 && research.dependsOnBranches
    {
      values["branches"] = settings.branches.encoding
    }
    if let workers = settings.workers, workers.configs != nil {
      values["workers"] = workers.encoding
    }
    if !research.pruning.isEmpty {
      values["pruning"] = .list(research.pruning.map(\.encoding))
      values["window"] = settings.window.map { .int($0) } ?? .null
      values["objective"] =
        settings.objective.map {
          [.string($0.name), .string($0.direction.rawValue)]
        } ?? .null
      if settings.objectives.count > 1 {
        values["objectives"] = .list(
          settings.objectives.map { [.string($0.name), .string($0.direction.rawValue)] }
        )
      }
    }
    encoding = .dictionary(values)
  }

  /// The notes that hold it.
  var notes: [RunRecordNote] { [(Self.noteKey, encoding), ("definition", .string(legacy.text))] }

  /// Gives a research the number of iterations, and whether it finalizes, that a store has.
  package static func restoreIterations(of research: inout Research, _ notes: [String: Value]) {
    guard case .dictionary(let values)? = notes[noteKey] else { return }
    if case .int(let count)? = values["iterations"] { research.settings.iterations = count }
    if case .bool(let finalize)? = values["finalize"] { research.settings.finalize = finalize }
  }

  typealias RunRecordNote = (key: String, value: Value)

  /// The definition that a store holds.
  enum Stored {
    case none
    /// Of a store that an earlier version made.
    case legacy(String)
    case encoded(Value)

    init(_ notes: [String: Value]) {
      if let value = notes[ResearchDefinition.noteKey] {
        self = .encoded(value)
      } else if case .string(let text)? = notes["definition"] {
        self = .legacy(text)
      } else {
        self = .none
      }
    }

    var isThere: Bool { if case .none = self { false } else { true } }
  }

  /// Returns true if the stored definition is this one.
  func matches(_ stored: Stored) -> Bool {
    switch stored {
    case .none: true
    case .legacy(let text): !isNewer && text == legacy.text
    case .encoded(let value): value == encoding
    }
  }

  /// Returns true if the stored definition has the same units and updates. The number of iterations may differ.
  func hasSameUnits(as stored: Stored) -> Bool {
    switch stored {
    case .none: return true
    case .legacy(let text): return !isNewer && legacy.hasSameUnits(as: text)
    case .encoded(let value):
      guard case .dictionary(let before) = value, case .dictionary(let now) = encoding else {
        return false
      }
      return ["units", "updates", "pruning"].allSatisfy { before[$0] == now[$0] }
    }
  }

  /// Returns the differences from a stored definition, a line each, for a person to read.
  func difference(from stored: Stored) -> String {
    switch stored {
    case .none: return ""
    case .legacy(let text):
      let pruning = Self.lines(encoding).filter { $0.hasPrefix("prune ") }.map { "  + \($0)" }
      return ([Self.difference(text.lines, legacy.text.lines)] + pruning).filter { !$0.isEmpty }
        .joined(separator: "\n")
    case .encoded(let value):
      let short = Self.difference(Self.lines(value), Self.lines(encoding))
      if !short.isEmpty { return short }
      let long = Self.difference(
        Self.lines(value, reading: true),
        Self.lines(encoding, reading: true)
      )
      return long.isEmpty ? "  the units have another order" : long
    }
  }

  /// Returns the differences from the definition of another process.
  func difference(fromText text: String) -> String {
    guard let value = try? Value(parsing: text) else { return "" }
    return difference(from: .encoded(value))
  }

  private static func difference(_ old: [String], _ new: [String]) -> String {
    let removed = old.filter { !new.contains($0) }.map { "  - \($0)" }
    let added = new.filter { !old.contains($0) }.map { "  + \($0)" }
    return (removed + added).joined(separator: "\n")
  }

  /// The definition in lines for a person.
  private static func lines(_ encoding: Value, reading: Bool = false) -> [String] {
    guard case .dictionary(let values) = encoding else { return [] }
    let iterations = values["iterations"].flatMap { Int($0) }.map(String.init) ?? "open"
    var lines = ["iterations \(iterations), finalize \(values["finalize"] == true)"]
    for unit in list(values["units"]) { lines.append(line(ofUnit: unit, reading: reading)) }
    for update in list(values["updates"]) { lines.append("update \(text(ofWhen: update))") }
    for pruning in list(values["pruning"]) {
      let parts = list(pruning)
      if parts.count > 2 { lines.append("prune by \(parts[2]), \(parts[0]) \(parts[1])") }
    }
    for key in ["branches", "workers", "window", "objective"] {
      if let value = values[key] { lines.append("\(key) \(value)") }
    }
    return lines
  }

  private static func line(ofUnit encoding: Value, reading: Bool) -> String {
    guard case .dictionary(let unit) = encoding else { return "" }
    func text(_ key: String) -> String { unit[key]?.description ?? "" }
    let names = (unit["keys"] == true ? [".keys"] : []) + list(unit["names"]).map(\.description)
    var line = unit["root"] == true ? "root " : ""
    line += "\(text("kind")) '\(text("name"))', \(Self.text(ofWhen: unit["when"]))"
    if !names.isEmpty { line += ", saving \(names.joined(separator: ", "))" }
    if reading {
      let reads = list(unit["reads"]).map { list($0).map(\.description).joined(separator: " ") }
      line += ", reading \(reads.isEmpty ? "nothing" : reads.joined(separator: ", "))"
    }
    return line
  }

  private static func text(ofWhen encoding: Value?) -> String {
    When(encoding: encoding)?.description ?? "at unknown iterations"
  }

  private static func list(_ value: Value?) -> [Value] {
    if case .list(let list)? = value { list } else { [] }
  }
}

extension String {
  fileprivate var lines: [String] { split(separator: "\n").map(String.init) }
}
