import FieldworkCore

extension ParameterOption {
  /// Makes an option of a sequence; a range of integers is kept as a range, however long it is.
  init<Values: Sequence>(
    _ name: ParameterName,
    listing values: Values,
    declaredType: (any Sendable.Type)? = nil
  ) where Values.Element: ValueConvertible {
    if let range = values as? ClosedRange<Int> {
      self.init(name, .integers(range), declaredType: declaredType)
    } else if let range = values as? Range<Int>, !range.isEmpty {
      self.init(name, .integers(ClosedRange(range)), declaredType: declaredType)
    } else {
      self.init(
        name,
        .list(values.map { AnyAlias($0) }),
        declaredType: declaredType
      )
    }
  }
}
