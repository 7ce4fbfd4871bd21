/// A condition on named values, written as a text: `lr < 0.01 and (optimizer == adam or layers in (3, 4))`.
///
/// A comparison has a name to its left and a value to its right. Values are numbers, `true`, `false`,
/// `null`, or texts, which need quotes only if they hold spaces or signs; so do names. `=` means `==`; a comma,
/// `and` and `&&` mean the same, as do `or` and `||`, and `not` and `!`.
///
/// | form | holds |
/// |---|---|
/// | `lr == 0.1`, `lr != 0.1` | if the value is this one, or is not; numbers are compared by size, and NaN is NaN |
/// | `lr < 0.1`, `<=`, `>`, `>=` | by size, of texts by their order; never for a missing value or NaN |
/// | `layers in (2, 4)`, `layers not in (2, 4)` | if the value is one of these, or none |
/// | `name contains relu` | if the text of the value has this text in it |
/// | `loss is missing`, `loss is not missing` | if there is no value, or it is null |
/// | `loss is nan`, `loss is not nan` | if the value is NaN |
public struct Condition: Sendable, CustomStringConvertible {
  enum Comparison: String, Sendable, CaseIterable {
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case notEqual = "!="
    case equal = "=="
    case less = "<"
    case greater = ">"

    var isOrder: Bool { self != .equal && self != .notEqual }
  }

  indirect enum Kind: Sendable {
    case comparison(String, Comparison, Value)
    case isIn(String, [Value])
    case contains(String, String)
    case isMissing(String)
    case isNaN(String)
    case all([Kind])
    case any([Kind])
    case not(Kind)

    /// What is said of single names, in order.
    var leaves: [Kind] {
      switch self {
      case .all(let parts), .any(let parts): parts.flatMap(\.leaves)
      case .not(let inner): inner.leaves
      case .comparison, .isIn, .contains, .isMissing, .isNaN: [self]
      }
    }

    /// The name of a leaf.
    var name: String? {
      switch self {
      case .comparison(let name, _, _), .isIn(let name, _), .contains(let name, _),
        .isMissing(let name), .isNaN(let name):
        name
      case .all, .any, .not: nil
      }
    }
  }

  let kind: Kind
  public let description: String

  /// Reads a condition.
  /// - Throws: ``FieldworkError`` of code `unreadableText`, which says what was expected where.
  public init(_ text: String) throws {
    var parser = ConditionParser(text)
    kind = try parser.parse()
    description = text
  }

  /// The names that the condition compares, each once, in order.
  public var names: [String] {
    var seen = Set<String>()
    return kind.leaves.compactMap(\.name).filter { seen.insert($0).inserted }
  }

  /// The texts that a name is compared with, which no number equals.
  package func texts(comparedWith name: String) -> [String] {
    let texts = kind.leaves.flatMap { leaf -> [String] in
      switch leaf {
      case .comparison(name, let comparison, .string(let text)) where comparison != .notEqual:
        [text]
      case .isIn(name, let values):
        values.compactMap { if case .string(let text) = $0 { text } else { nil } }
      default: []
      }
    }
    return texts.filter { Value(word: $0).number == nil && $0 != "nan" }
  }

  /// Whether the condition holds, given the value of a name; a name without a value compares as
  /// unequal to everything.
  public func holds(_ value: (String) -> Value?) -> Bool {
    holds { name in value(name).map { [$0] } ?? [] }
  }

  /// Whether the condition holds, given what a name may stand for: its value, or the name that is shown
  /// for the value.
  package func holds(_ candidates: (String) -> [Value]) -> Bool {
    Condition.holds(kind, candidates)
  }

  private static func holds(_ kind: Kind, _ candidates: (String) -> [Value]) -> Bool {
    switch kind {
    case .all(let parts): return parts.allSatisfy { holds($0, candidates) }
    case .any(let parts): return parts.contains { holds($0, candidates) }
    case .not(let inner): return !holds(inner, candidates)
    case .isIn(let name, let values):
      return candidates(name).contains { left in values.contains { isEqual(left, $0) } }
    case .contains(let name, let text):
      return candidates(name).contains { $0 != .null && $0.description.contains(text) }
    case .isMissing(let name):
      // The value itself comes first; what is shown for null is a text.
      return candidates(name).first.map { $0 == .null } ?? true
    case .isNaN(let name): return candidates(name).contains { $0.number?.isNaN ?? false }
    case .comparison(let name, let comparison, let right):
      var lefts = candidates(name)
      // The text that is shown for a number has no order of its own.
      if comparison.isOrder, lefts.contains(where: { $0.number != nil }) {
        lefts.removeAll { $0.number == nil }
      }
      switch comparison {
      case .equal: return lefts.contains { isEqual($0, right) }
      case .notEqual: return !lefts.contains { isEqual($0, right) }
      case .less: return lefts.contains { isLess($0, right) }
      case .greater: return lefts.contains { isLess(right, $0) }
      case .lessOrEqual: return lefts.contains { isLess($0, right) || isEqualSize($0, right) }
      case .greaterOrEqual: return lefts.contains { isLess(right, $0) || isEqualSize($0, right) }
      }
    }
  }

