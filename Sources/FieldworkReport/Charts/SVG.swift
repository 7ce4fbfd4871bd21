import FieldworkCore

/// Writes elements of SVG.
///
/// Everything that comes from a research goes through ``text(_:)``: it cannot end an element or an
/// attribute, holds no sign that XML forbids, and does not turn the direction of what follows.
struct SVG {
  private(set) var content = ""

  /// - Parameter attributes: their values are numbers and texts of our own, or went through ``text(_:)``.
  mutating func element(_ name: String, _ attributes: [(String, String)], title: String? = nil) {
    open(name, attributes)
    if let title {
      content += "<title>\(Markup.text(title))</title>"
    }
    close(name)
  }

  mutating func open(_ name: String, _ attributes: [(String, String)] = []) {
    content += "<\(name)"
    for (name, value) in attributes { content += " \(name)=\"\(value)\"" }
    content += ">"
  }

  mutating func close(_ name: String) { content += "</\(name)>" }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    element(
      "line",
      [
        ("x1", Self.number(x1)), ("y1", Self.number(y1)), ("x2", Self.number(x2)),
        ("y2", Self.number(y2)), ("class", style),
      ]
    )
  }

  /// A text that is cut to some length; what was cut stands in its title.
  mutating func text(
    _ text: String,
    _ x: Double,
    _ y: Double,
    _ style: String = "",
    anchor: String = "start",
    limit: Int = 24,
    rotation: Double? = nil
  ) {
    var attributes = [
      ("x", Self.number(x)), ("y", Self.number(y)), ("text-anchor", anchor),
    ]
    if !style.isEmpty { attributes.append(("class", style)) }
    if let rotation {
      attributes.append(
        ("transform", "rotate(\(Self.number(rotation)) \(Self.number(x)) \(Self.number(y)))")
      )
    }
    open("text", attributes)
    let short = Markup.shortened(text, limit)
    if short != text { content += "<title>\(Markup.text(text))</title>" }
    content += Markup.text(short)
    close("text")
  }

  /// A number of pixels with one digit after the point.
  static func number(_ value: Double) -> String {
    let text = ((value * 10).rounded() / 10 + 0).description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A path through points, broken where there is none.
  static func path(_ points: [(x: Double, y: Double)?]) -> String {
    var path = ""
    var isDown = false
    for point in points {
      guard let point else {
        isDown = false
        continue
      }
      path += (isDown ? "L" : "M") + number(point.x) + " " + number(point.y)
      isDown = true
    }
    return path
  }
}

/// Text in HTML and SVG.
enum Markup {
  /// How long a text may be that stands in a title or a cell.
  static let longest = 2000

  /// A text that is no more than text, wherever it stands, and that does not turn the direction of what
  /// follows it.
  static func text(_ text: String) -> String { long(cut(text, longest)) }

  /// The same for a text of any length.
  static func long(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var hasDirection = false
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      case "\t", "\n", "\r": result.append(scalar)
      case _ where isForbidden(scalar): result.append("\u{FFFD}")
      default:
        if isFromTheRight(scalar) { hasDirection = true }
        result.append(scalar)
      }
    }
    // First strong isolate, and its end.
    return hasDirection ? "\u{2068}\(String(result))\u{2069}" : String(result)
  }

  /// Whether XML forbids a sign, even as a reference, or it turns the direction of what follows.
  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0xFFFE, 0xFFFF: true
    default: scalar.turnsText
    }
  }

  /// Whether a letter is written from the right to the left.
  private static func isFromTheRight(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFE, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
    default: false
    }
  }

  /// A text of at most so many signs, with an ellipsis at its end if it was longer.
  static func cut(_ text: String, _ limit: Int) -> String {
    guard text.unicodeScalars.count > limit else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit - 1))) + "…"
  }

  /// A text of at most so many signs, with an ellipsis in its middle if it was longer: names often differ at their
  /// ends.
  static func shortened(_ text: String, _ limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > limit, limit > 8 else { return cut(text, limit) }
    let end = (limit - 1) / 3
    return String(String.UnicodeScalarView(scalars.prefix(limit - 1 - end))) + "…"
      + String(String.UnicodeScalarView(scalars.suffix(end)))
  }

  /// A text in a script element, as a string of JSON or all of a JSON text.
  static func script(_ json: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in json.unicodeScalars {
      switch scalar {
      case "<", ">", "&", "\u{2028}", "\u{2029}":
        let hex = String(scalar.value, radix: 16)
        result.append(
          contentsOf: ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).unicodeScalars
        )
      default: result.append(scalar.turnsText ? "\u{FFFD}" : scalar)
      }
    }
    return String(result)
  }
}
