import FieldworkCore

/// What is measured of a call: the names of columns.
enum ProfileMeasure: String, CaseIterable {
  case totalTime = "total_time"
  case unitTime = "unit_time"
  case evaluationTime = "evaluation_time"
  case cpuTime = "cpu_time"
  case memory

  /// Whether detailed profiles alone have it.
  var isDetailed: Bool { self != .totalTime && self != .unitTime }

  /// In seconds or bytes; nil if the call does not have it.
  func number(_ timing: UnitTiming) -> Double? {
    switch self {
    case .totalTime: timing.total
    case .unitTime: timing.call
    case .evaluationTime: timing.evaluation
    case .cpuTime: timing.cpu
    case .memory: timing.memory.map(Double.init)
    }
  }

  func cell(_ number: Double) -> Value {
    self == .memory ? .int(Int(number.rounded())) : .double(number)
  }
}

/// What several calls make of a measure.
struct ProfileTally {
  private(set) var count = 0
  private(set) var sum = 0.0
  private(set) var max = -Double.infinity

  mutating func add(_ number: Double) {
    count += 1
    sum += number
    max = Swift.max(max, number)
  }

  /// nil if no call had the measure.
  func number(_ statistic: Statistic) -> Double? {
    guard count > 0 else { return nil }
    return switch statistic {
    case .sum: sum
    case .mean: sum / Double(count)
    case .max: max
    }
  }

  enum Statistic: String, CaseIterable {
    case sum, mean, max
  }
}
