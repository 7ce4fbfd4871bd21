import FieldworkAnalysis
import FieldworkCore
import FieldworkStore

/// The page of a report, section by section.
struct ReportPage {
  /// Of more saved names, the first ones are drawn.
  static let mostResults = 6

  let report: Report
  let source: PlotSource
  /// The saved names that are numbers, the objective first.
  let names: [String]
  /// The saved names that are drawn.
  let drawn: [String]
  /// By drawn name: how much each parameter explains.
  let importances: [String: FunctionalANOVA]

  init(_ report: Report) {
    self.report = report
    let source = PlotSource(report.results)
    let numbers = report.results.variables.filter { report.results.hasNumbers($0) }
    let first = numbers.filter { $0 == report.objective?.name }
    names = first + numbers.filter { $0 != report.objective?.name }
    drawn = Array(names.prefix(Self.mostResults))
    var importances: [String: FunctionalANOVA] = [:]
    for name in drawn { importances[name] = try? report.results.importance(of: name) }
    self.importances = importances
    self.source = source
  }

  /// The parameters that differ, those first that explain most of a result.
  func parameters(for name: String?) -> [Table.Column] {
    let shares = name.flatMap { importances[$0]?.shares.map(\.parameter) } ?? []
    return shares.compactMap { name in source.varying.first { $0.name == name } }
      + source.varying.filter { !shares.contains($0.name) }
  }

  /// The parameters that differ, those first that explain most of the first result.
  var parameters: [Table.Column] { parameters(for: drawn.first) }

