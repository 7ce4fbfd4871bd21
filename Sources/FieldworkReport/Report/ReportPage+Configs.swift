import FieldworkAnalysis
import FieldworkCore
import FieldworkStore

extension ReportPage {
  /// How many rows stand in the page before its script has run.
  private static let firstRows = 100
  /// Of more configs, the best ones are in the table, or the first ones.
  private static let mostConfigs = 10_000

  /// A column of the table of configs.
  private struct Column {
    let name: String
    var cells: [Value?]
    var isNumeric: Bool
    /// Half of the width of each mean's interval.
    var margins: [Double?]?
    /// The names that the playbook gives values.
    var names: [String?] = []
    /// By row: true if the value is not plain, so that only its name is known.
    var areNames: [Bool] = []
    /// The names by which a filter may call the column, beside its own.
    var otherNames: [String] = []

    func json(_ rows: [Int]) -> Value {
      var object: [String: Value] = [
        "name": .string(Markup.cut(name, Markup.longest)),
        "kind": .string(isNumeric ? "number" : "text"),
      ]
      if isNumeric {
        object["cells"] = .list(
          rows.map { row in
            cells[row] == .null ? .string("null") : cells[row].flatMap(size) ?? .null
          }
        )
      } else {
        var places: [String: Int] = [:]
        var texts: [Value] = []
        var sizes: [Value] = []
        object["cells"] = .list(
          rows.map { row in
            guard let cell = cells[row] else { return .null }
            let text = Markup.cut(cell.description, 400)
            // A number, a truth value or a null, and the text of it, are two.
            let kind = cell.number == nil ? cell.kind.rawValue : "number"
            let key = "\(areNames.isEmpty || !areNames[row] ? kind : "name") \(text)"
            if places[key] == nil {
              places[key] = texts.count
              texts.append(.string(text))
              sizes.append(size(cell) ?? .null)
            }
            return .int(places[key] ?? 0)
          }
        )
        object["texts"] = .list(texts)
        if sizes.contains(where: { $0 != .null }) { object["sizes"] = .list(sizes) }
        if let place = places["null null"] { object["null"] = .int(place) }
        let flags = ["true", "false"].compactMap { places["bool \($0)"] }
        if !flags.isEmpty { object["flags"] = .list(flags.map { .int($0) }) }
        let named = places.filter { $0.key.hasPrefix("name ") }.map(\.value).sorted()
        if !named.isEmpty { object["named"] = .list(named.map { .int($0) }) }
      }
      if names.contains(where: { $0 != nil }) {
        object["names"] = .list(
          rows.map { names[$0].map { .string(Markup.cut($0, 400)) } ?? .null }
        )
      }
      if !otherNames.isEmpty { object["others"] = .list(otherNames.map { .string($0) }) }
      if let margins {
        object["margins"] = .list(rows.map { margins[$0].map { Chart.number($0) } ?? .null })
      }
      return .dictionary(object)
    }

    /// A number for the script; as a text if the script's language has no such number.
    private func size(_ cell: Value) -> Value? {
      if case .int(let whole) = cell, whole.magnitude > 1 << 53 { return .string("\(whole)") }
      return cell.number.map { number in
        number.isFinite ? Chart.number(number, digits: 9) : .string("\(number)")
      }
    }

