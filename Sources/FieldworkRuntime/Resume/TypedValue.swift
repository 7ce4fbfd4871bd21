package import FieldworkAnalysis
package import FieldworkCore

/// The value of a parameter that was typed as text.
package enum TypedValue {
  /// Returns the value that a text means for a parameter: one of the domain, or another one of its type.
  /// - Parameters:
  ///   - options: those of the parameter.
  ///   - source: the text in which the literal was typed, for messages.
  /// - Throws: ``FieldworkError`` of code `wrongType`.
  package static func value(
    _ literal: Literal,
    of name: String,
    _ options: [ParameterOption],
    in source: String
  ) throws -> AnyAlias {
    // A value of the domain is taken as it is: it may have a name, or more digits than are shown. One that is exactly
    // what was typed comes first.
    let known = options.flatMap { option -> [AnyAlias] in
      if case .sampler(let sampler) = option.values { return sampler.listed }
      return (0..<min(option.values.count ?? 0, 10_000)).map { option.values.value(at: $0) }
    }.filter(literal.names)
    if let exact = known.first(where: literal.isExactly) ?? known.first { return exact }
    for option in options {
      if let value = option.accepting(literal) { return AnyAlias(value) }
    }
    let types = options.map(\.typeText)
    let values = options.map { $0.values.summary }.joined(separator: "; ")
    throw FieldworkError(
      .wrongType,
      "\(source): '\(literal.text)' is not \(types.first ?? "a value"): '\(name)' has \(values)"
    )
  }
}

extension ParameterOption {
  /// The value as one of this option's type; nil if it is of another.
  func accepting(_ literal: Literal) -> Value? {
    let value = literal.value
    switch type {
    case .some(let type):
      guard let type = type as? any ValueConvertible.Type else { return nil }
      // A text may look like a number, and a number may be quoted.
      let made = type.init(value) ?? type.init(.string(literal.text))
      return (made ?? literal.number.flatMap { type.init($0) })?.value
    case nil:
      let kinds = listedKinds
      if kinds.contains(value.kind) { return value }
      if case .int(let number) = value, kinds.contains(.double) { return .double(Double(number)) }
      if kinds.contains(.bool), let truth = literal.truth { return .bool(truth) }
      // A text may look like a number.
      return kinds.subtracting([.null]) == [.string] ? .string(literal.text) : nil
    }
  }

  /// The type that the playbook declares, by a handle or a sampler.
  private var type: (any Sendable.Type)? {
    if let declaredType { return declaredType }
    if case .sampler(let sampler) = values { return sampler.outputType }
    return nil
  }

  private var listedKinds: Set<Value.Kind> {
    Set((0..<min(values.count ?? 0, 10_000)).compactMap { values.value(at: $0).plain?.kind })
  }

  /// The type as a message names it: "an Int", "one of relu, tanh".
  var typeText: String {
    if let type {
      return type is any ValueConvertible.Type ? "of type \(type)" : "one of its named values"
    }
    let kinds = listedKinds.map(\.rawValue).sorted()
    return kinds.isEmpty ? "one of its named values" : "of type \(kinds.joined(separator: " or "))"
  }
}

extension ParameterValues {
  /// The values, or the first few of many.
  var summary: String {
    switch self {
    case .sampler(let sampler): return sampler.description
    case .integers(let range): return "\(range.lowerBound)...\(range.upperBound)"
    case .list(let list):
      let shown = list.prefix(8).map(\.name).joined(separator: ", ")
      return list.count > 8 ? "\(shown), …" : shown
    }
  }
}

extension ParameterOption {
  /// `Int` or `Double`, if all values are such numbers; nil otherwise.
  package var numberType: (any Sendable.Type)? {
    if let type { return type == Int.self || type == Double.self ? type : nil }
    switch listedKinds {
    case [.int]: return Int.self
    case [.double], [.int, .double]: return Double.self
    default: return nil
    }
  }
}
