package import FieldworkCore

/// The text of a value as typed in a condition or after `--set`.
///
/// It keeps its spelling, since `1.10` may be a number or a text. The value that it is compared with decides.
package struct Literal: Sendable, Hashable {
  /// The typed text without its quotes.
  package let text: String
  package let isQuoted: Bool
  /// The value of the literal without a comparison: a text if it is quoted, else a number, `true`, `false`, `null`, a
  /// list, a dictionary, or a text.
  package let value: Value

  package init(_ text: String, isQuoted: Bool) {
    self.text = text
    self.isQuoted = isQuoted
    value = isQuoted ? .string(text) : Literal.notFinite[text] ?? Value(word: text)
  }

  /// The shown forms of numbers that JSON lacks.
  private static let notFinite: [String: Value] = [
    "nan": .double(.nan), "inf": .double(.infinity), "+inf": .double(.infinity),
    "-inf": .double(-.infinity),
  ]

  /// True if the literal means a missing value.
  var isNull: Bool { value == .null }

  /// The literal as a number, quoted or not; nil if it is not a number.
  package var number: Value? {
    if value.number != nil { return value }
    guard isQuoted else { return nil }
    let bare = Literal(text, isQuoted: false).value
    return bare.number == nil ? nil : bare
  }

  /// The literal as a truth value; nil if it is not one.
  package var truth: Bool? {
    switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  /// The number of significant digits that were typed, without zeros at the end of a fraction: tables show
  /// 425790.2 as 425790.0.
  var digits: Int {
    var mantissa = text.lowercased().split(separator: "e", maxSplits: 1).first ?? ""
    if mantissa.contains(".") {
      while mantissa.last == "0" { mantissa.removeLast() }
    }
    return max(1, mantissa.filter(\.isNumber).drop { $0 == "0" }.count)
  }
}

extension Literal {
  /// Returns true if the literal equals the name of a value, or the content of a value without a name.
  package func names(_ value: AnyAlias) -> Bool {
    // A number and the text of it, an integer and a number with a fraction are different values.
    let subject = Condition.Subject(value)
    if let name = subject.name { return text == name }
    switch value.plain {
    case .double: return number?.kind == .double && subject.equals(self)
    case .int: return self.value.kind == .int && subject.equals(self)
    case .string: return subject.equals(self)
    default: return false
    }
  }

  /// Returns true if the literal is the name of a value, or the number that was typed has the value's size exactly.
  package func isExactly(_ value: AnyAlias) -> Bool {
    guard names(value) else { return false }
    guard let plain = value.plain, let number else { return true }
    return value.isNamed || (plain.hasSameSize(as: number) ?? true)
  }
}

// MARK: Reading

extension Literal {
  /// Removes a text in quotes from the beginning. In it a quote or backslash follows a backslash.
  /// - Returns: the text; nil if the quote is not closed.
  package static func takeQuoted(from rest: inout Substring) -> String? {
    guard let quote = rest.first else { return nil }
    var text = ""
    var index = rest.index(after: rest.startIndex)
    while index < rest.endIndex {
      let sign = rest[index]
      let next = rest.index(after: index)
      if sign == "\\", next < rest.endIndex, rest[next] == quote || rest[next] == "\\" {
        text.append(rest[next])
        index = rest.index(after: next)
      } else if sign == quote {
        rest = rest[next...]
        return text
      } else {
        text.append(sign)
        index = next
      }
    }
    return nil
  }

  /// Removes a list or dictionary from the beginning, to the bracket that closes it.
  /// - Returns: nil if none does.
  package static func takeBracketed(from rest: inout Substring) -> Substring? {
    var depth = 0
    var quote: Character?
    var isEscaped = false
    for index in rest.indices {
      let sign = rest[index]
      if isEscaped {
        isEscaped = false
      } else if quote != nil, sign == "\\" {
        isEscaped = true
      } else if quote == nil, sign == "\"" || sign == "'" {
        quote = sign
      } else if sign == quote {
        quote = nil
      } else if quote == nil, "[]{}".contains(sign) {
        depth += sign == "[" || sign == "{" ? 1 : -1
        if depth == 0 {
          defer { rest = rest[rest.index(after: index)...] }
          return rest[...index]
        }
      }
    }
    return nil
  }

  /// Reads values with commas between them: `sgd, adam`, `0.1,inf`, `"a, b",[1, 2]`. Spaces around values do not
  /// count.
  /// - Throws: ``FieldworkError`` of code `unreadableText` if a value is missing, or a quote or bracket not closed.
  package static func list(_ text: some StringProtocol) throws -> [Literal] {
    var rest = Substring(text)
    var literals: [Literal] = []
    while true {
      rest = rest.drop(while: \.isWhitespace)
      let literal: Literal
      switch rest.first {
      case "\"", "'":
        guard let quoted = takeQuoted(from: &rest) else { throw unclosed("quote") }
        literal = Literal(quoted, isQuoted: true)
      case "[", "{":
        guard let list = takeBracketed(from: &rest) else { throw unclosed("bracket") }
        literal = Literal(String(list), isQuoted: false)
      default:
        let word = rest.prefix { $0 != "," }
        rest = rest[word.endIndex...]
        let trimmed = word.reversed().drop(while: \.isWhitespace).reversed()
        guard !trimmed.isEmpty else { throw FieldworkError(.unreadableText, "a value is missing") }
        literal = Literal(String(trimmed), isQuoted: false)
      }
      literals.append(literal)
      rest = rest.drop(while: \.isWhitespace)
      guard let sign = rest.first else { return literals }
      guard sign == "," else {
        throw FieldworkError(
          .unreadableText,
          "expected a comma after '\(literal.text)', found '\(sign)'"
        )
      }
      rest = rest.dropFirst()
    }
  }

  private static func unclosed(_ what: String) -> FieldworkError {
    FieldworkError(.unreadableText, "a \(what) is not closed")
  }
}

extension Value {
  /// Reads a word as it is typed on a command line: a number, `true`, `false`, `null`, a list in
  /// brackets, or else a text.
  package init(word: String) {
    switch word {
    case "true": self = .bool(true)
    case "false": self = .bool(false)
    case "null", "nil": self = .null
    default:
      if let number = Value(number: word) {
        self = number
      } else if word.hasPrefix("[") || word.hasPrefix("{"), let parsed = try? Value(parsing: word) {
        self = parsed
      } else {
        self = .string(word)
      }
    }
  }
}
