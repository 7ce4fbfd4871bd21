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
    let peer = AimSpread(outcome.peers).map { "\(row.peer ?? "") \(text($0, row.measure.unit))" }
    let verdict = isJudged ? outcome.isReached.map { $0 ? "yes" : "no" } : nil
    let problem = (outcome.problem ?? outcome.peerProblem).map { "not measured: \($0)" }
    return line([
      row.name, outcome.count.map(Self.grouped) ?? "-",
      AimSpread(outcome.figures).map { text($0, row.measure.unit) } ?? "-",
      peer ?? row.peer.map { "\($0) -" } ?? "-",
      AimSpread(outcome.ratios).map { text($0, "") } ?? "-", row.aimText,
      [verdict, problem].compactMap(\.self).joined(separator: "; "),
    ])
  }

  private func line(_ cells: [String]) -> String {
    zip(cells, [nameWidth, 9, 24, 33, 19, 23, 0])
      .map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
  }

  /// One JSON object.
  static func json(_ outcome: AimOutcome, isJudged: Bool) -> String {
    func value(_ figures: [Double]) -> Value {
      guard let spread = AimSpread(figures) else { return .null }
      return [
        "median": .double(spread.median), "min": .double(spread.least),
        "max": .double(spread.most),
      ]
    }
    let row = outcome.row
    return Value.dictionary([
      "workload": .string(row.name), "n": outcome.count.map(Value.int) ?? .null,
      "unit": .string(row.measure.unit.trimmingCharacters(in: .whitespaces)),
      "figure": value(outcome.figures), "peer": row.peer.map(Value.string) ?? .null,
      "peer_figure": value(outcome.peers), "ratio": value(outcome.ratios),
      "rounds": .int(outcome.figures.count), "aim": .string(row.aimText),
      "reached": isJudged ? outcome.isReached.map(Value.bool) ?? .null : .null,
      "not_measured": (outcome.problem ?? outcome.peerProblem).map(Value.string) ?? .null,
    ]).jsonText
  }

  private func text(_ spread: AimSpread, _ unit: String) -> String {
    let (least, most) = (Self.short(spread.least), Self.short(spread.most))
    return "\(Self.short(spread.median))\(unit) (\(least)…\(most))"
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
      default: 3
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
