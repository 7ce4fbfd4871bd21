import FieldworkAnalysis
import FieldworkCore
public import FieldworkStore

extension Plot {
  /// What a parameter does to a result: the last values of the experiments, and for each value of the
  /// parameter their mean with its 95 percent confidence interval. Numbers lie on an axis, categories side
  /// by side.
  /// - Parameters:
  ///   - parameter: the parameter on the horizontal axis, which is logarithmic where its numbers span two
  ///     decades.
  ///   - name: the saved name.
  ///   - color: a parameter whose values are told apart; nil for none.
  ///   - logX: whether the parameter stands on a logarithmic axis; nil to let its numbers tell.
  ///   - logY: whether the result stands on a logarithmic axis.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if no numbers were saved under it.
  public static func parameter(
    _ parameter: String,
    of name: String,
    by color: String? = nil,
    _ results: ResearchResults,
    logX: Bool? = nil,
    logY: Bool = false
  ) throws -> Plot {
    let source = PlotSource(results)
    var chart = try ParameterEffect.chart(
      source.parameter(parameter),
      name,
      color.map(source.parameter),
      source
    )
    if logX == true, case .categories = chart.x.kind {
      chart.notes.append("\(parameter) is not a number everywhere, so its axis is not logarithmic.")
    } else if let logX {
      chart.x.kind = logX ? .logarithmic : .linear
      let hidden = Set(chart.series.flatMap(\.x).filter { $0 <= 0 }).count
      if logX, hidden > 0 {
        chart.notes.append(
          "\(hidden) values of \(parameter) are not positive, and not on a logarithmic axis."
        )
      }
    }
    chart.setLogarithmic(x: false, y: logY)
    return Plot(chart)
  }
}

/// A result over the values of a parameter.
enum ParameterEffect {
  /// Of more values that are numbers, neighbours are taken together.
  private static let mostValues = 20
  private static let bins = 10
  /// Of more experiments, some are drawn.
  private static let mostPoints = 240

  static func chart(
    _ column: Table.Column,
    _ name: String,
    _ color: Table.Column?,
    _ source: PlotSource
  ) throws -> Chart {
    let numbers = try source.requiredLastNumbers(name)
    let colors = color.map { Grouping($0) } ?? Grouping(all: source.count)
    // A parameter of numbers that some configs lack is a parameter of numbers.
    let lacking = source.lackingNumbers(column)
    let rows = (0..<source.count).filter {
      numbers[$0] != nil && colors.groups[$0] != nil && !lacking.contains($0)
    }
    guard !rows.isEmpty else { throw PlotSource.nothing(column, name) }
    let places = Places(column, rows, mostValues: mostValues, bins: bins)
    let isNumeric = places.names == nil
    var cells = colors.labels.map { _ in places.centers.map { _ in [Double]() } }
    for row in rows {
      guard let place = places.groups[row], let color = colors.groups[row],
        let number = numbers[row]
      else { continue }
      cells[color][place].append(number)
    }
    let series = zip(colors.labels, cells).map { label, cells in
      var series = Chart.Series(label: label)
      for (x, own) in zip(places.centers, cells) where !own.isEmpty {
        series.append(x, Statistics(own))
      }
      return series
    }
    let drawn =
      rows.count <= mostPoints
      ? rows : (0..<mostPoints).map { rows[$0 * rows.count / mostPoints] }
    var notes = [places.note, colors.note].compactMap(\.self)
    if drawn.count < rows.count {
      notes.append(
        "\(drawn.count) of \(rows.count) experiments are drawn as points; means are of all."
      )
    }
    if let note = source.note(lacking, column) { notes.append(note) }
    let bad = rows.count { !(numbers[$0] ?? 0).isFinite }
    if bad > 0 {
      notes.append(
        "\(bad) of \(rows.count) results are not finite, and make a mean without a place."
      )
    }
    return Chart(
      title: "\(name) by \(column.name)" + (color.map { " and \($0.name)" } ?? ""),
      summary: summary(name, places, numbers, rows),
      x: Axis(
        column.name,
        places.names.map { .categories($0) }
          ?? (Chart.spansDecades(places.centers) ? .logarithmic : .linear)
      ),
      y: Axis(name),
      kind: isNumeric ? .dots : .strips,
      legend: colors.name,
      series: series.filter { !$0.x.isEmpty },
      points: drawn.map { row in
        Chart.Point(
          x: places.values[row] ?? 0,
          y: numbers[row] ?? .nan,
          series: colors.groups[row] ?? 0
        )
      },
      notes: notes
    )
  }

