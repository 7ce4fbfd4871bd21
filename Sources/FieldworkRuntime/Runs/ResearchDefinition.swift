import FieldworkCore

/// What must not change between runs of a research: the units' declarations and the number of iterations.
/// The domain may grow and shrink.
struct ResearchDefinition {
  /// One line for each thing that is declared.
  let text: String

  init(_ research: Research) {
    let settings = research.settings
    let iterations = research.iterations.map(String.init) ?? "open"
    var lines = ["iterations \(iterations), finalize \(settings.finalize)"]
    lines += research.units.map(\.description)
    lines += research.updates.map(\.description)
    // Where branches may share something, their number matters.
    if settings.branches.configs != nil || settings.branches.count > 1 && research.dependsOnBranches
    {
      lines.append("branches \(settings.branches)")
    }
    if let workers = settings.workers, workers.configs != nil { lines.append("workers \(workers)") }
    text = lines.joined(separator: "\n")
  }

  /// Returns true if an earlier definition has the same units and updates. The number of iterations may differ.
  func hasSameUnits(as before: String) -> Bool {
    func units(_ text: String) -> [Substring] {
      text.split(separator: "\n").dropFirst().filter { line in
        !line.hasPrefix("branches ") && !line.hasPrefix("workers ")
      }
    }
    return units(text) == units(before)
  }

  /// What is different from an earlier definition, a line each, for a person to read.
  func difference(from before: String) -> String {
    let old = before.split(separator: "\n")
    let new = text.split(separator: "\n")
    let removed = old.filter { !new.contains($0) }.map { "  - \($0)" }
    let added = new.filter { !old.contains($0) }.map { "  + \($0)" }
    let lines = removed + added
    return lines.isEmpty ? "  the units stand in another order" : lines.joined(separator: "\n")
  }
}