  var html: String {
    var data: [String: Value] = ["style": .string(Palette.style)]
    let sections = [
      curves(&data), history(), front(), effects(&data), importance(),
      densityImportance(), heatMaps(), parallel(),
      configs(&data),
      failures(), timeline(), provenance(),
    ].compactMap(\.self)
    let links = sections.map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" }.joined()
    let title = Markup.text(report.title)
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
      <title>\(title)</title>
      <style>\(Self.text(PackageResources.report_css))\(Palette.shared)</style>
      </head>
      <body>
      <a class="skip" href="#main">Skip to the results</a>
      <header>
      <h1>\(title)</h1>
      \(summary)
      </header>
      <nav aria-label="Sections"><ul>\(links)</ul></nav>
      <main id="main">
      \(sections.map(\.html).joined(separator: "\n"))
      </main>
      <footer>Made by Fieldwork. Means are those of the last values of the experiments that are done; intervals are 95 percent \
      confidence intervals of the mean (Student's t).</footer>
      <div id="tip" hidden></div>
      <div id="spoken" class="sr" aria-live="polite"></div>
      <script type="application/json" id="data">\(Markup.script(Value.dictionary(data).jsonText))</script>
      <script>\(Self.text(PackageResources.report_js))</script>
      </body>
      </html>

      """
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// A part of the page that can be gone to.
  struct Section {
    let id: String
    let title: String
    let body: String

    var html: String {
      """
      <section id="\(id)" aria-labelledby="\(id)-title">
      <h2 id="\(id)-title">\(title)</h2>
      \(body)
      </section>
      """
    }
  }

  /// A menu, with a label before it; nothing if there is no choice.
  static func menu(_ id: String, _ label: String, _ choices: [(value: String, text: String)])
    -> String
  {
    guard choices.count > 1 else { return "" }
    let options = choices.map {
      "<option value=\"\(Markup.text($0.value))\">\(Markup.text(Markup.shortened($0.text, 60)))</option>"
    }
    return "<label>\(label) <select id=\"\(id)\">\(options.joined())</select></label>"
  }

  /// A picture with what it shows and what it leaves out.
  static func figure(_ plot: Plot, isWide: Bool = false, attributes: String = "") -> String {
    let element =
      isWide
      ? plot.element.replacing("class=\"plot\"", with: "class=\"plot wide\"") : plot.element
    return """
      <figure class="panel"\(attributes)>
      <div class="scroll">\(element)</div>
      <figcaption>\(Markup.text(plot.summary))</figcaption>
      \(plot.notes.isEmpty ? "" : "<p class=\"note\">\(Markup.text(plot.notes.joined(separator: " ")))</p>")
      </figure>
      """
  }

  // MARK: Summary

  private var summary: String {
    let experiments = report.results.experiments
    let counts = Dictionary(experiments.map { ($0.state, 1) }, uniquingKeysWith: +)
    var cards: [String] = []
    func card(_ title: String, _ value: String, _ detail: String = "", isBad: Bool = false) {
      cards.append(
        """
        <div class="card"><dt>\(title)</dt><dd\(isBad ? " class=\"bad\"" : "")>\(Markup.text(value))\
        \(detail.isEmpty ? "" : "<small>\(Markup.text(detail))</small>")</dd></div>
        """
      )
    }
    let ranked = report.objective.map { report.results.ranked(by: $0) } ?? []
    if report.objectives.count > 1 {
      let all = report.results.compared(by: report.objectives)
      if !all.isEmpty {
        let (volume, reference) = ResearchResults.hypervolume(all, report.objectives)
        card(
          "Pareto front",
          "\(ResearchResults.front(all, report.objectives).count) of \(all.count) configs",
          "hypervolume \(Scale.rounded(volume)) up to \(zip(report.objectives, reference).map { "\($0.name) \(Scale.rounded($1))" }.joined(separator: ", "))"
        )
      }
    } else if let objective = report.objective, let best = ranked.first {
      let alike = ResearchResults.countAlike(ranked)
      card(
        "Best \(Markup.text(objective.name))",
        Scale.mean(best.statistics),
        "\(Markup.cut(best.config.description, 200)) (n = \(best.statistics.count))"
          + (alike == 0
            ? ""
            : "; \(alike) of \(ranked.count - 1) others cannot be told from it, repetition by repetition")
      )
    }
    let others = ExperimentState.allCases.filter { $0 != .done && $0 != .failed }
      .compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }
    let groups = report.results.configGroups.count
    let repetitions = (experiments.map(\.repetition).max() ?? 0) + 1
    let size =
      "\(groups) config\(groups == 1 ? "" : "s")"
      + (repetitions > 1 ? ", \(repetitions) repetitions" : "")
    card(
      "Experiments done",
      "\(counts[.done] ?? 0) of \(max(experiments.count, report.plannedCount ?? 0))",
      ([size] + others).joined(separator: ", ")
    )
    if let failed = counts[.failed] {
      let causes = report.results.failureCauses.count
      card("Failed", "\(failed)", "\(causes) cause\(causes == 1 ? "" : "s")", isBad: true)
    }
    if let pruned = counts[.pruned], let savings { card("Pruned", "\(pruned)", savings) }
    let busy = experiments.reduce(0) { $0 + ($1.duration ?? 0) }
    card("Time in experiments", Self.duration(busy), "added up over the workers")
    if let seed = report.results.notes["seed"] { card("Seed", seed.description) }
    if let time = report.provenance.last(where: { $0.topic == "environment" && $0.item == "time" })
    {
      card("Last run", time.text.replacing("T", with: " ").replacing("Z", with: " UTC"))
    }
    return "<dl class=\"cards\">\(cards.joined())</dl>"
  }

  /// The iterations that pruned experiments have not made, with the time that they would have taken; nil if it is not known
  /// how many iterations an experiment has.
  private var savings: String? {
    let experiments = report.results.experiments
    let whole = experiments.filter { $0.state == .done }.compactMap(\.iterations).max()
    guard let whole else { return nil }
    let ended = experiments.filter { $0.state == .done || $0.state == .pruned }
    let made = ended.reduce(0) { $0 + ($1.iterations ?? 0) }
    let saved = ended.filter { $0.state == .pruned }
      .reduce(0) { $0 + max(0, whole - ($1.iterations ?? 0)) }
    guard saved > 0, made > 0 else { return nil }
    let seconds = ended.reduce(0) { $0 + ($1.duration ?? 0) } / Double(made) * Double(saved)
    return "\(saved) of \(made + saved) iterations saved, about \(Self.duration(seconds))"
  }

  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<120: "\(Scale.rounded((seconds * 100).rounded() / 100)) s"
    case ..<7200: "\(Int((seconds / 60).rounded())) min"
    default: "\(Scale.rounded((seconds / 360).rounded() / 10)) h"
    }
  }
}
