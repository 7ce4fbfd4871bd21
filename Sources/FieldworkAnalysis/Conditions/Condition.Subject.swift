package import FieldworkCore

import RealModule

extension Condition {
  /// The value that a name in a condition refers to, and the shown name of that value.
  package struct Subject: Sendable {
    /// nil if there is no value.
    package let value: Value?
    /// The name that the playbook gives the value; nil for none.
    package let name: String?

    package init(_ value: Value?, name: String? = nil) {
      self.value = value
      self.name = name
    }

    /// A value of a config.
    package init(_ alias: AnyAlias?) {
      self.init(alias?.plain, name: alias.flatMap { $0.isNamed || $0.plain == nil ? $0.name : nil })
    }

    /// True if there is neither a value nor a name.
    package var isUnknown: Bool { value == nil && name == nil }

    var isMissing: Bool { isUnknown || value == .null }

    /// Returns true if the value or its name equals a literal.
    func equals(_ literal: Literal) -> Bool {
      if let name, literal.text == name { return true }
      guard let value else { return false }
      switch value {
      case .null: return literal.isNull
      case .bool(let truth): return literal.truth == truth
      case .string(let text): return literal.text == text && !literal.isNull
      case .int, .double:
        guard let number = literal.number else { return false }
        if value.number?.isNaN ?? false { return number.number?.isNaN ?? false }
        return value.isSame(as: number, digits: literal.digits)
      case .list, .dictionary:
        return value.hasSameContent(as: literal.value) || value.description == literal.text
      }
    }

    enum Order {
      case smaller, equal, larger
    }

    /// Returns the order of the value relative to a literal. Numbers compare by size, and texts by their characters.
    /// - Returns: nil if there is no order between them.
    func order(_ literal: Literal) -> Order? {
      switch value {
      case .int, .double:
        guard let value, let number = literal.number else { return nil }
        if value.isSame(as: number, digits: literal.digits) { return .equal }
        guard let isSmaller = value.isSmaller(than: number),
          let isLarger = number.isSmaller(than: value)
        else { return nil }
        return isSmaller ? .smaller : isLarger ? .larger : nil
      case .string(let text):
        guard !literal.isNull else { return nil }
        return text == literal.text ? .equal : text < literal.text ? .smaller : .larger
      case nil, .null, .bool, .list, .dictionary: return nil
      }
    }

    /// Returns true if the text of the value, or its name, contains a text.
    func contains(_ text: String) -> Bool {
      guard !isMissing else { return false }
      return name?.contains(text) ?? false || value?.description.contains(text) ?? false
    }
  }
}

extension Config {
  /// Returns the value of the parameter with this key, or else with this shown name. The name `a/b` may also refer to
  /// the value `b` of the dictionary `a`.
  package func subject(_ name: String) -> Condition.Subject {
    if let value = self[alias: name] ?? entries.last(where: { $0.name.alias == name })?.value {
      return Condition.Subject(value)
    }
    return Condition.Subject(nestedValue(name))
  }
}

extension Value {
  /// The digits that tables show of a number.
  package static let shownDigits = 5

  /// Returns true if this number, rounded to a number of digits, equals another one. The comparison uses at least
  /// ``shownDigits`` digits, and all digits before the decimal point.
  package func isSame(as other: Value, digits: Int) -> Bool {
    if hasSameSize(as: other) ?? false { return true }
    // An integer is shown in full.
    guard case .double(let first) = self, let second = other.number, first.isFinite,
      second.isFinite, first != 0, second != 0
    else { return false }
    let exponent = Int(Double.log10(abs(first)).rounded(.down))
    let count = Swift.max(digits, Self.shownDigits, exponent < 15 ? exponent + 1 : 0)
    guard count < 17 else { return false }
    // Half a unit of the last digit.
    let margin = 0.5 * Double.pow(10, Double(exponent - count + 1))
    // The numbers that were typed and stored are themselves rounded.
    return abs(first - second) <= margin + first.ulp
  }
}
