import FieldworkCore
import Foundation

/// The lines in which `aims` shows its rows, of columns with fixed widths: a row is printed when it is
/// measured.
struct AimTable {
  /// The longest name.
  private let nameWidth: Int

  init(_ rows: [AimRow]) {
    nameWidth = max(8, rows.map(\.name.count).max() ?? 0)
  }

  var header: String {
    line(["workload", "n", "Fieldwork", "floor or peer", "ratio", "aim", "reached"])
  }

  /// - Parameter isJudged: whether the aims hold for what was measured.
  func line(_ outcome: AimOutcome, isJudged: Bool) -> String {
    let row = outcome.row
    let unit = row.measure.unit
    let peer = AimSpread(outcome.peers).map { "\(row.peer ?? "") \(Self.text($0, unit))" }
    let verdict = isJudged ? outcome.isReached.map { $0 ? "yes" : "no" } : nil
    let problem = (outcome.problem ?? outcome.peerProblem).map { "not measured: \($0)" }
    return line([
      row.name, outcome.count.map(Self.grouped) ?? "-",
      AimSpread(outcome.figures).map { Self.text($0, unit) } ?? "-",
      peer ?? row.peer.map { "\($0) -" } ?? "-",
      AimSpread(outcome.ratios).map { Self.text($0, "") } ?? "-", row.aimText,
      [verdict, problem].compactMap(\.self).joined(separator: "; "),
    ])
  }

  private func line(_ cells: [String]) -> String {
    Self.line(cells, [nameWidth, 9, 24, 33, 19, 23, 0])
  }

  /// Cells in columns of these widths.
  static func line(_ cells: [String], _ widths: [Int]) -> String {
    zip(cells, widths)
      .map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
  }

  /// One JSON object.
  static func json(_ outcome: AimOutcome, isJudged: Bool) -> String {
    let row = outcome.row
    return Value.dictionary([
      "workload": .string(row.name), "n": outcome.count.map(Value.int) ?? .null,
      "unit": .string(row.measure.unit.trimmingCharacters(in: .whitespaces)),
      "figure": Self.value(outcome.figures), "peer": row.peer.map(Value.string) ?? .null,
      "peer_figure": Self.value(outcome.peers), "ratio": Self.value(outcome.ratios),
      "rounds": .int(outcome.figures.count), "aim": .string(row.aimText),
      "reached": isJudged ? outcome.isReached.map(Value.bool) ?? .null : .null,
      "not_measured": (outcome.problem ?? outcome.peerProblem).map(Value.string) ?? .null,
    ]).jsonText
  }

  /// The median, the smallest and the largest of figures, as JSON.
  static func value(_ figures: [Double]) -> Value {
    guard let spread = AimSpread(figures) else { return .null }
    return [
      "median": .double(spread.median), "min": .double(spread.least),
      "max": .double(spread.most),
    ]
  }

  /// A spread with its unit.
  static func text(_ spread: AimSpread, _ unit: String) -> String {
    let (least, most) = (short(spread.least), short(spread.most))
    return "\(short(spread.median))\(unit) (\(least)…\(most))"
  }

  /// Three digits of a number, with k for thousands and M for millions.
  static func short(_ number: Double) -> String {
    switch number.magnitude {
    case 999_500...: digits(number / 1e6) + "M"
    case 999.5...: digits(number / 1e3) + "k"
    default: digits(number)
    }
  }

  private static func digits(_ number: Double) -> String {
    let places =
      switch number.magnitude {
      case 99.95...: 0
      case 9.995...: 1
      case 0.9995...: 2
      case 0.09995...: 3
      // The digits of a cost far below a microsecond.
      default: 5
      }
    return String(format: "%.\(places)f", number)
  }

  /// The digits of a number in groups of three.
  static func grouped(_ number: Int) -> String {
    var text = String(number.magnitude)
    var place = text.count - 3
    while place > 0 {
      text.insert(",", at: text.index(text.startIndex, offsetBy: place))
      place -= 3
    }
    return (number < 0 ? "-" : "") + text
  }
}

extension AimRow {
  var aimText: String {
    aims.map { aim in
      switch aim {
      case .ratio(let limit): "ratio >= \(limit.formatted)"
      case .figure(let limit): "<= \(limit.formatted)\(measure.unit)"
      }
    }
    .joined(separator: ", ")
  }
}

extension Double {
  /// A limit, without a fraction if it has none.
  fileprivate var formatted: String { self == rounded() ? "\(Int(self))" : "\(self)" }
}
