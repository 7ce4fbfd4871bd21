extension Value {
  /// Whether two numbers have the same size; nil if one of them is none. Whole ones are compared to their last
  /// digit, which a Double may not have.
  package func hasSameSize(as other: Value) -> Bool? {
    if case .int(let first) = self, case .int(let second) = other { return first == second }
    guard let first = number, let second = other.number else { return nil }
    return first == second
  }

  /// Whether a number is smaller than another one; nil if one of them is none. As ``hasSameSize(as:)``.
  package func isSmaller(than other: Value) -> Bool? {
    if case .int(let first) = self, case .int(let second) = other { return first < second }
    guard let first = number, let second = other.number else { return nil }
    return first < second
  }
}
