// How many columns of a terminal a text takes: two for Chinese and most emoji, none for marks that stand
// over another sign. Where terminals differ, as for families of emoji, it is the larger number, so that a
// line that was measured fits.

extension Unicode.Scalar {
  /// The ranges of Unicode's property East Asian Width that are wide (W, F), emoji left out.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
    0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
    0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
    0x1F200...0x1F2FF, 0x20000...0x3FFFD,
  ]

  /// Korean vowels and finals, which join the consonant before them.
  private static let joining: [ClosedRange<UInt32>] = [0x1160...0x11FF, 0xD7B0...0xD7FF]

  /// The columns that the scalar adds to those of its character.
  fileprivate var columns: Int {
    // Letters with accents and Greek, where no table is needed.
    if value < 0x300 { return value < 0x20 || (0x7F..<0xA0).contains(value) ? 0 : 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .lineSeparator, .paragraphSeparator: return 0
    // Some signs that formally are formats, as the Arabic sign of numbers, can be seen.
    case .format: return value < 0x800 ? 1 : 0
    default: break
    }
    if Self.joining.contains(where: { $0.contains(value) }) { return 0 }
    if Self.wide.contains(where: { $0.contains(value) }) { return 2 }
    // The letters of flags come in pairs.
    if (0x1F1E6...0x1F1FF).contains(value) { return 1 }
    return properties.isEmojiPresentation ? 2 : 1
  }
}

extension Character {
  /// The columns of a terminal that the character takes.
  package var columns: Int {
    if let ascii = asciiValue { return ascii < 0x20 || ascii == 0x7F ? 0 : 1 }
    var columns = 0
    var isEmoji = false
    for scalar in unicodeScalars {
      columns += scalar.columns
      // The variation selector that makes a picture of a sign.
      if scalar.value == 0xFE0F { isEmoji = true }
    }
    return isEmoji ? max(columns, 2) : columns
  }
}

extension String {
  /// The columns of a terminal that the text takes, which must be in one line and without codes.
  package var columns: Int { isPlain ? utf8.count : reduce(0) { $0 + $1.columns } }

  /// True if the text has visible ASCII characters and spaces only.
  package var isPlain: Bool { utf8.allSatisfy { (0x20..<0x7F).contains($0) } }

  /// The text without the spaces at its end.
  package var withoutTrailingSpaces: String {
    let space = UInt8(ascii: " ")
    guard utf8.last == space, let last = utf8.lastIndex(where: { $0 != space }) else {
      return utf8.last == space ? "" : self
    }
    return String(self[..<utf8.index(after: last)])
  }

  /// The text in one line, with marks for line ends and for signs that would move the cursor.
  package var inOneLine: String {
    if isPlain { return self }
    let line = split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .joined(separator: " ⏎ ")
    let scalars = line.unicodeScalars.map { scalar -> Unicode.Scalar in
      if scalar == "\t" { return " " }
      return scalar.properties.generalCategory == .control || scalar.turnsText ? "\u{FFFD}" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }

  /// The text in at most so many columns, with a mark where it is cut.
  package func fitted(_ limit: Int) -> String {
    guard columns > limit else { return self }
    var rest = limit - 1
    let kept = prefix { character in
      rest -= character.columns
      return rest >= 0
    }
    return limit > 0 ? kept + "…" : ""
  }
}

extension Unicode.Scalar {
  /// Whether it changes the direction in which what follows is written.
  package var turnsText: Bool {
    (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
  }
}
