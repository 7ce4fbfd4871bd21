import FieldworkCore

/// How the cells of a group become one. Missing cells are left out.
public enum Aggregate: Sendable, Hashable {
  /// The arithmetic mean.
  case mean
  /// The sample standard deviation, by n - 1; empty for fewer than two values.
  case std
  /// The standard error of the mean; empty for fewer than two values.
  case sem
  /// The confidence interval of the mean, by Student's t distribution: two columns, `name_low` and
  /// `name_high`, or `name_low99`, … at other levels than 95 percent; empty for fewer than two values.
  case interval(Double)
  case median
  /// The number below which a share of the values lies, see ``Statistics/quantile(_:)``.
  case quantile(Double)
  case min
  case max
  case sum
  /// The number of rows; once, in a column `count`.
  case count
  /// The number of values in the column.
  case n
  /// The value of the first row that has one.
  case first
  /// The value of the last row that has one.
  case last

  /// The confidence interval at 95 percent.
  public static var ci: Aggregate { .interval(0.95) }

  /// Reads the name of an aggregate: `mean`, `std`, `sem`, `ci` (or `ci99`, in percent), `median`, `q25` (in
  /// percent), `min`, `max`, `sum`, `count`, `n`, `first`, `last`.
  /// - Returns: nil if it is none of them.
  public init?(_ name: String) {
    if let plain = Aggregate.plain.first(where: { $0.name == name }) {
      self = plain
      return
    }
    func percent(after prefix: String) -> Double? {
      guard name.hasPrefix(prefix),
        let number = Value(number: String(name.dropFirst(prefix.count)))?.number,
        (0...100).contains(number)
      else { return nil }
      return number / 100
    }
    if name == "ci" {
      self = .ci
    } else if let level = percent(after: "ci"), level > 0, level < 1 {
      self = .interval(level)
    } else if let share = percent(after: "q") {
      self = .quantile(share)
    } else {
      return nil
    }
  }

  private static let plain: [Aggregate] = [
    .mean, .std, .sem, .median, .min, .max, .sum, .count, .n, .first, .last,
  ]

  /// The names that ``init(_:)`` reads, for people.
  public static let names = "mean, std, sem, ci, median, q25, min, max, sum, count, n, first, last"

  public var name: String {
    switch self {
    case .mean: "mean"
    case .std: "std"
    case .sem: "sem"
    case .median: "median"
    case .min: "min"
    case .max: "max"
    case .sum: "sum"
    case .count: "count"
    case .n: "n"
    case .first: "first"
    case .last: "last"
    case .interval(let level): level == 0.95 ? "ci" : "ci" + Aggregate.percent(level)
    case .quantile(let share): "q" + Aggregate.percent(share)
    }
  }

  private static func percent(_ share: Double) -> String {
    let percent = (share * 1e8).rounded() / 1e6
    return percent == percent.rounded() ? String(Int(percent)) : "\(percent)"
  }

  /// What is added to the name of a column: one column for each.
  package var suffixes: [String] {
    guard case .interval = self else { return [name] }
    let level = name.dropFirst("ci".count)
    return ["low\(level)", "high\(level)"]
  }

  /// Whether the cells themselves are what it gives, of whatever kind they are.
  package var keepsCells: Bool { self == .first || self == .last }
}
