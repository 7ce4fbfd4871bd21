import FieldworkCore

/// The colors of messages.
///
/// Until it is written, a text has marks for colors instead of a terminal's codes, so that codes in what users and units
/// wrote can be told apart. The marks are characters that no text has: Unicode keeps them free for use within a program.
enum TerminalColor: UInt32, CaseIterable {
  case plain = 0xFDD0
  case bold, dim, red, green, yellow

  var mark: String { Unicode.Scalar(rawValue).map { String($0) } ?? "" }

  private var code: String {
    switch self {
    case .plain: "0"
    case .bold: "1"
    case .dim: "2"
    case .red: "31"
    case .green: "32"
    case .yellow: "33"
    }
  }

  /// Replaces the marks in a text by the codes of a terminal.
  static func encoded(_ text: String) -> String {
    // The marks begin with this byte in UTF-8.
    guard text.utf8.contains(0xEF) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let color = TerminalColor(rawValue: scalar.value) {
        result.append(contentsOf: "\u{1B}[\(color.code)m".unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

extension String {
  /// The text with everything that would move the cursor of a terminal, or change the direction of writing, written as
  /// JSON writes it: `\u001b`. Line ends and tabs stay.
  var withVisibleControls: String {
    let isPlain = utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0x0A || $0 == 0x09 }
    guard !isPlain else { return self }
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      let isLineEnd = scalar == "\n" || scalar == "\t"
      guard !isLineEnd, scalar.properties.generalCategory == .control || scalar.turnsText else {
        result.append(scalar)
        continue
      }
      let digits = String(scalar.value, radix: 16)
      result.append(
        contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
          .unicodeScalars
      )
    }
    return String(result)
  }
}
