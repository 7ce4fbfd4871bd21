import FieldworkAnalysis
import FieldworkCore
import FieldworkStore

/// The experiments of a plot, with their parameters.
struct PlotSource {
  /// How many groups are told apart.
  static let mostGroups = 8

  let results: ResearchResults
  /// A cell for each experiment.
  let parameters: [Table.Column]
  /// The parameters that differ between experiments.
  let varying: [Table.Column]
  /// Which experiments are done.
  let isDone: [Bool]
  /// Which experiments are done or running: they have curves.
  let hasCurve: [Bool]

  init(_ results: ResearchResults) {
    self.results = results
    parameters = results.configsTable().columns.filter { $0.role == .parameter }
    varying = parameters.filter { column in column.isVarying }
    isDone = results.experiments.map { $0.state == .done }
    hasCurve = zip(isDone, results.areRunning).map { $0 || $1 }
  }

  var count: Int { results.experiments.count }

  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the parameters.
  func parameter(_ name: String) throws -> Table.Column {
    func column(_ name: String) -> Table.Column? { parameters.first { $0.name == name } }
    // It may be given by the name that is shown.
    let shown = results.experiments.lazy.flatMap(\.config.entries)
      .first { $0.name.alias == name }?.name.key
    guard let column = column(name) ?? shown.flatMap(column) else {
      throw FieldworkError(
        .missingParameter,
        parameters.isEmpty
          ? "there is no parameter '\(name)': the configs are empty"
          : "there is no parameter '\(name)', there are \(parameters.map(\.name).joined(separator: ", "))"
      )
    }
    return column
  }

  /// The last number that each experiment saved under a name; nil for one that saved none, or is not done.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under it.
  func lastNumbers(_ name: String) throws -> [Double?] {
    try results.requireVariable(name)
    return zip(results.lastValues(of: name), isDone).map { $1 ? $0?.number : nil }
  }

  /// ``lastNumbers(_:)`` where there must be some.
  /// - Throws: as ``lastNumbers(_:)``; ``FieldworkError`` of code `nothingPasses` if there are none.
  func requiredLastNumbers(_ name: String) throws -> [Double?] {
    let numbers = try lastNumbers(name)
    guard numbers.contains(where: { $0 != nil }) else {
      throw FieldworkError(
        .nothingPasses,
        "no experiment that is done saved numbers under '\(name)'"
      )
    }
    return numbers
  }

  /// The experiments whose configs lack a parameter that is a number in all others; none if it is also something else.
  func lackingNumbers(_ column: Table.Column) -> Set<Int> {
    guard column.holdsNumbers else { return [] }
    return Set((0..<column.count).filter { column[$0]?.number == nil })
  }

  /// Returns the note on experiments that lack a parameter; nil if there are none.
  func note(_ lacking: Set<Int>, _ column: Table.Column) -> String? {
    guard !lacking.isEmpty else { return nil }
    return
      "\(lacking.count) experiment\(lacking.count == 1 ? "" : "s") without \(column.name) \(lacking.count == 1 ? "is" : "are") left out."
  }

  static func nothing(_ column: Table.Column, _ name: String) -> FieldworkError {
    FieldworkError(
      .nothingPasses,
      "no experiment that is done has \(column.name) and saved numbers under '\(name)'"
    )
  }

  /// A value as it is written in a plot.
  static func text(_ value: Value?) -> String {
    switch value {
    case nil: "(absent)"
    case .some(.double(let number)): Scale.rounded(number)
    case .some(.string("null")): "\"null\""
    case .some(let value): value.description
    }
  }
}

/// Experiments in groups.
struct Grouping {
  /// What tells the groups apart; nil if there is one.
  let name: String?
  let labels: [String]
  /// The group of each experiment; nil for one that is in none.
  let groups: [Int?]
  /// What is left out or taken together.
  var note: String?

  /// All in one.
  init(all count: Int) {
    name = nil
    labels = ["all"]
    groups = [Int?](repeating: 0, count: count)
  }

