extension Value {
  /// Returns true if two numbers have the same size; nil if either value is not a number. Integers are compared
  /// exactly, including digits that a `Double` cannot represent.
  package func hasSameSize(as other: Value) -> Bool? {
    if case .int(let first) = self, case .int(let second) = other { return first == second }
    guard let first = number, let second = other.number else { return nil }
    return first == second
  }

  /// Returns true if a number is smaller than another one; nil if either value is not a number.
  package func isSmaller(than other: Value) -> Bool? {
    if case .int(let first) = self, case .int(let second) = other { return first < second }
    guard let first = number, let second = other.number else { return nil }
    return first < second
  }
}
