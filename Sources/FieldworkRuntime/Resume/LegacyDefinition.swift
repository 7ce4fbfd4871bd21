import FieldworkCore

/// The texts by which stores of earlier versions identify a definition. They never change, so that these stores are
/// accepted as they are.
struct LegacyDefinition {
  private let research: Research

  init(_ research: Research) { self.research = research }

  /// The text of the note `definition`.
  var text: String {
    let settings = research.settings
    let iterations = research.iterations.map(String.init) ?? "open"
    var lines = ["iterations \(iterations), finalize \(settings.finalize)"]
    lines += units
    lines += research.updates.map { "update \(Self.text($0.when))" }
    if settings.branches.configs != nil || settings.branches.count > 1 && research.dependsOnBranches
    {
      lines.append("branches \(settings.branches)")
    }
    if let workers = settings.workers, workers.configs != nil { lines.append("workers \(workers)") }
    return lines.joined(separator: "\n")
  }

  /// The hash that checkpoints have.
  var checkpointDefinition: String {
    let lines =
      units + ["finalize \(research.settings.finalize)"]
      + [research.unitVersions].compactMap(\.self)
    return SHA256.hexDigest(of: lines.joined(separator: "\n"), length: 16)
  }

  /// Returns the hash of what an update of the domain rests on.
  static func premise(_ decision: Decision, domain: String) -> String {
    SHA256.hexDigest(
      of: "\(text(decision.when))|\(decision.number)|\(decision.history)|\(domain)",
      length: 32
    )
  }

  private var units: [String] {
    research.units.map { unit in
      let keys = unit.saving?.names.isEmpty == true ? [".keys"] : []
      let names = keys + unit.savedNames
      let list = names.isEmpty ? "" : ", saving \(names.joined(separator: ", "))"
      let root = unit.isRoot ? "root " : ""
      return "\(root)\(unit.kind.rawValue) '\(unit.name)', \(Self.text(unit.when))\(list)"
    }
  }

  /// Returns true if the units of a stored definition are those of the research.
  func hasSameUnits(as stored: String) -> Bool {
    func units(_ text: String) -> [Substring] {
      text.split(separator: "\n").dropFirst().filter { line in
        !line.hasPrefix("branches ") && !line.hasPrefix("workers ")
      }
    }
    return units(text) == units(stored)
  }

  static func text(_ when: When) -> String {
    guard case .list(let terms) = when.encoding, !terms.isEmpty else { return ".never" }
    return terms.map { term in
      guard case .list(let parts) = term, case .string(let kind) = parts[0] else { return "" }
      return parts.count > 1 ? ".\(kind)(\(parts[1]))" : ".\(kind)"
    }.joined(separator: " | ")
  }
}
