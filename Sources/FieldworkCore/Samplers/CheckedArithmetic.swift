/// An operation that throws where integers overflow, instead of ending the process.
package enum CheckedArithmetic: String, Sendable {
  case sum = "+"
  case difference = "-"
  case product = "*"

  /// Returns the result for two numbers.
  /// - Throws: ``FieldworkError`` of code `wrongType` if it is out of the range of an integer type.
  package func callAsFunction<Number: Numeric>(_ left: Number, _ right: Number) throws -> Number {
    if let left = left as? any FixedWidthInteger, let result = try checked(left, right) {
      return result
    }
    return switch self {
    case .sum: left + right
    case .difference: left - right
    case .product: left * right
    }
  }

  /// Returns the negative number.
  /// - Throws: as an operation.
  package static func negative<Number: SignedNumeric>(_ number: Number) throws -> Number {
    number is any FixedWidthInteger ? try difference(0, number) : -number
  }

  private func checked<Integer: FixedWidthInteger, Number>(
    _ left: Integer,
    _ right: Number
  ) throws -> Number? {
    guard let right = right as? Integer else { return nil }
    let (result, overflows) =
      switch self {
      case .sum: left.addingReportingOverflow(right)
      case .difference: left.subtractingReportingOverflow(right)
      case .product: left.multipliedReportingOverflow(by: right)
      }
    guard !overflows else {
      throw FieldworkError(
        .wrongType,
        "\(left) \(rawValue) \(right) is out of the range of \(Integer.self); use a smaller range, or numbers of type Double"
      )
    }
    return result as? Number
  }
}
