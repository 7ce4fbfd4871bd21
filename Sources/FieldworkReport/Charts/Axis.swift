import FieldworkAnalysis
import FieldworkCore
import FieldworkStore
import RealModule

/// How values lie along an axis.
enum AxisKind: Sendable, Hashable {
  case linear
  case logarithmic
  /// The places 0, 1, … have these names.
  case categories([String])
}

/// An axis of a chart.
struct Axis: Sendable {
  let label: String
  var kind: AxisKind
  /// Whether there is nothing between whole numbers.
  let isWhole: Bool

  init(_ label: String, _ kind: AxisKind = .linear, isWhole: Bool = false) {
    self.label = label
    self.kind = kind
    self.isWhole = isWhole
  }
}

/// Where the values of an axis lie on a line of pixels.
struct Scale {
  private let kind: AxisKind
  private let isWhole: Bool
  /// What lies at both ends, on a logarithmic axis as logarithms.
  private let low: Double
  private let high: Double
  private let start: Double
  private let end: Double

  /// - Parameters:
  ///   - values: what has to fit; other than finite ones, and on a logarithmic axis positive ones, are
  ///     left out.
  ///   - start: the pixel of the smallest value.
  ///   - end: the pixel of the largest value, which may be the smaller pixel.
  init(_ axis: Axis, _ values: some Sequence<Double>, _ start: Double, _ end: Double) {
    kind = axis.kind
    isWhole = axis.isWhole
    (self.start, self.end) = (start, end)
    if case .categories(let names) = axis.kind {
      (low, high) = (-0.5, Double(max(names.count, 1)) - 0.5)
      return
    }
    let isLog = axis.kind == .logarithmic
    let usable = values.compactMap(Self.usable).filter { !isLog || $0 > 0 }
      .map { isLog ? Double.log10($0) : $0 }
    guard let least = usable.min(), let most = usable.max() else {
      (low, high) = (0, 1)
      return
    }
    let width = most - least
    // A little air, and some width where all values are one.
    let margin = width > 0 ? width * 0.04 : isLog ? 0.3 : max(abs(least) * 0.05, 1e-9)
    (low, high) = (least - margin, most + margin)
  }

  /// An axis of numbers with exact ends.
  init(from low: Double, to high: Double, _ start: Double, _ end: Double) {
    kind = .linear
    isWhole = false
    (self.low, self.high, self.start, self.end) = (low, high, start, end)
  }

  /// A number that has a place: differences of larger ones would be infinite, those of smaller ones zero.
  private static func usable(_ value: Double) -> Double? {
    guard abs(value) < 1e300 else { return nil }
    return abs(value) < 1e-300 ? 0 : value
  }

  /// The pixel of a value; nil if it has none.
  func place(_ value: Double) -> Double? {
    guard let value = Self.usable(value) else { return nil }
    if kind == .logarithmic, value <= 0 { return nil }
    let number = kind == .logarithmic ? Double.log10(value) : value
    return start + (number - low) / (high - low) * (end - start)
  }

  /// The pixel of a value, or the end of the axis that is nearest to it; nil if it is no number.
  func nearest(_ value: Double) -> Double? {
    guard !value.isNaN else { return nil }
    let least = kind == .logarithmic ? Double.pow(10, low) : low
    let most = kind == .logarithmic ? Double.pow(10, high) : high
    return place(min(max(value, least), most))
  }

  /// How many pixels a step of 1 takes; what a category has.
  var step: Double { abs((end - start) / (high - low)) }

  /// Values to write at the axis, with their texts.
  /// - Parameter wanted: about how many.
  func ticks(_ wanted: Int) -> [(value: Double, text: String)] {
    switch kind {
    case .categories(let names):
      return names.enumerated().map { (Double($0), $1) }
    case .linear: return linearTicks(low, high, wanted)
    case .logarithmic:
      let ticks = logarithmicTicks(wanted)
      // In less than a decade there may be none.
      guard ticks.count < 3 else { return ticks }
      return linearTicks(Double.pow(10, low), Double.pow(10, high), wanted)
    }
  }

