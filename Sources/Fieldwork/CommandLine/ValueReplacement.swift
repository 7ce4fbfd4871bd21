import FieldworkCore

/// A parameter's values as the command line gives them: `lr=0.1,0.01`.
struct ValueReplacement {
  let name: String
  private let literals: [Literal]
  private let source: String

  /// - Throws: ``FieldworkError`` of code `unreadableText`.
  init(_ text: String) throws {
    source = text
    guard let equal = text.firstIndex(of: "="), equal != text.startIndex else {
      throw FieldworkError(.unreadableText, "--set \(text): write name=value,value")
    }
    var start = text[..<equal].drop(while: \.isWhitespace)
    while start.last?.isWhitespace ?? false { start.removeLast() }
    name = String(start)
    do {
      literals = try Literal.list(text[text.index(after: equal)...])
    } catch let error as FieldworkError {
      throw FieldworkError(error.code, "--set \(text): \(error.message)")
    }
  }

  /// The research with the new values.
  /// - Throws: ``FieldworkError`` if the domain lacks the parameter or a value is of another type.
  func applied(to research: Research) throws -> Research {
    let names = research.domain?.parameterNames ?? []
    guard let match = names.first(where: { $0.key == name || $0.alias == name }) else {
      let list = names.isEmpty ? "none" : names.map(\.key).joined(separator: ", ")
      throw FieldworkError(
        .missingParameter,
        "--set \(source): the domain has no parameter '\(name)', it has \(list)"
      )
    }
    let options = research.domain?.options(of: match.key) ?? []
    let values = try literals.map { try value($0, options) }
    return research.replacing(match.key, with: values)
  }

  private func value(_ literal: Literal, _ options: [ParameterOption]) throws -> AnyAlias {
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
      "--set \(source): '\(literal.text)' is not \(types.first ?? "a value"): '\(name)' has \(values)"
    )
  }
}

extension [ValueReplacement] {
  /// - Throws: ``FieldworkError`` if a parameter is set twice.
  func checkedForDoubles() throws -> [ValueReplacement] {
    for (index, replacement) in enumerated()
    where self[..<index].contains(where: { $0.name == replacement.name }) {
      throw FieldworkError(
        .invalidDefinition,
        "--set \(replacement.name)=… is given twice: give all values in one, with commas"
      )
    }
    return self
  }
}

extension ParameterOption {
  /// The value as one of this option's type; nil if it is of another.
  fileprivate func accepting(_ literal: Literal) -> Value? {
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
  fileprivate var typeText: String {
    if let type {
      return type is any ValueConvertible.Type ? "of type \(type)" : "one of its named values"
    }
    let kinds = listedKinds.map(\.rawValue).sorted()
    return kinds.isEmpty ? "one of its named values" : "of type \(kinds.joined(separator: " or "))"
  }
}

extension ParameterValues {
  /// The values, or the first few of many.
  fileprivate var summary: String {
    switch self {
    case .sampler(let sampler): return sampler.description
    case .integers(let range): return "\(range.lowerBound)...\(range.upperBound)"
    case .list(let list):
      let shown = list.prefix(8).map(\.name).joined(separator: ", ")
      return list.count > 8 ? "\(shown), …" : shown
    }
  }
}
