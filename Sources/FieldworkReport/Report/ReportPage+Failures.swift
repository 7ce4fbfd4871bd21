import FieldworkCore
import FieldworkStore

extension ReportPage {
  private static let mostCauses = 50
  /// How much of a text is shown, in signs.
  private static let mostSigns = 6000

  /// What failed, by its cause.
  func failures() -> Section? {
    let causes = report.results.failureCauses
    guard !causes.isEmpty else { return nil }
    let groups = causes.prefix(Self.mostCauses).map(group)
    let rest = causes.count - groups.count
    return Section(
      id: "failures",
      title: "Failures",
      body: groups.joined(separator: "\n")
        + (rest > 0 ? "<p class=\"note\">\(rest) more causes are left out.</p>" : "")
    )
  }

  private func group(_ cause: ResultDigest.FailureGroup) -> String {
    let failure = cause.failure
    var facts: [(String, String)] = [
      ("unit", failure.unit), ("kind", failure.kind), ("iteration", "\(failure.iteration)"),
    ]
    if let place = failure.place { facts.append(("place", place.description)) }
    if let death = failure.death {
      facts.append(("cause", death.cause.rawValue))
      if let code = death.code { facts.append(("exit code", "\(code)")) }
      if let signal = death.signal { facts.append(("signal", "\(signal)")) }
    }
    facts.append((cause.count == 1 ? "experiment" : "the first", cause.exampleID))
    facts.append(("config", cause.exampleConfig.description))
    let stderr = failure.death?.stderr ?? ""
    return """
      <div class="failure-group">
      <h3>\(cause.count) experiment\(cause.count == 1 ? "" : "s"): \(Markup.text(Markup.cut(failure.message, 300)))</h3>
      \(Self.facts(facts))
      \(stderr.isEmpty ? "" : "<details><summary>The end of its standard error</summary>\(Self.block(stderr, fromEnd: true))</details>")
      </div>
      """
  }

  /// What was recorded of the last run, and the definition.
  func provenance() -> Section? {
    var parts: [String] = []
    if let text = report.results.notes["description"].flatMap(String.init) {
      parts.append(
        "<details open><summary>Definition</summary>\(Self.block(text))</details>"
      )
    }
    let run = report.provenance.map(\.run).max()
    let items = report.provenance.filter { $0.run == run }
    var topics: [String] = []
    for item in items where !topics.contains(item.topic) { topics.append(item.topic) }
    for topic in topics {
      let own = items.filter { $0.topic == topic }
      let isLong = { (item: ProvenanceItem) in
        item.text.contains("\n") || item.text.utf8.count > 200
      }
      let facts = Self.facts(own.filter { !isLong($0) }.map { ($0.item, $0.text) })
      let blocks = own.filter(isLong).map { item in
        "<h3>\(Markup.text(item.item))</h3>\(Self.block(item.text))"
      }
      parts.append(
        "<details><summary>\(Markup.text(topic)), run \(run ?? 0)</summary>\(facts)\(blocks.joined())</details>"
      )
    }
    guard !parts.isEmpty else { return nil }
    return Section(
      id: "provenance",
      title: "Definition and provenance",
      body: parts.joined(separator: "\n")
    )
  }

  private static func facts(_ facts: [(String, String)]) -> String {
    guard !facts.isEmpty else { return "" }
    let lines = facts.map {
      "<dt>\(Markup.text($0))</dt><dd>\(Markup.text(Markup.cut($1, 1000)))</dd>"
    }
    return "<dl class=\"facts\">\(lines.joined())</dl>"
  }

  /// A text of many lines, its beginning or its end.
  private static func block(_ text: String, fromEnd: Bool = false) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > mostSigns else { return "<pre>\(Markup.long(text))</pre>" }
    let part = fromEnd ? scalars.suffix(mostSigns) : scalars.prefix(mostSigns)
    let shown = Markup.long(String(String.UnicodeScalarView(part)))
    return "<pre>\(fromEnd ? "…\n" + shown : shown + "\n…")</pre>"
  }
}
