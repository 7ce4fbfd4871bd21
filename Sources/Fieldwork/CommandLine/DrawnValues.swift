import FieldworkCore

/// A sampler as the command line gives it: `logUniform(1e-4...1e-1)`, `normal(mean: 0, deviation: 2)`.
struct DrawnValues {
  private let text: String
  private let source: String
  private let name: String
  private let arguments: [String: Value]

  /// Reads a sampler.
  /// - Parameter source: the option, for messages.
  /// - Returns: nil if the text is no call.
  /// - Throws: ``FieldworkError`` of code `unreadableText` for arguments that cannot be read.
  init?(_ content: Substring, in source: String) throws {
    let text = content.trimmed
    guard let open = text.firstIndex(of: "("), text.hasSuffix(")"), open != text.startIndex,
      text[..<open].allSatisfy({ $0.isLetter || ".-_".contains($0) })
    else { return nil }
    self.text = text
    self.source = source
    name = String(text[..<open].drop { $0 == "." })
    guard AnySampler.distributionNames.contains(name) else {
      let names = AnySampler.distributionNames.joined(separator: ", ")
      throw FieldworkError(
        .unreadableText,
        "\(source): no sampler is named '\(name)'; the samplers are \(names)"
      )
    }
    var arguments: [String: Value] = [:]
    let inside = text[text.index(after: open)...].dropLast()
    for part in inside.split(separator: ",") {
      let pair = part.split(separator: ":", maxSplits: 1)
      let value = (pair.last ?? "").trimmed
      let bounds = value.split(separator: "...", omittingEmptySubsequences: false)
      if bounds.count == 2, let low = Value(number: bounds[0].trimmed),
        let high = Value(number: bounds[1].trimmed)
      {
        (arguments["low"], arguments["high"]) = (low, high)
      } else if pair.count == 2, let number = Value(number: value) {
        arguments[pair[0].trimmed] = number
      } else {
        throw FieldworkError(
          .unreadableText,
          "\(source): '\(part.trimmed)' is no argument of a sampler: write a range, as in uniform(0...1), or names with numbers, as in normal(mean: 0, deviation: 1)"
        )
      }
    }
    self.arguments = arguments
  }

  /// - Parameters:
  ///   - parameter: the name of the parameter.
  ///   - options: those of the parameter.
  /// - Throws: ``FieldworkError`` if there is no such sampler, or if it draws values of another type.
  func sampler(for parameter: String, _ options: [ParameterOption]) throws -> AnySampler {
    let encoding: Value = [
      "distribution": .string(name), "arguments": .dictionary(arguments),
    ]
    guard let sampler = AnySampler(encoding: encoding) else {
      throw FieldworkError(
        .unreadableText,
        "\(source): '\(name)' does not take these arguments: give a range whose beginning is below its end (above 0 for logUniform), as in uniform(0...1), or the arguments by the names that they have in a playbook, as in normal(mean: 0, deviation: 1)"
      )
    }
    if let problem = sampler.problem {
      throw FieldworkError(.unreadableText, "\(source): \(problem.message)")
    }
    let isInteger = sampler.outputType == Int.self
    let kinds = options.compactMap(\.numberType)
    if !kinds.isEmpty, !kinds.contains(where: { ($0 == Int.self) == isInteger }) {
      throw FieldworkError(
        .wrongType,
        "\(source): \(text) draws \(isInteger ? "integers" : "numbers with a fraction"), and '\(parameter)' has \(isInteger ? "numbers with a fraction" : "integers"): use a sampler of \(isInteger ? "numbers with a fraction, such as uniform" : "integers, such as integers or poisson")"
      )
    }
    guard !kinds.isEmpty else {
      throw FieldworkError(
        .wrongType,
        "\(source): '\(parameter)' has no numbers, so none can be drawn for it"
      )
    }
    return sampler
  }
}

extension Substring {
  /// The text without spaces at its ends.
  var trimmed: String { String(self).trimmed }
}

extension String {
  /// The text without spaces at its ends.
  var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
