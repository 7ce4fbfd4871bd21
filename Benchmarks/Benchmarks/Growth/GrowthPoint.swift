import FieldworkCore
import Foundation

/// What was measured at a size of a curve.
struct GrowthPoint {
  /// The exponent above which growth is marked; linear growth has 1, and noise is some hundredths.
  static let mostExponent = 1.15

  let series: GrowthSeries
  let curve: GrowthSeries.Curve
  let size: Int
  /// What a unit costs, in microseconds, in each of the rounds.
  let costs: [Double]
  /// How the whole cost grows from the curve's point before this one: the slope between them, both on logarithmic
  /// axes. Nil for a first point.
  let exponent: Double?

  /// - Parameter before: the curve's point before this one.
  init(
    _ series: GrowthSeries,
    _ curve: GrowthSeries.Curve,
    _ size: Int,
    costs: [Double],
    after before: GrowthPoint?
  ) {
    (self.series, self.curve, self.size, self.costs) = (series, curve, size, costs)
    let median = AimSpread(costs)?.median ?? .nan
    exponent = before.map { before in
      let slope = log(median / before.median) / log(Double(size) / Double(before.size))
      return series.isCostOfEach ? slope + 1 : slope
    }
  }

  var median: Double { AimSpread(costs)?.median ?? .nan }

  var isWorseThanLinear: Bool { exponent.map { $0 > Self.mostExponent } ?? false }

  // MARK: Lines

  private static let widths = [26, 12, 26, 8, 0]

  /// The name of a series and the heads of the columns of its points.
  static func header(_ series: GrowthSeries) -> String {
    let heads = [series.distinction ?? "curve", "n", "us per \(series.unit)", "exponent"]
    return "\(series.name): n \(series.parameter)\n" + AimTable.line(heads, widths)
  }

  var line: String {
    AimTable.line(
      [
        curve.label, AimTable.grouped(size), AimSpread(costs).map { AimTable.text($0, "") } ?? "-",
        exponent.map { String(format: "%.2f", $0) } ?? "-",
        isWorseThanLinear ? "worse than linear" : "",
      ],
      Self.widths
    )
  }

  /// One JSON object.
  var json: String {
    Value.dictionary([
      "series": .string(series.name), "curve": .string(curve.label), "n": .int(size),
      "of": .string(series.unit), "unit": "us", "cost": AimTable.value(costs),
      "rounds": .int(costs.count), "exponent": exponent.map(Value.double) ?? .null,
      "worse_than_linear": .bool(isWorseThanLinear),
    ]).jsonText
  }
}