    func html(_ row: Int) -> String {
      let text: String =
        switch cells[row] {
        case nil: ""
        case .double(let number)?: Scale.rounded(number)
        case let value?: value.description
        }
      let margin =
        (margins?[row])?.map { " <span class=\"margin\">± \(Scale.margin($0))</span>" } ?? ""
      return
        "<td\(isNumeric ? " class=\"number\"" : "")>\(Markup.text(Markup.cut(text, 400)))\(margin)</td>"
    }
  }

  func configs(_ data: inout [String: Value]) -> Section? {
    let groups = report.results.configGroups
    guard !groups.isEmpty else { return nil }
    let firsts = groups.map { $0[0] }
    var columns = source.varying.map { column in
      let cells = firsts.map { column[$0] }
      let subjects = firsts.map { column.subject($0) }
      return Column(
        name: column.name,
        cells: cells,
        isNumeric: column.holdsNumbers,
        names: subjects.map(\.name),
        areNames: subjects.map { $0.value == nil && $0.name != nil },
        otherNames: column.otherNames
      )
    }
    for name in names {
      guard let numbers = try? source.lastNumbers(name) else { continue }
      let statistics = groups.map { Statistics($0.compactMap { numbers[$0] }) }
      columns.append(
        Column(
          name: name,
          cells: statistics.map { $0.count > 0 ? .double($0.mean) : nil },
          isNumeric: true,
          margins: statistics.map { $0.margin() }
        )
      )
    }
    columns += stateColumns(groups)
    columns.append(
      Column(
        name: "id",
        cells: firsts.map { .string(report.results.experiments[$0].id) },
        isNumeric: false
      )
    )
    let sorted = report.objective.flatMap { objective in
      columns.firstIndex { $0.name == objective.name && $0.margins != nil }
    }
    let descending = report.objective?.direction == .maximize
    var rows = Array(groups.indices)
    if let sorted {
      let numbers = columns[sorted].cells.map { $0?.number }
      rows.sort { first, second in
        switch (numbers[first], numbers[second]) {
        case (let a?, let b?) where a != b && !a.isNaN && !b.isNaN: (a < b) != descending
        case (let a, let b) where (a == nil || a?.isNaN == true) != (b == nil || b?.isNaN == true):
          b == nil || b?.isNaN == true
        default: first < second
        }
      }
    }
    let kept = Array(rows.prefix(Self.mostConfigs)).sorted()
    data["configs"] = [
      "columns": .list(columns.map { $0.json(kept) }),
      "sorted": sorted.map { .int($0) } ?? .null, "descending": .bool(descending),
    ]
    return Section(
      id: "configs",
      title: "Configs",
      body: table(columns, rows, kept: kept.count, of: groups.count, sorted, descending)
    )
  }

  /// How many experiments of each config are done, and, if there are any, failed or otherwise not done.
  private func stateColumns(_ groups: [[Int]]) -> [Column] {
    func count(_ name: String, _ states: [ExperimentState]) -> Column {
      Column(
        name: name,
        cells: groups.map { group in
          .int(group.count { states.contains(report.results.experiments[$0].state) })
        },
        isNumeric: true,
        margins: nil
      )
    }
    let states = Set(report.results.experiments.map(\.state))
    var columns = [count("done", [.done])]
    if states.contains(.pruned) { columns.append(count("pruned", [.pruned])) }
    if states.contains(.failed) { columns.append(count("failed", [.failed])) }
    if states.contains(.interrupted) || states.contains(.running) {
      columns.append(count("not ended", [.interrupted, .running]))
    }
    return columns
  }

  private func table(
    _ columns: [Column],
    _ rows: [Int],
    kept: Int,
    of count: Int,
    _ sorted: Int?,
    _ descending: Bool
  ) -> String {
    let heads = columns.enumerated().map { index, column in
      let sort = index == sorted ? " aria-sort=\"\(descending ? "descending" : "ascending")\"" : ""
      return
        "<th scope=\"col\"\(column.isNumeric ? " class=\"number\"" : "")\(sort)><button type=\"button\">\(Markup.text(Markup.cut(column.name, 60)))</button></th>"
    }
    let lines = rows.prefix(Self.firstRows).map { row in
      "<tr>\(columns.map { $0.html(row) }.joined())</tr>"
    }
    let example = Self.example(columns)
    let same = source.parameters.filter { column in
      !source.varying.contains { $0.name == column.name }
    }
    .map { "\($0.name) \(PlotSource.text($0[0]))" }
    return """
      <div class="controls" hidden>
      <label class="full">Filter <input type="search" id="config-filter" autocomplete="off" spellcheck="false" \
      placeholder="\(Markup.text(example))" aria-describedby="config-hint"></label>
      <span id="config-count" role="status"></span>
      </div>
      <p class="hint" id="config-hint">A click on a head sorts. The filter takes conditions on these columns as --where does, such as \
      \(Markup.text(example)), with and, or, not, in, contains and is missing, and words to look for in all columns.\
      \(count > kept ? " The table has \(kept) of \(count) configs." : "")\
      \(same.isEmpty ? "" : " The same everywhere: \(Markup.text(Markup.cut(same.joined(separator: ", "), 300))).")</p>
      <div class="tall" tabindex="0" role="region" aria-label="Configs">
      <table id="config-table"><thead><tr>\(heads.joined())</tr></thead><tbody>\(lines.joined())</tbody></table>
      </div>
      <p><button type="button" id="config-more" hidden>Show 500 more</button></p>
      """
  }

  /// A comparison that can be tried.
  private static func example(_ columns: [Column]) -> String {
    guard
      let column = columns.first(where: {
        $0.isNumeric && $0.margins == nil && !$0.name.contains(" ")
      }),
      let value = column.cells.compactMap({ $0?.number }).max()
    else { return "done>0" }
    return "\(Markup.cut(column.name, 20))<\(Scale.rounded(value))"
  }
}