  private func linearTicks(
    _ low: Double,
    _ high: Double,
    _ wanted: Int
  ) -> [(value: Double, text: String)] {
    let wish = (high - low) / Double(max(wanted, 2))
    let step = Self.niceStep(isWhole ? max(wish, 1) : wish)
    guard step > 0, step.isFinite else { return [(low, Table.rounded(low))] }
    let first = (low / step).rounded(.up)
    let last = (high / step).rounded(.down)
    guard last >= first, last - first < 50 else { return [] }
    return stride(from: first, through: last, by: 1).map { index in
      // The digits of the step, and no more.
      let value = index * step
      return (value, Self.text(value, step))
    }
  }

  private func logarithmicTicks(_ wanted: Int) -> [(value: Double, text: String)] {
    let decades = high - low
    let steps: [Double] = decades < 1 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1]
    let stride = max(1, Int(decades) / max(wanted, 1))
    var ticks: [(Double, String)] = []
    for exponent in Int(low.rounded(.down))...Int(high.rounded(.up))
    where exponent % stride == 0 {
      for step in steps {
        let value = step * Double.pow(10, Double(exponent))
        let place = Double.log10(value)
        if place >= low, place <= high { ticks.append((value, Self.text(value, value))) }
      }
    }
    return ticks
  }

  /// The least of 1, 2 and 5 times a power of ten that is not smaller: P. Heckbert, "Nice numbers for graph
  /// labels", Graphics Gems, 1990.
  private static func niceStep(_ step: Double) -> Double {
    guard step > 0 else { return 0 }
    let power = Double.pow(10, Double.log10(step).rounded(.down))
    let fraction = step / power
    return (fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10) * power
  }

  /// A number with five digits, and no more than it needs.
  static func rounded(_ number: Double) -> String {
    let text = Table.rounded(number)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A number with so many digits, or fewer if it has no more.
  static func short(_ number: Double, digits: Int) -> String {
    text(number, abs(number) / Double.pow(10, Double(digits - 1)))
  }

  /// Texts of ranges, with as many digits as tell them and their ends apart.
  static func texts(ofRanges ranges: [(least: Double, most: Double)]) -> [String] {
    func texts(_ digits: Int) -> [(least: String, most: String)] {
      ranges.map { (short($0.least, digits: digits), short($0.most, digits: digits)) }
    }
    func distinguishes(_ texts: [(least: String, most: String)]) -> Bool {
      zip(ranges, texts).allSatisfy { $0.least == $0.most || $1.least != $1.most }
        && zip(texts, texts.dropFirst()).allSatisfy { $0.most != $1.least }
    }
    let digits = (3...15).first { distinguishes(texts($0)) } ?? 16
    return texts(digits).map { $0.least == $0.most ? $0.least : "\($0.least) to \($0.most)" }
  }

  /// Half of an interval's width, with two digits.
  static func margin(_ number: Double) -> String {
    number.isFinite && number != 0 ? text(number, abs(number) / 10) : Table.rounded(number)
  }

  /// A mean with half of its interval's width, if it has one.
  static func mean(_ statistics: Statistics) -> String {
    rounded(statistics.mean) + (statistics.margin().map { " ± \(margin($0))" } ?? "")
  }

  /// A number with as many digits as steps of this size need.
  static func text(_ value: Double, _ step: Double) -> String {
    guard value != 0 else { return "0" }
    guard step.isNormal, value.isNormal else { return rounded(value) }
    let digits = -Int(Double.log10(abs(step)).rounded(.down))
    let size = abs(value)
    if size >= 1e6 || size < 1e-4 {
      let exponent = Int(Double.log10(size).rounded(.down))
      let mantissa = value / Double.pow(10, Double(exponent))
      return short(mantissa, max(0, digits + exponent)) + "e\(exponent)"
    }
    return short(value, max(0, digits))
  }

  /// A number with so many digits after the point, without zeros at its end.
  private static func short(_ value: Double, _ digits: Int) -> String {
    let factor = Double.pow(10, Double(min(digits, 15)))
    // Without a sign before zero.
    let text = ((value * factor).rounded() / factor + 0).description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
