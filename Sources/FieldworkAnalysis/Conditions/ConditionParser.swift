import FieldworkCore

/// Reads a condition by recursive descent: `or` binds loosest, then `and`, then `not`.
struct ConditionParser {
  private enum Token: Equatable {
    case word(String)
    case quoted(String)
    case comparison(Condition.Comparison)
    case and, or, not, open, close, end

    var isWord: Bool { if case .word = self { true } else { false } }

    var text: String {
      switch self {
      case .word(let text): "'\(text)'"
      case .quoted(let text): Value.quoted(text)
      case .comparison(let comparison): "'\(comparison.rawValue)'"
      case .and: "'and'"
      case .or: "'or'"
      case .not: "'not'"
      case .open: "'('"
      case .close: "')'"
      case .end: "the end"
      }
    }
  }

  private static let deepest = 200

  private let text: String
  private var rest: Substring
  /// The tokens of the text, of which the last one is the end.
  private var tokens: [Token] = []
  /// The error at which reading of tokens ended; nil if all were read.
  private var tokenError: FieldworkError?
  private var position = 0
  private var depth = 0

  init(_ text: String) {
    self.text = text
    rest = text[...]
    do {
      repeat { tokens.append(try read()) } while tokens.last != .end
    } catch {
      tokenError = error as? FieldworkError
    }
  }

  /// The text as messages quote it.
  private var quotedText: String {
    text.count > 80 ? "\"\(text.prefix(80))…\"" : "\"\(text)\""
  }

  mutating func parse() throws -> Condition.Kind {
    let kind = try parseAny()
    guard try peek() == .end else { throw try failure("'and' or 'or'") }
    return kind
  }

  private mutating func parseAny() throws -> Condition.Kind {
    var parts = [try parseAll()]
    while try take(.or) { parts.append(try parseAll()) }
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func parseAll() throws -> Condition.Kind {
    var parts = [try parseOne()]
    while try take(.and) { parts.append(try parseOne()) }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  /// Reads the condition in parentheses or after `not`.
  private mutating func parseInner(
    _ parse: (inout ConditionParser) throws -> Condition.Kind
  ) throws -> Condition.Kind {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw FieldworkError(
        .unreadableText,
        "cannot read the condition: parentheses and 'not' are nested more than \(Self.deepest) levels deep"
      )
    }
    return try parse(&self)
  }

  private mutating func parseOne() throws -> Condition.Kind {
    if try take(.not) { return .not(try parseInner { try $0.parseOne() }) }
    if try take(.open) {
      let kind = try parseInner { try $0.parseAny() }
      guard try take(.close) else { throw try failure("')'") }
      return kind
    }
    let name: String
    switch try peek() {
    case .word(let word), .quoted(let word): name = word
    default: throw try failure("a name")
    }
    _ = try next()
    let isNegated = try take(.not)
    if let kind = try parseRelation(name) { return isNegated ? .not(kind) : kind }
    guard !isNegated, case .comparison(let comparison) = try peek() else {
      throw try failure(
        isNegated
          ? "'in' or 'contains'"
          : "one of ==, !=, <, <=, >, >=, in, contains, is after '\(name)'",
        hint: try peek().isWord ? "; names and texts with spaces need quotes" : ""
      )
    }
    _ = try next()
    return .comparison(name, comparison, try parseLiteral(after: comparison.rawValue))
  }

  /// Reads the relation after a name: `in (1, 2)`, `contains text`, `is missing`.
  /// - Returns: nil if no such word comes next.
  private mutating func parseRelation(_ name: String) throws -> Condition.Kind? {
    guard case .word(let word) = try peek() else { return nil }
    switch word.lowercased() {
    case "in":
      _ = try next()
      return .isIn(name, try parseList())
    case "contains":
      _ = try next()
      return .contains(name, try parseLiteral(after: "contains").text)
    case "is":
      _ = try next()
      let isNegated = try take(.not)
      guard case .word(let word) = try peek(),
        let kind: Condition.Kind = ["missing": .isMissing(name), "nan": .isNaN(name)][
          word.lowercased()
        ]
      else { throw try failure("'missing' or 'nan' after 'is'") }
      _ = try next()
      return isNegated ? .not(kind) : kind
    default: return nil
    }
  }

  /// The values in parentheses or brackets, with commas between them.
  private mutating func parseList() throws -> [Literal] {
    if case .word(let word) = try peek(), word.hasPrefix("[") {
      _ = try next()
      return try Literal.list(word.dropFirst().dropLast())
    }
    guard try take(.open) else { throw try failure("values in parentheses after 'in'") }
    var values: [Literal] = []
    repeat {
      values.append(try parseLiteral(after: values.isEmpty ? "(" : ","))
    } while try take(.and)
    guard try take(.close) else { throw try failure("',' or ')'") }
    return values
  }

  private mutating func parseLiteral(after sign: String) throws -> Literal {
    switch try peek() {
    case .quoted(let text):
      _ = try next()
      return Literal(text, isQuoted: true)
    case .word(let word):
      _ = try next()
      return Literal(word, isQuoted: false)
    default: throw try failure("a value after '\(sign)'")
    }
  }

  private func peek() throws -> Token {
    if position < tokens.count { return tokens[position] }
    if let tokenError { throw tokenError }
    return .end
  }

  private mutating func next() throws -> Token {
    defer { position += 1 }
    return try peek()
  }

  private mutating func take(_ token: Token) throws -> Bool {
    guard try peek() == token else { return false }
    _ = try next()
    return true
  }

  private func failure(_ expected: String, hint: String = "") throws -> FieldworkError {
    let found = try peek().text
    return FieldworkError(
      .unreadableText,
      "cannot read the condition \(quotedText): expected \(expected), found \(found)\(hint)"
    )
  }

  private mutating func read() throws -> Token {
    rest = rest.drop(while: \.isWhitespace)
    guard let first = rest.first else { return .end }
    let signs: [(String, Token)] =
      [("&&", .and), (",", .and), ("||", .or), ("(", .open), (")", .close)]
      + Condition.Comparison.allCases.map { ($0.rawValue, .comparison($0)) }
      + [("=", .comparison(.equal)), ("!", .not)]
    for (sign, token) in signs where rest.hasPrefix(sign) {
      rest = rest.dropFirst(sign.count)
      return token
    }
    if first == "\"" || first == "'" {
      guard let quoted = Literal.takeQuoted(from: &rest) else {
        throw FieldworkError(
          .unreadableText,
          "cannot read the condition \(quotedText): a quote is not closed"
        )
      }
      return .quoted(quoted)
    }
    if first == "[" || first == "{" {
      guard let list = Literal.takeBracketed(from: &rest) else {
        throw FieldworkError(
          .unreadableText,
          "cannot read the condition \(quotedText): '\(first)' is not closed; put a text with brackets in quotes"
        )
      }
      return .word(String(list))
    }
    let word = rest.prefix { !$0.isWhitespace && !"&|,()<>=!".contains($0) }
    guard !word.isEmpty else {
      throw FieldworkError(
        .unreadableText,
        "cannot read the condition \(quotedText): unexpected '\(first)'"
          + (first == "&" ? "; write and" : first == "|" ? "; write or" : "")
      )
    }
    rest = rest.dropFirst(word.count)
    switch word.lowercased() {
    case "and": return .and
    case "or": return .or
    case "not": return .not
    default: return .word(String(word))
    }
  }
}
