package import FieldworkCore

/// Collects cells into a column, as arrays of one kind as long as all cells are of one.
package struct ColumnBuilder {
  private enum Kept {
    /// Nothing yet but cells without a value.
    case nothing
    case ints([Int])
    case doubles([Double])
    case bools([Bool])
    case strings([Int32])
    case others([Value?])
  }

  private var kept = Kept.nothing
  private var marks: [ColumnContent.Mark]?
  private var count = 0
  private let capacity: Int
  private var texts: [String] = []
  private var textCodes: [String: Int32] = [:]
  /// False once nearly all texts were different, as ids are: then only that of the cell before is looked at.
  private var sharesTexts = true

  /// The number of cells after which it is decided whether texts are looked up.
  private static let sharingLimit = 1024

  package init(capacity: Int = 0) { self.capacity = capacity }

  package mutating func append(_ value: Value?) {
    switch value {
    case nil: appendMissing(.empty)
    case .some(.null): appendMissing(.null)
    case .some(.int(let number)): append(number)
    case .some(.double(let number)): append(number)
    case .some(.bool(let flag)): append(flag)
    case .some(.string(let text)): append(text)
    case .some(.list), .some(.dictionary): appendOther(value)
    }
  }

  package mutating func append(_ number: Int) {
    if case .nothing = kept { kept = .ints(reserved(0)) }
    guard case .ints(var numbers) = kept else { return appendOther(.int(number)) }
    kept = .nothing
    numbers.append(number)
    kept = .ints(numbers)
    didAppend(.present)
  }

  package mutating func append(_ number: Double) {
    if case .nothing = kept { kept = .doubles(reserved(0)) }
    guard case .doubles(var numbers) = kept else { return appendOther(.double(number)) }
    kept = .nothing
    numbers.append(number)
    kept = .doubles(numbers)
    didAppend(.present)
  }

  package mutating func append(_ flag: Bool) {
    if case .nothing = kept { kept = .bools(reserved(false)) }
    guard case .bools(var flags) = kept else { return appendOther(.bool(flag)) }
    kept = .nothing
    flags.append(flag)
    kept = .bools(flags)
    didAppend(.present)
  }

  package mutating func append(_ text: String) {
    if case .nothing = kept { kept = .strings(reserved(code(of: ""))) }
    guard case .strings(var codes) = kept else { return appendOther(.string(text)) }
    kept = .nothing
    codes.append(code(of: text))
    kept = .strings(codes)
    didAppend(.present)
  }

  package mutating func appendMissing(_ mark: ColumnContent.Mark) {
    let value: Value? = mark == .null ? .some(.null) : nil
    switch kept {
    case .nothing: break
    case .ints(var numbers):
      kept = .nothing
      numbers.append(0)
      kept = .ints(numbers)
    case .doubles(var numbers):
      kept = .nothing
      numbers.append(0)
      kept = .doubles(numbers)
    case .bools(var flags):
      kept = .nothing
      flags.append(false)
      kept = .bools(flags)
    case .strings(var codes):
      kept = .nothing
      codes.append(codes[0])
      kept = .strings(codes)
    case .others: return appendOther(value)
    }
    didAppend(mark)
  }

  private mutating func appendOther(_ value: Value?) {
    if case .others(var values) = kept {
      kept = .nothing
      values.append(value)
      kept = .others(values)
    } else {
      // The first cell of another kind.
      let content = content
      kept = .others((0..<count).map { content[$0] } + [value])
      marks = nil
    }
    count += 1
  }

  private mutating func didAppend(_ mark: ColumnContent.Mark) {
    if mark != .present, marks == nil {
      marks = [ColumnContent.Mark](repeating: .present, count: count)
    }
    marks?.append(mark)
    count += 1
  }

  /// An array with cells in place of those without a value so far.
  private func reserved<Element>(_ element: Element) -> [Element] {
    var elements = [Element](repeating: element, count: count)
    elements.reserveCapacity(max(capacity, count + 1))
    return elements
  }

  private mutating func code(of text: String) -> Int32 {
    let code = Int32(texts.count)
    guard sharesTexts else {
      if let last = texts.last, last.utf8.elementsEqual(text.utf8) { return code - 1 }
      texts.append(text)
      return code
    }
    // Texts that count as equal may be spelt in two ways, which both are kept.
    if let code = textCodes[text], texts[Int(code)].utf8.elementsEqual(text.utf8) { return code }
    texts.append(text)
    textCodes[text] = code
    if count >= Self.sharingLimit, texts.count > count / 10 * 9 {
      sharesTexts = false
      textCodes = [:]
    }
    return code
  }

  package var content: ColumnContent {
    switch kept {
    case .nothing:
      let marks = marks ?? []
      return ColumnContent(.others(marks.map { $0 == .null ? .some(.null) : nil }))
    case .ints(let numbers): return ColumnContent(.ints(numbers), marks: marks)
    case .doubles(let numbers): return ColumnContent(.doubles(numbers), marks: marks)
    case .bools(let flags): return ColumnContent(.bools(flags), marks: marks)
    case .strings(let codes):
      return ColumnContent(.strings(codes: codes, texts: texts), marks: marks)
    case .others(let values): return ColumnContent(.others(values))
    }
  }
}