  /// Which values of the parameter have the smallest and the largest mean.
  private static func summary(
    _ name: String,
    _ places: Places,
    _ numbers: [Double?],
    _ rows: [Int]
  ) -> String {
    var cells = places.labels.map { _ in [Double]() }
    for row in rows {
      if let place = places.groups[row], let number = numbers[row] { cells[place].append(number) }
    }
    let means = zip(places.labels, cells.map { Statistics($0) }).filter { !$0.1.mean.isNaN }
    guard let least = means.min(by: { $0.1.mean < $1.1.mean }),
      let most = means.max(by: { $0.1.mean < $1.1.mean }), means.count > 1
    else { return "" }
    if least.1.mean == most.1.mean {
      return "The mean of \(name) is \(Scale.rounded(most.1.mean)) everywhere."
    }
    func text(_ mean: (String, Statistics)) -> String {
      "\(Markup.shortened(mean.0, 40)) (\(Scale.mean(mean.1)))"
    }
    return "The mean of \(name) is smallest at \(text(least)), largest at \(text(most))."
  }
}

/// Where the values of a parameter lie on an axis.
struct Places {
  /// The names of the places 0, 1, …; nil if the values are numbers.
  let names: [String]?
  /// The place of each experiment's own value; nil for one that is not looked at.
  let values: [Double?]
  /// The group of each experiment, an index of `centers`.
  let groups: [Int?]
  /// Where each group lies.
  let centers: [Double]
  /// What is in each group.
  let labels: [String]
  let note: String?

  init(_ column: Table.Column, _ rows: [Int], mostValues: Int, bins: Int) {
    var own = [Double?](repeating: nil, count: column.count)
    var groups = [Int?](repeating: nil, count: column.count)
    let numbers = rows.compactMap { column[$0]?.number }.filter(\.isFinite)
    guard numbers.count == rows.count else {
      let grouping = Grouping(column.rows(rows), most: mostValues)
      for (index, row) in rows.enumerated() {
        groups[row] = grouping.groups[index]
        own[row] = grouping.groups[index].map(Double.init)
      }
      names = grouping.labels
      labels = grouping.labels
      centers = grouping.labels.indices.map(Double.init)
      note = grouping.note
      (values, self.groups) = (own, groups)
      return
    }
    names = nil
    let different = Set(numbers).sorted()
    for (row, number) in zip(rows, numbers) { own[row] = number }
    if different.count <= mostValues {
      let places = Dictionary(uniqueKeysWithValues: different.enumerated().map { ($1, $0) })
      for (row, number) in zip(rows, numbers) { groups[row] = places[number] }
      centers = different
      labels = different.map(Scale.rounded)
      note = nil
    } else {
      let bounds = Grouping.bounds(numbers, ranges: bins)
      var sums = [(sum: Double, count: Double)](repeating: (0, 0), count: bounds.count + 1)
      for (row, number) in zip(rows, numbers) {
        let bin = bounds.count { $0 <= number }
        groups[row] = bin
        sums[bin] = (sums[bin].sum + number, sums[bin].count + 1)
      }
      centers = sums.map { $0.sum / max($0.count, 1) }
      labels = Grouping.labels(own, groups, count: sums.count)
      note =
        "\(column.name) has \(different.count) values; means are over \(sums.count) ranges of them."
    }
    (values, self.groups) = (own, groups)
  }
}
