import FieldworkAnalysis
import FieldworkCore
import FieldworkRuntime

/// A parameter's values as the command line gives them: `lr=0.1,0.01`.
struct ValueReplacement {
  let name: String
  private let literals: [Literal]
  private let source: String
  /// The bounds of a range of integers; nil if the text is none.
  private let range: ClosedRange<Int>?
  /// A sampler; nil if the text is none.
  private let drawn: DrawnValues?

  /// - Throws: ``FieldworkError`` of code `unreadableText`.
  init(_ text: String) throws {
    source = text
    guard let equal = text.firstIndex(of: "="), equal != text.startIndex else {
      throw FieldworkError(.unreadableText, "--set \(text): write name=value,value")
    }
    var start = text[..<equal].drop(while: \.isWhitespace)
    while start.last?.isWhitespace ?? false { start.removeLast() }
    name = String(start)
    let content = text[text.index(after: equal)...]
    range = try Self.range(content, "--set \(text)")
    drawn = range == nil ? try DrawnValues(content, in: "--set \(text)") : nil
    guard range == nil, drawn == nil else {
      literals = []
      return
    }
    do {
      literals = try Literal.list(content)
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
    if let drawn {
      return research.replacing(match.key, with: try drawn.sampler(for: name, options))
    }
    if let range {
      return research.replacing(match.key, with: try checked(range, options))
    }
    let values = try literals.map {
      try TypedValue.value($0, of: name, options, in: "--set \(source)")
    }
    return research.replacing(match.key, with: values)
  }
}

extension ValueReplacement {
  /// Reads `1...10`.
  /// - Throws: ``FieldworkError`` of code `unreadableText` for a range that is none of integers.
  private static func range(_ text: Substring, _ source: String) throws -> ClosedRange<Int>? {
    let parts = text.split(separator: "...", omittingEmptySubsequences: false).map(\.trimmed)
    guard parts.count == 2, let first = Double(parts[0]), let last = Double(parts[1]) else {
      return nil
    }
    guard first <= last else {
      throw FieldworkError(
        .unreadableText,
        "\(source): the range is empty; write \(parts[1])...\(parts[0])"
      )
    }
    guard let low = Int(parts[0]), let high = Int(parts[1]) else {
      throw FieldworkError(
        .unreadableText,
        "\(source): a range has integers; to draw numbers from it write uniform(\(parts[0])...\(parts[1]))"
      )
    }
    return low...high
  }

  /// - Throws: ``FieldworkError`` of code `wrongType` if the parameter has other values than integers.
  private func checked(
    _ range: ClosedRange<Int>,
    _ options: [ParameterOption]
  ) throws -> ClosedRange<Int> {
    for number in Set([range.lowerBound, range.upperBound]) {
      let literal = Literal(String(number), isQuoted: false)
      let value = try TypedValue.value(literal, of: name, options, in: "--set \(source)")
      guard value.plain?.kind == .int else {
        throw FieldworkError(
          .wrongType,
          "--set \(source): '\(name)' is no integer; give a list of values, or draw with uniform(\(range.lowerBound)...\(range.upperBound))"
        )
      }
    }
    return range
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
