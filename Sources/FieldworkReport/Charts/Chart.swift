import FieldworkAnalysis
import FieldworkCore
import RealModule

/// Lines, intervals and points over two axes: a value that is drawn as SVG here, and by the page's script
/// where one may change its axes.
struct Chart: Sendable {
  /// Means with their intervals.
  struct Series: Sendable {
    let label: String
    var x: [Double] = []
    var mean: [Double] = []
    /// The interval of each mean; NaN where there is none.
    var low: [Double] = []
    var high: [Double] = []
    /// How many experiments each mean is of.
    var count: [Int] = []

    /// Adds a mean with its interval.
    mutating func append(_ x: Double, _ statistics: Statistics) {
      let interval = statistics.interval()
      self.x.append(x)
      mean.append(statistics.mean)
      low.append(interval?.low ?? .nan)
      high.append(interval?.high ?? .nan)
      count.append(statistics.count)
    }
  }

  /// One experiment.
  struct Point: Sendable {
    let x: Double
    let y: Double
    let series: Int
  }

  /// How series are drawn.
  enum Kind: String, Sendable {
    /// Lines with bands.
    case lines
    /// Lines with dots and bars.
    case dots
    /// Dots and bars alone.
    case strips
  }

  var title: String
  /// What it shows, in a sentence or two, for those who do not see it.
  var summary: String
  var x: Axis
  var y: Axis
  var kind: Kind
  /// What tells the series apart; nil if there is one.
  var legend: String?
  var series: [Series]
  var points: [Point] = []
  /// What is left out.
  var notes: [String] = []

  /// The numbers that the vertical axis has to show. Intervals that are far wider than the means lie apart, as those
  /// of two repetitions may be, would leave no room for the means; they end at the edge.
  var heights: [Double] {
    let means = (series.flatMap(\.mean) + points.map(\.y)).filter(\.isFinite)
    let ends = series.flatMap { $0.low + $0.high }.filter(\.isFinite)
    guard let least = means.min(), let most = means.max(), most > least else { return means + ends }
    let room = most - least
    return means + ends.map { min(max($0, least - room), most + room) }
  }

  var widths: [Double] { series.flatMap(\.x) + points.map(\.x) }

  /// Whether a logarithmic axis shows all that a linear one does.
  static func isPositive(_ values: [Double]) -> Bool {
    let finite = values.filter(\.isFinite)
    return !finite.isEmpty && finite.allSatisfy { $0 > 0 }
  }

  /// Whether values are better told apart on a logarithmic axis: they are positive, and span two decades, or
  /// one of which most of them lie at the lower end.
  static func spansDecades(_ values: [Double]) -> Bool {
    let sorted = Set(values.filter(\.isFinite)).sorted()
    guard let least = sorted.first, let most = sorted.last, least > 0 else { return false }
    let middle = sorted[sorted.count / 2]
    return most / least >= 100
      || most / least >= 10 && sorted.count > 2 && (middle - least) / (most - least) < 0.3
  }
}

extension Chart {
  /// The chart as data for the page's script. Numbers have as many digits as tell them apart in the chart.
  var json: Value {
    let (width, height) = (Self.range(widths), Self.range(heights))
    var object: [String: Value] = [
      "title": .string(title), "summary": .string(summary), "x": x.json, "y": y.json,
      "kind": .string(kind.rawValue), "notes": .list(notes.map { .string($0) }),
      "series": .list(
        series.map { series in
          [
            "label": .string(Markup.shortened(series.label, 60)),
            "x": Self.numbers(series.x, width), "mean": Self.numbers(series.mean, height),
            "low": Self.numbers(series.low, height), "high": Self.numbers(series.high, height),
            "n": .list(series.count.map { .int($0) }),
          ]
        }
      ),
    ]
    if let legend { object["legend"] = .string(legend) }
    if !points.isEmpty {
      object["points"] = [
        "x": Self.numbers(points.map(\.x), width), "y": Self.numbers(points.map(\.y), height),
        "series": .list(points.map { .int($0.series) }),
      ]
    }
    return .dictionary(object)
  }

  private static func range(_ values: [Double]) -> Double {
    let finite = values.filter(\.isFinite)
    return (finite.max() ?? 0) - (finite.min() ?? 0)
  }

  private static func numbers(_ numbers: [Double], _ range: Double) -> Value {
    .list(
      numbers.map { number in
        // Where all lie close together, the first digits say little.
        let more = Double.log10(abs(number) / range)
        return self.number(
          number,
          digits: more.isFinite && more > 0 ? 5 + Int(min(more, 11)) + 1 : 5
        )
      }
    )
  }

  /// A number with so many digits; null for what is not finite.
  static func number(_ number: Double, digits: Int = 5) -> Value {
    guard number.isFinite else { return .null }
    if number == number.rounded(), abs(number) < 1e15 { return .int(Int(number)) }
    guard digits < 16, number.isNormal else { return .double(number) }
    let exponent = Int(Double.log10(abs(number)).rounded(.down))
    // Powers of ten that are numbers themselves.
    guard abs(digits - 1 - exponent) < 290 else { return .double(number) }
    let power = Double.pow(10, Double(abs(digits - 1 - exponent)))
    let rounded =
      digits - 1 - exponent >= 0
      ? (number * power).rounded() / power : (number / power).rounded() * power
    return .double(rounded)
  }
}

extension Axis {
  fileprivate var json: Value {
    switch kind {
    case .linear: ["label": .string(label), "whole": .bool(isWhole)]
    case .logarithmic: ["label": .string(label), "log": true]
    case .categories(let names):
      [
        "label": .string(label),
        "names": .list(names.map { .string(Markup.shortened($0, 60)) }),
      ]
    }
  }
}
