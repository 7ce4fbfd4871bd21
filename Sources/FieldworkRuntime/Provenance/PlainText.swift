/// What is left of UTF-8 without the codes that move or colour a terminal.
enum PlainText {
  private enum Position {
    case text
    /// After an escape character.
    case escape
    /// In a sequence that ends with a letter, such as a colour.
    case control
    /// In a sequence that ends with a bell or `ESC \`, such as a title.
    case command
    /// After an escape character in a command.
    case commandEscape
  }

  /// The bytes without escape sequences, with `\n` for every line end, and `?` for other control
  /// characters.
  static func bytes(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = Position.text
    for index in bytes.indices {
      let byte = bytes[index]
      switch position {
      case .text:
        switch byte {
        case 0x1B: position = .escape
        case 0x0D:
          // A line that is written over another one stands below it.
          let isPair = index + 1 < bytes.count && bytes[index + 1] == 0x0A
          if !isPair { result.append(0x0A) }
        case 0x09, 0x0A: result.append(byte)
        case 0..<0x20, 0x7F: result.append(UInt8(ascii: "?"))
        case 0x80...0x9F where result.last == 0xC2:
          // The second byte of a control character of two bytes.
          result[result.count - 1] = UInt8(ascii: "?")
        default: result.append(byte)
        }
      case .escape: position = after(escape: byte)
      case .control: if (0x40...0x7E).contains(byte) || byte == 0x0A { position = .text }
      case .command:
        if byte == 0x07 || byte == 0x0A { position = .text }
        if byte == 0x1B { position = .commandEscape }
      case .commandEscape: position = byte == UInt8(ascii: "\\") ? .text : .command
      }
    }
    return result
  }

  static func of(_ text: String) -> String {
    String(decoding: Array(text.utf8).withUnsafeBytes(bytes), as: UTF8.self)
  }

  private static func after(escape byte: UInt8) -> Position {
    switch byte {
    case UInt8(ascii: "["): .control
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"): .command
    default: .text
    }
  }
}
