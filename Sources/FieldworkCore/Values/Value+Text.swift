extension Value: CustomStringConvertible {
  /// The value as tables show it: `0.1`, `adam`, `[10, 100]`, `null`.
  public var description: String {
    if case .string(let text) = self { return text }
    return literalText(null: "null")
  }

  /// The value as one writes it in Swift: `0.1`, `"adam"`, `[10, 100]`, `nil`.
  public var literalText: String { literalText(null: "nil") }

  private func literalText(null: String) -> String {
    switch self {
    case .null: return null
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value): return (value + 0).description
    case .string(let value): return Value.quoted(value)
    case .list(let values):
      return "[" + values.map { $0.literalText(null: null) }.joined(separator: ", ") + "]"
    case .dictionary(let values):
      guard !values.isEmpty else { return "[:]" }
      let pairs = values.sorted { $0.key < $1.key }
        .map { "\(Value.quoted($0.key)): \($0.value.literalText(null: null))" }
      return "[" + pairs.joined(separator: ", ") + "]"
    }
  }

  /// The value in a text that is the same on every machine and in every run; equal texts mean equal
  /// values.
  ///
  /// The text is JSON without spaces, keys sorted, and numbers written with a point or an exponent
  /// where they are not integers: `[1,1.0,"a",null]`. Numbers that JSON lacks are `nan`, `inf`, `-inf`.
  public var canonicalText: String {
    var text = ""
    write(to: &text, number: { Value.text($0 + 0) })
    return text
  }

  /// The value as ``canonicalText``, with the sign of a zero: reading it gives the very value.
  package var exactText: String {
    var text = ""
    writeExact(to: &text)
    return text
  }

  /// Adds ``exactText`` to a text.
  package func writeExact(to text: inout String) { write(to: &text, number: Value.text) }

  private static func text(_ number: Double) -> String {
    number.isFinite ? number.description : number.isNaN ? "nan" : number < 0 ? "-inf" : "inf"
  }

  /// The value as Python reads JSON: NaN and the infinities, which JSON lacks, are `NaN`, `Infinity`, `-Infinity`.
  package var extendedJSONText: String {
    var text = ""
    write(
      to: &text,
      number: {
        $0.isFinite ? ($0 + 0).description : $0.isNaN ? "NaN" : $0 < 0 ? "-Infinity" : "Infinity"
      }
    )
    return text
  }

  /// The value as JSON. NaN and the infinities, which JSON lacks, become `null`.
  public var jsonText: String {
    var text = ""
    writeJSON(to: &text)
    return text
  }

  /// Adds ``jsonText`` to a text.
  package func writeJSON(to text: inout String) {
    write(to: &text, number: { $0.isFinite ? ($0 + 0).description : "null" })
  }

  private func write(to text: inout String, number: (Double) -> String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    case .double(let value):
      text += number(value)
    case .string(let value): Value.quote(value, to: &text)
    case .list(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text, number: number)
      }
      text += "]"
    case .dictionary(let values):
      text += "{"
      for (index, key) in values.keys.sorted().enumerated() {
        if index > 0 { text += "," }
        Value.quote(key, to: &text)
        text += ":"
        values[key]?.write(to: &text, number: number)
      }
      text += "}"
    }
  }

  /// A string in double quotes with JSON's escapes.
  package static func quoted(_ string: String) -> String {
    var text = ""
    quote(string, to: &text)
    return text
  }

  /// Adds a string in double quotes with JSON's escapes.
  package static func quote(_ string: String, to text: inout String) {
    text += "\""
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    ) {
      text += string
    } else {
      for scalar in string.unicodeScalars { escape(scalar, to: &text) }
    }
    text += "\""
  }

  private static func escape(_ scalar: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where scalar.value < 0x20:
      let hex = String(scalar.value, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    default: text.unicodeScalars.append(scalar)
    }
  }
}
