import FieldworkCore

extension Table {
  /// Returns reasons why a condition may hold for no row: literals that no cell of their column can equal.
  package func hints(_ condition: Condition) -> [String] {
    condition.names.flatMap { name -> [String] in
      guard let column = columns.first(where: { $0.name == name }) else { return [] }
      return condition.literals(comparedWith: name).compactMap { column.hint($0) }
    }
  }
}

extension Table.Column {
  fileprivate func hint(_ literal: Literal) -> String? {
    if literal.text == "None", !cells.contains(.string("None")) {
      return "no value is the text 'None'; for missing values write \(name) is missing"
    }
    if literal.value == .null, cells.contains(.string(literal.text)) {
      return
        "\(literal.text) means a missing value; for the text write \(name) == \"\(literal.text)\""
    }
    guard subjects.map({ $0.shown.kind == Table.ColumnKind.none }) ?? true else { return nil }
    if holdsNumbers, literal.number == nil, literal.value != .null {
      return "'\(name)' holds numbers, and '\(literal.text)' is none"
    }
    if kind == .bool, literal.truth == nil, literal.value != .null {
      return "'\(name)' holds true and false, and '\(literal.text)' is neither"
    }
    return nil
  }
}
