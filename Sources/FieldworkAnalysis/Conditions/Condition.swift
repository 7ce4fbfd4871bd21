public import FieldworkCore

/// A condition on named values, written as a text: `lr < 0.01 and (optimizer == adam or layers in (3, 4))`.
///
/// A comparison has a name on its left and a value on its right. A value is a number, `true`, `false`, `null`, a text,
/// or a list. Names and texts need quotes only if they contain spaces or signs. `=` means `==`. A comma and `&&` mean
/// `and`, `||` means `or`, and `!` means `not`.
///
/// | form | holds |
/// |---|---|
/// | `lr == 0.1`, `lr != 0.1` | if the value is this one, or is not |
/// | `lr < 0.1`, `<=`, `>`, `>=` | by size, of texts by their order; never for a missing value or NaN |
/// | `layers in (2, 4)`, `layers not in (2, 4)` | if the value is one of these, or none |
/// | `name contains relu` | if the text of the value has this text in it |
/// | `loss is missing`, `loss is not missing` | if there is no value, or it is null |
/// | `loss is nan`, `loss is not nan` | if the value is NaN |
///
/// The value to the left decides how the one to the right is read:
/// - A number is compared by size, with as many digits as the condition gives, but at least the five that tables show:
///   `t == 0.3` holds for 0.30000000000000004, and `t == 0.33333` for a third. NaN equals NaN.
/// - A text is compared with what was typed: `version == 1.10` holds for the text `1.10`, and not for `1.1`.
/// - A truth value equals `true` and `True`, or `false` and `False`.
/// - A null equals `null` and `nil`, which no text equals; `"null"` in quotes is the text.
/// - A value with a name of its own equals its name, too.
public struct Condition: Sendable, CustomStringConvertible {
  enum Comparison: String, Sendable, CaseIterable {
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case notEqual = "!="
    case equal = "=="
    case less = "<"
    case greater = ">"
  }

  indirect enum Kind: Sendable {
    case comparison(String, Comparison, Literal)
    case isIn(String, [Literal])
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

  /// The literals that a name is compared with for equality.
  package func literals(comparedWith name: String) -> [Literal] {
    kind.leaves.flatMap { leaf -> [Literal] in
      switch leaf {
      case .comparison(name, let comparison, let literal) where comparison != .notEqual: [literal]
      case .isIn(name, let literals): literals
      default: []
      }
    }
  }

  /// Whether the condition holds, given the value of a name; a name without a value compares as
  /// unequal to everything.
  public func holds(_ value: (String) -> Value?) -> Bool {
    holds { name in Subject(value(name)) }
  }

  /// Returns true if the condition holds for the subjects that its names refer to.
  package func holds(_ subject: (String) -> Subject) -> Bool {
    Condition.holds(kind, subject)
  }

  private static func holds(_ kind: Kind, _ subject: (String) -> Subject) -> Bool {
    switch kind {
    case .all(let parts): return parts.allSatisfy { holds($0, subject) }
    case .any(let parts): return parts.contains { holds($0, subject) }
    case .not(let inner): return !holds(inner, subject)
    case .isIn(let name, let literals):
      let left = subject(name)
      return literals.contains { left.equals($0) }
    case .contains(let name, let text): return subject(name).contains(text)
    case .isMissing(let name): return subject(name).isMissing
    case .isNaN(let name): return subject(name).value?.number?.isNaN ?? false
    case .comparison(let name, let comparison, let literal):
      let left = subject(name)
      switch comparison {
      case .equal: return left.equals(literal)
      case .notEqual: return !left.equals(literal)
      case .less: return left.order(literal) == .smaller
      case .greater: return left.order(literal) == .larger
      case .lessOrEqual: return [.smaller, .equal].contains(left.order(literal))
      case .greaterOrEqual: return [.larger, .equal].contains(left.order(literal))
      }
    }
  }
}
