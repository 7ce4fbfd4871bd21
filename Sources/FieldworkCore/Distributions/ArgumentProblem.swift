/// The reasons why arguments of distributions are refused.
enum ArgumentProblem {
  static func locationAndScale(_ mean: Double, _ deviation: Double) -> String? {
    guard mean.isFinite else { return "the mean must be a finite number" }
    return deviation >= 0 && deviation.isFinite
      ? nil : "the deviation must be a finite number, 0 or more"
  }

  static func range<Bound: Comparable>(_ low: Bound, _ high: Bound) -> String? {
    low <= high ? nil : "the range is empty"
  }

  static func positive(_ number: Double, _ name: String) -> String? {
    number > 0 && number.isFinite ? nil : "the \(name) must be a finite number above 0"
  }
}