  /// By the values of a parameter: numbers by size, and, where there are many, in ranges of as many
  /// experiments; others by first appearance, the rarest together.
  init(_ column: Table.Column, most: Int = PlotSource.mostGroups) {
    name = column.name
    let cells = column.cells
    var counts: [Value?: Int] = [:]
    var different: [Value?] = []
    for cell in cells {
      if counts[cell, default: 0] == 0 { different.append(cell) }
      counts[cell, default: 0] += 1
    }
    let numbers = different.compactMap { $0?.number }.filter { !$0.isNaN }
    // A parameter of numbers that some configs lack is a parameter of numbers, and those are a group.
    let hasAbsent = counts[nil] != nil
    let isNumeric = !numbers.isEmpty && numbers.count + (hasAbsent ? 1 : 0) == different.count
    if isNumeric {
      different.sort {
        ($0?.number ?? .infinity, $0 == nil ? 1 : 0) < ($1?.number ?? .infinity, $1 == nil ? 1 : 0)
      }
    }
    if different.count <= most {
      labels = different.map(PlotSource.text)
      let places = Dictionary(uniqueKeysWithValues: different.enumerated().map { ($1, $0) })
      groups = cells.map { places[$0] }
      return
    }
    if isNumeric {
      let bounds = Grouping.bounds(cells.compactMap { $0?.number }, ranges: min(most, 5))
      let ranges = cells.map { cell -> Int? in
        cell?.number.map { number in bounds.count { $0 <= number } }
      }
      let absent = bounds.count + 1
      labels =
        Grouping.labels(cells.map { $0?.number }, ranges, count: absent)
        + (hasAbsent ? [PlotSource.text(nil)] : [])
      groups = hasAbsent ? ranges.map { $0 ?? absent } : ranges
      note = "\(column.name) has \(numbers.count) values, taken together in \(absent) ranges."
      return
    }
    let frequent = different.enumerated()
      .sorted {
        (-counts[$0.element, default: 0], $0.offset) < (-counts[$1.element, default: 0], $1.offset)
      }
      .prefix(most - 1).map(\.element)
    let places = Dictionary(uniqueKeysWithValues: frequent.enumerated().map { ($1, $0) })
    labels = frequent.map(PlotSource.text) + ["others"]
    groups = cells.map { places[$0] ?? frequent.count }
    note = "\(different.count - frequent.count) values of \(column.name) are taken together."
  }

  /// The lower ends of ranges of numbers but for the first, so that as many numbers lie in each; equal
  /// numbers are in one range.
  static func bounds(_ numbers: [Double], ranges: Int) -> [Double] {
    let sorted = numbers.sorted()
    return Set((1..<ranges).map { sorted[$0 * sorted.count / ranges] })
      .subtracting([sorted[0]]).sorted()
  }

  /// The texts of ranges, by the numbers that lie in them.
  static func labels(_ numbers: [Double?], _ ranges: [Int?], count: Int) -> [String] {
    var ends = [(least: Double, most: Double)?](repeating: nil, count: count)
    for case (let number?, let range?) in zip(numbers, ranges) {
      let own = ends[range] ?? (number, number)
      ends[range] = (min(own.least, number), max(own.most, number))
    }
    return Scale.texts(ofRanges: ends.map { $0 ?? (0, 0) })
  }

  /// By config: at most so many, the best ones if there is an objective, else the first ones.
  init(configsOf source: PlotSource, objective: Objective?, most: Int = PlotSource.mostGroups) {
    let varying = source.varying.map(\.name)
    name = varying.isEmpty ? nil : varying.joined(separator: ", ")
    let results = source.results
    var order: [ExperimentRecord] = []
    var places: [Config: Int] = [:]
    for experiment in results.experiments {
      let config = experiment.config
      if places[config] == nil {
        places[config] = order.count
        order.append(experiment)
      }
    }
    let total = order.count
    var chosen = order.map(\.config)
    if total > most {
      let best = objective.map { results.best(by: $0, count: most).map(\.config) } ?? []
      chosen = best.isEmpty ? Array(chosen.prefix(most)) : best
      note =
        "\(best.isEmpty ? "The first" : "The best") \(chosen.count) of \(total) configs are shown."
    }
    let shown = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($1, $0) })
    // The names of the parameters stand before them.
    labels = chosen.map { config in
      varying.isEmpty
        ? "all" : varying.map { config[alias: $0]?.name ?? "(absent)" }.joined(separator: ", ")
    }
    groups = results.experiments.map { shown[$0.config] }
  }
}