  /// Numbers are compared by size, whatever their kind; a text written without quotes may name a value
  /// by what is shown for it.
  private static func isEqual(_ left: Value, _ right: Value) -> Bool {
    if let isSame = left.hasSameSize(as: right) {
      return isSame || left.number?.isNaN ?? false && right.number?.isNaN ?? false
    }
    return left == right || left.description == right.description
  }

  /// Whether two values that have a size have the same.
  private static func isEqualSize(_ left: Value, _ right: Value) -> Bool {
    if let isSame = left.hasSameSize(as: right) { return isSame }
    if case .string(let first) = left, case .string(let second) = right { return first == second }
    return false
  }

  private static func isLess(_ left: Value, _ right: Value) -> Bool {
    if let isSmaller = left.isSmaller(than: right) { return isSmaller }
    if case .string(let first) = left, case .string(let second) = right { return first < second }
    return false
  }
}

/// Reads a condition by recursive descent: `or` binds loosest, then `and`, then `not`.
private struct ConditionParser {
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
  private var depth = 0

  init(_ text: String) {
    self.text = text
    rest = text[...]
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

  /// Reads what stands in parentheses or after `not`.
  private mutating func parseInner(
    _ parse: (inout ConditionParser) throws -> Condition.Kind
  ) throws -> Condition.Kind {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw FieldworkError(
        .unreadableText,
        "cannot read the condition: parentheses and 'not' lie more than \(Self.deepest) deep in each other"
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
        hint: try peek().isWord ? "; names and texts with spaces stand in quotes" : ""
      )
    }
    _ = try next()
    return .comparison(name, comparison, try parseValue(after: comparison.rawValue))
  }

  /// What a word says of a name: `in (1, 2)`, `contains text`, `is missing`.
  /// - Returns: nil if no such word comes next.
  private mutating func parseRelation(_ name: String) throws -> Condition.Kind? {
    guard case .word(let word) = try peek() else { return nil }
    switch word.lowercased() {
    case "in":
      _ = try next()
      return .isIn(name, try parseList())
    case "contains":
      _ = try next()
      let value = try parseValue(after: "contains")
      return .contains(name, value.description)
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
  private mutating func parseList() throws -> [Value] {
    if case .word(let word) = try peek(), case .list(let values) = Value(word: word) {
      _ = try next()
      return values
    }
    guard try take(.open) else { throw try failure("values in parentheses after 'in'") }
    var values: [Value] = []
    repeat { values.append(try parseValue(after: values.isEmpty ? "(" : ",")) } while try take(.and)
    guard try take(.close) else { throw try failure("',' or ')'") }
    return values
  }

  /// Numbers as they are shown that are none in JSON.
  private static let notFinite: [String: Value] = [
    "nan": .double(.nan), "inf": .double(.infinity), "+inf": .double(.infinity),
    "-inf": .double(-.infinity),
  ]

  private mutating func parseValue(after sign: String) throws -> Value {
    switch try peek() {
    case .quoted(let text):
      _ = try next()
      return .string(text)
    case .word(let word):
      _ = try next()
      return Self.notFinite[word] ?? Value(word: word)
    default: throw try failure("a value after '\(sign)'")
    }
  }

  private func peek() throws -> Token {
    var copy = self
    return try copy.next()
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
      "cannot read the condition \"\(text)\": expected \(expected), found \(found)\(hint)"
    )
  }

  /// The list that comes next, to the bracket that closes it; nil if none does.
  private func list() -> Substring? {
    var depth = 0
    var quote: Character?
    for index in rest.indices {
      let sign = rest[index]
      if quote == nil, sign == "\"" || sign == "'" {
        quote = sign
      } else if sign == quote {
        quote = nil
      } else if quote == nil, sign == "[" || sign == "]" {
        depth += sign == "[" ? 1 : -1
        if depth == 0 { return rest[...index] }
      }
    }
    return nil
  }

  private mutating func next() throws -> Token {
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
      let body = rest.dropFirst()
      guard let end = body.firstIndex(of: first) else {
        throw FieldworkError(
          .unreadableText,
          "cannot read the condition \"\(text)\": a quote is not closed"
        )
      }
      rest = body[body.index(after: end)...]
      return .quoted(String(body[..<end]))
    }
    if first == "[", let list = list() {
      rest = rest[list.endIndex...]
      return .word(String(list))
    }
    let word = rest.prefix { !$0.isWhitespace && !"&|,()<>=!".contains($0) }
    guard !word.isEmpty else {
      throw FieldworkError(
        .unreadableText,
        "cannot read the condition \"\(text)\": unexpected '\(first)'"
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

extension Value {
  /// Whether two numbers have the same size; nil if one of them is none. Whole ones are compared to their last
  /// digit, which a Double may not have.
  package func hasSameSize(as other: Value) -> Bool? {
    if case .int(let first) = self, case .int(let second) = other { return first == second }
    guard let first = number, let second = other.number else { return nil }
    return first == second
  }

  /// Whether a number is smaller than another one; nil if one of them is none. As ``hasSameSize(as:)``.
  package func isSmaller(than other: Value) -> Bool? {
    if case .int(let first) = self, case .int(let second) = other { return first < second }
    guard let first = number, let second = other.number else { return nil }
    return first < second
  }

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
