package import FieldworkCore

extension Failure {
  /// How much of a message is looked at, in bytes.
  private static let patternLimit = 1000
  /// A word of so many hexadecimal digits is an address or an id, and not a word.
  private static let idLength = 8

  /// The message with a `#` for each number: failures of one unit and kind that have the same pattern
  /// are shown as one.
  package var pattern: String { Self.pattern(of: message) }

  /// The message with a `#` for each number and each value of its experiment's config, which a message may contain.
  package func pattern(replacing config: Config) -> String {
    Self.pattern(of: message, replacing: config)
  }

  package static func pattern(of message: String, replacing config: Config) -> String {
    let values = FailureValues(config).sorted
    return pattern(of: replacing(values, in: String(message.prefix(patternLimit))))
  }

  private static func replacing(_ values: [String], in text: String) -> String {
    var text = text
    for value in values where text.contains(value) {
      var rest = text[...]
      var result = ""
      while let found = rest.firstRange(of: value) {
        let isWhole =
          !(rest[..<found.lowerBound].last ?? result.last).isWordSign
          && !rest[found.upperBound...].first.isWordSign
        result += rest[..<found.lowerBound] + (isWhole ? "#" : value)
        rest = rest[found.upperBound...]
      }
      text = result + rest
    }
    return text
  }

  /// A text with a `#` for each number.
  ///
  ///     Failure.pattern(of: "loss is -1.5e3 at step 20")   // loss is # at step #
  ///
  /// Addresses and ids (`0x7f3a`, `e2db1da708fd9bfe`) are numbers too. Only the first thousand bytes
  /// count.
  package static func pattern(of text: String) -> String {
    let bytes = Array(text.utf8.prefix(patternLimit))
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let isInWord = index > 0 && bytes[index - 1].isWord
      let digits = !isInWord && bytes[index].isSign ? index + 1 : index
      let end = max(numberEnd(bytes, digits) ?? 0, isInWord ? 0 : idEnd(bytes, index) ?? 0)
      if end > 0 {
        result.append(UInt8(ascii: "#"))
        index = end
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Where an address or an id ends that begins here; nil if none does.
  private static func idEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    guard bytes[start].isHexadecimal else { return nil }
    let end = bytes[start...].firstIndex { !$0.isWord } ?? bytes.count
    let word = bytes[start..<end]
    if word.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")]) { return end }
    let isID =
      word.count >= idLength && word.contains(where: \.isDigit)
      && word.allSatisfy(\.isHexadecimal)
    return isID ? end : nil
  }

  /// Where a number without sign ends that begins here; nil if none does.
  private static func numberEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    func isDigit(_ index: Int) -> Bool { index < bytes.count && bytes[index].isDigit }
    guard isDigit(start) else { return nil }
    var end = start
    // A fraction, or a version of several parts.
    while isDigit(end) || bytes.indices.contains(end) && bytes[end].isPoint && isDigit(end + 1) {
      end += 1
    }
    guard end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") else { return end }
    let hasSign = end + 1 < bytes.count && bytes[end + 1].isSign
    var exponent = end + (hasSign ? 2 : 1)
    guard isDigit(exponent) else { return end }
    while isDigit(exponent) { exponent += 1 }
    return exponent
  }
}

extension Character? {
  /// True if the character is part of a word.
  fileprivate var isWordSign: Bool { map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false }
}

/// The values of a config that messages of failures may contain, and that are no numbers.
private struct FailureValues {
  private var texts: Set<String> = []
  /// The maximum number of values.
  private static let limit = 1000

  init(_ config: Config) {
    for entry in config.entries where texts.count < Self.limit {
      add(entry.value.plain ?? .string(entry.value.name))
      if entry.value.isNamed { add(.string(entry.value.name)) }
    }
  }

  private mutating func add(_ value: Value) {
    switch value {
    case .string(let text): if text.contains(where: \.isLetter) { texts.insert(text) }
    case .list(let values): for value in values { add(value) }
    case .dictionary(let values): for value in values.values { add(value) }
    case .null, .bool, .int, .double: break
    }
  }

  /// The texts, the longest first.
  var sorted: [String] {
    texts.sorted { ($1.count, $0) < ($0.count, $1) }
  }
}

extension UInt8 {
  fileprivate var isPoint: Bool { self == UInt8(ascii: ".") }
  fileprivate var isSign: Bool { self == UInt8(ascii: "-") || self == UInt8(ascii: "+") }
  fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
  fileprivate var isHexadecimal: Bool { isDigit || (0x61...0x66).contains(self | 0x20) }
  /// Whether it is part of a word; all letters beyond ASCII count.
  fileprivate var isWord: Bool {
    isDigit || self >= 0x80 || self == UInt8(ascii: "_") || (0x61...0x7A).contains(self | 0x20)
  }
}
