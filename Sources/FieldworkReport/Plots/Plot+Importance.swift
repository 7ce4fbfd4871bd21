import FieldworkAnalysis
public import FieldworkCore
public import FieldworkStore

extension Plot {
  /// How much of a result's variance each parameter explains by itself; see
  /// ``ResearchResults/importance(of:)``.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under the name, of code
  ///   `nothingPasses` if there is nothing to explain.
  public static func importance(of name: String, _ results: ResearchResults) throws -> Plot {
    importance(of: name, try results.importanceTable(of: name))
  }

  /// The importance of each parameter for being among the best configs; see ``ResearchResults/densityImportance(of:part:)``.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under the name, of code `nothingPasses` if
  ///   there is nothing to explain.
  public static func importance(of objective: Objective, _ results: ResearchResults) throws -> Plot
  {
    guard let importance = try results.densityImportance(of: objective) else {
      throw FieldworkError(
        .nothingPasses,
        "the best configs by '\(objective.name)' do not differ from the others, or fewer than ten are done"
      )
    }
    let first = importance.shares[0]
    return bars(
      title: "What makes the best \(objective.name)",
      summary:
        "\(first.parameter) accounts for \(percent(first.share)) of the differences between the best \(importance.bestCount) and all \(importance.count) configs.",
      importance.shares.map { ($0.parameter, $0.share, nil) },
      hasRest: false
    )
  }

  private static let mostRows = 12

  /// The picture of an importance that is known.
  static func importance(of name: String, _ table: Table) -> Plot {
    let rows = (0..<table.count).map { row in
      (
        label: table.columns[0][row]?.description ?? "", share: table.columns[1][row]?.number ?? 0,
        deviation: table.columns[2][row]?.number
      )
    }
    return bars(
      title: "What explains \(name)",
      summary: rows.dropLast().first.map {
        "\($0.label) alone explains \(percent($0.share)) of the variance of \(name) over the configs; \(percent(rows.last?.share ?? 0)) is explained by parameters together only."
      } ?? "",
      rows,
      hasRest: true
    )
  }

  /// - Parameter hasRest: true if the last row is what parameters explain together.
  private static func bars(
    title: String,
    summary: String,
    _ all: [(label: String, share: Double, deviation: Double?)],
    hasRest: Bool
  ) -> Plot {
    var rows = all
    let last = hasRest ? 1 : 0
    let hidden = max(0, rows.count - last - mostRows)
    rows.removeSubrange((rows.count - last - hidden)..<(rows.count - last))
    let (width, line) = (380.0, 26.0)
    let left = 24 + Chart.signWidth * Double(min(rows.map(\.label.count).max() ?? 0, 20))
    let room = width - left - 64
    var svg = SVG()
    for (index, row) in rows.enumerated() {
      let y = 10 + line * Double(index)
      svg.text(row.label, left - 8, y + line / 2 + 3, anchor: "end", limit: 20)
      svg.open("g", [("class", hasRest && index == rows.count - 1 ? "s7" : "s0")])
      svg.element(
        "rect",
        [
          ("x", SVG.number(left)), ("y", SVG.number(y + 4)), ("height", SVG.number(line - 8)),
          ("width", SVG.number(max(1, room * min(row.share, 1)))), ("rx", "2"), ("class", "fill"),
        ],
        title: "\(row.label): \(percent(row.share))"
          + (row.deviation.map { ", ± \(percent($0)) over the trees" } ?? "")
      )
      svg.close("g")
      svg.text(percent(row.share), left + room * min(row.share, 1) + 6, y + line / 2 + 3, "small")
    }
    return Plot(
      title: title,
      summary: summary,
      notes: hidden > 0 ? ["\(hidden) parameters that explain less are left out."] : [],
      width: width,
      height: 20 + line * Double(rows.count),
      content: svg.content
    )
  }

  private static func percent(_ share: Double) -> String {
    let percent = share * 100
    return (percent >= 10 ? "\(Int(percent.rounded()))" : Scale.text(percent, 0.1)) + " %"
  }
}
