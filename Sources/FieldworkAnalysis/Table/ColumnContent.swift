package import FieldworkCore

/// The cells of a column, those of one kind in an array of that kind.
package struct ColumnContent: Sendable {
  package enum Cells: Sendable {
    case ints([Int])
    case doubles([Double])
    case bools([Bool])
    /// The text of a row is `texts[codes[row]]`. Texts that come often are kept once.
    case strings(codes: [Int32], texts: [String])
    /// Lists, dictionaries, or values of several kinds.
    case others([Value?])
  }

  /// Why a cell has no value.
  package enum Mark: UInt8, Sendable {
    case present
    case empty
    case null
  }

  package let cells: Cells
  /// A mark for each cell; nil if all have values. Cells that are kept as they are need none.
  package let marks: [Mark]?

  package init(_ cells: Cells, marks: [Mark]? = nil) {
    self.cells = cells
    self.marks = marks
  }

  /// Cells that say the same.
  package init(repeating value: Value?, count: Int) {
    var builder = ColumnBuilder(capacity: count)
    for _ in 0..<count { builder.append(value) }
    self = builder.content
  }

  package var count: Int {
    switch cells {
    case .ints(let numbers): numbers.count
    case .doubles(let numbers): numbers.count
    case .bools(let flags): flags.count
    case .strings(let codes, _): codes.count
    case .others(let values): values.count
    }
  }

  package subscript(_ row: Int) -> Value? {
    switch marks?[row] {
    case .empty: return nil
    case .null: return .some(.null)
    case .present, nil: break
    }
    switch cells {
    case .ints(let numbers): return .int(numbers[row])
    case .doubles(let numbers): return .double(numbers[row])
    case .bools(let flags): return .bool(flags[row])
    case .strings(let codes, let texts): return .string(texts[Int(codes[row])])
    case .others(let values): return values[row]
    }
  }

  /// Whether a cell is empty or null.
  package func isMissing(_ row: Int) -> Bool {
    if let marks { return marks[row] != .present }
    guard case .others(let values) = cells else { return false }
    return values[row] == nil || values[row] == .null
  }

  package func number(at row: Int) -> Double? {
    if let marks, marks[row] != .present { return nil }
    switch cells {
    case .doubles(let numbers): return numbers[row]
    case .ints(let numbers): return Double(numbers[row])
    case .others(let values): return values[row]?.number
    case .bools, .strings: return nil
    }
  }

  package var kind: Table.ColumnKind {
    switch cells {
    case .ints: return .int
    case .doubles: return .double
    case .bools: return .bool
    case .strings: return .string
    case .others(let values):
      let kinds = Set(values.compactMap { $0?.kind }).subtracting([.null])
      if kinds.isEmpty { return .none }
      return kinds.isSubset(of: [.list, .dictionary])
        ? .json : kinds.count == 1 ? .of(kinds) : .mixed
    }
  }

  /// The cells of some rows, in that order.
  package func gathered(_ rows: [Int]) -> ColumnContent {
    let marks = marks.map { marks in rows.map { marks[$0] } }
    switch cells {
    case .ints(let numbers): return ColumnContent(.ints(rows.map { numbers[$0] }), marks: marks)
    case .doubles(let numbers):
      return ColumnContent(.doubles(rows.map { numbers[$0] }), marks: marks)
    case .bools(let flags): return ColumnContent(.bools(rows.map { flags[$0] }), marks: marks)
    case .strings(let codes, let texts):
      return ColumnContent(.strings(codes: rows.map { codes[$0] }, texts: texts), marks: marks)
    case .others(let values): return ColumnContent(.others(rows.map { values[$0] }))
    }
  }

  /// The cells of some rows, in that order, and an empty one for each negative number.
  package func gathered(orEmpty rows: [Int]) -> ColumnContent {
    guard rows.contains(where: { $0 < 0 }) else { return gathered(rows) }
    guard count > 0 else { return ColumnContent(repeating: nil, count: rows.count) }
    if case .others(let values) = cells {
      return ColumnContent(.others(rows.map { $0 < 0 ? nil : values[$0] }))
    }
    let some = ColumnContent(cells).gathered(rows.map { max(0, $0) })
    let marks = rows.map { $0 < 0 ? .empty : self.marks?[$0] ?? .present }
    return ColumnContent(some.cells, marks: marks)
  }

  /// A number for each cell, from 0 by first appearance; equal cells have the same. NaN equals NaN, and
  /// missing cells are alike.
  package func codes() -> (codes: [Int], count: Int) {
    var next = 0
    func number<Key: Hashable>(_ keys: some Sequence<Key>) -> [Int] {
      var known: [Key: Int] = [:]
      var last: (key: Key, code: Int)?
      return keys.map { key in
        // Rows of one experiment follow one another.
        if let last, last.key == key { return last.code }
        let code = known[key] ?? next
        if code == next {
          known[key] = next
          next += 1
        }
        last = (key, code)
        return code
      }
    }
    let codes: [Int]
    switch (cells, marks) {
    case (.ints(let numbers), nil): codes = number(numbers)
    case (.bools(let flags), nil): codes = number(flags)
    case (.doubles(let numbers), nil):
      codes = number(numbers.lazy.map { $0.isNaN ? Double.nan.bitPattern : ($0 + 0).bitPattern })
    case (.strings(let stringCodes, let texts), nil):
      // Two spellings of one text are kept, and are one key.
      var known: [String: Int32] = [:]
      let first = texts.enumerated().map { index, text -> Int32 in
        if let code = known[text] { return code }
        known[text] = Int32(index)
        return Int32(index)
      }
      codes = number(stringCodes.lazy.map { first[Int($0)] })
    default: codes = number((0..<count).lazy.map { isMissing($0) ? nil : self[$0] })
    }
    return (codes, next)
  }
}

extension Table.ColumnKind {
  /// The kind of a column whose cells have one kind.
  fileprivate static func of(_ kinds: Set<Value.Kind>) -> Table.ColumnKind {
    switch kinds.first {
    case .int: .int
    case .double: .double
    case .bool: .bool
    case .string: .string
    default: .json
    }
  }
}
