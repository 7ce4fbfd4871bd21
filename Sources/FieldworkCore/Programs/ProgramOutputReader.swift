#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads what a program prints, piece by piece, and finds the iterations in it.
package struct ProgramOutputReader {
  /// A part of the output.
  package enum Event {
    /// The values of an iteration.
    case iteration([String: Value])
    /// Bytes that are the experiment's output.
    case text(ArraySlice<UInt8>)
  }

  /// The number of bytes that one object or line of values may have.
  package static let sizeLimit = 64 << 20

  private let format: ProgramOutput.Format
  private var buffer: [UInt8] = []
  /// The position of the first byte that is not yet read.
  private var start = 0
  /// The position up to which there is no line end, from ``start`` on.
  private var searched = 0
  private var lineNumber = 0
  /// True if the beginning of the present line was text and has been returned.
  private var isInsideLine = false
  private var columns: [String]?
  private var separator = UInt8(ascii: ",")
  private var regexes: [(name: String, regex: Regex<AnyRegexOutput>)] = []
  private var gathered: [String: Value] = [:]
  private var hasFinished = false

  /// - Throws: the error of a pattern that is not a regular expression.
  package init(_ output: ProgramOutput) throws {
    format = output.format
    if case .patterns(let patterns) = format {
      regexes = try patterns.map { ($0.name, try Regex($0.expression)) }
    }
  }

  /// Adds bytes that the program has printed.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if start > 0 {
      buffer.removeSubrange(..<start)
      searched -= start
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Returns the next part of what was added; nil if more bytes are needed.
  /// - Throws: ``FieldworkError`` of code `unreadableText`, with the line, if values cannot be read.
  package mutating func next() throws -> Event? {
    switch format {
    case .none: return takeText(upTo: buffer.count)
    case .json:
      guard buffer.count - start <= Self.sizeLimit else { throw tooLong }
      return nil
    case .jsonLines: return try nextOfJSONLines()
    case .csv:
      while let line = try takeLine() {
        if let values = try row(line) { return .iteration(values) }
      }
      return nil
    case .patterns: return try nextOfPatterns()
    }
  }

  /// Returns the rest, one part a call, when no more bytes come; nil at its end.
  /// - Throws: as ``next()``.
  package mutating func finish() throws -> Event? {
    if let event = try next() { return event }
    if start < buffer.count {
      switch format {
      case .json:
        let values = try object(buffer[start...], "the output")
        start = buffer.count
        hasFinished = true
        return .iteration(values)
      case .jsonLines, .csv, .patterns:
        // The last line may lack its end.
        let end: [UInt8] = [UInt8(ascii: "\n")]
        end.withUnsafeBytes { append($0) }
        if let event = try next() { return event }
      case .none: break
      }
    }
    defer { hasFinished = true }
    guard !hasFinished else { return nil }
    switch format {
    case .json:
      throw FieldworkError(
        .unreadableText,
        "the program has printed nothing, but its output is to be one JSON object"
      )
    case .none: return .iteration([:])
    case .patterns where !gathered.isEmpty:
      defer { gathered = [:] }
      return .iteration(gathered)
    default: return nil
    }
  }

  // MARK: Lines

  /// The position of the next line end.
  private mutating func lineEnd() -> Int? {
    searched = max(searched, start)
    let found = buffer.withUnsafeBytes { bytes -> Int? in
      guard searched < bytes.count, let base = bytes.baseAddress,
        let place = memchr(base + searched, Int32(UInt8(ascii: "\n")), bytes.count - searched)
      else { return nil }
      return UnsafeRawPointer(place) - base
    }
    searched = found ?? buffer.count
    return found
  }

  private mutating func takeText(upTo end: Int) -> Event? {
    guard end > start else { return nil }
    defer { start = end }
    return .text(buffer[start..<end])
  }

  /// Removes and returns the next line, without its end.
  private mutating func takeLine() throws -> ArraySlice<UInt8>? {
    guard let end = lineEnd() else {
      guard buffer.count - start <= Self.sizeLimit else { throw tooLong }
      return nil
    }
    defer {
      start = end + 1
      lineNumber += 1
    }
    let hasReturn = end > start && buffer[end - 1] == UInt8(ascii: "\r")
    return buffer[start..<(hasReturn ? end - 1 : end)]
  }

  private var tooLong: FieldworkError {
    FieldworkError(
      .unreadableText,
      "the program has printed more than \(Self.sizeLimit >> 20) MB of values in one piece: \(Self.shown(buffer[start...]))"
    )
  }

  private mutating func nextOfJSONLines() throws -> Event? {
    // Lines of text that follow one another are one piece.
    let begin = start
    while true {
      let position = start
      let first = buffer[position...].first { $0 != 0x20 && $0 != 0x09 }
      let isObject = !isInsideLine && first == UInt8(ascii: "{")
      if isObject, position > begin {
        return .text(buffer[begin..<position])
      }
      guard let end = lineEnd() else {
        if isObject {
          guard buffer.count - position <= Self.sizeLimit else { throw tooLong }
          return nil
        }
        guard position > begin || buffer.count - position > 1 << 16 else { return nil }
        // A long line goes on in pieces, but none may begin as an object does.
        if buffer.count - position > 1 << 16 {
          isInsideLine = true
          return takeText(from: begin, upTo: buffer.count)
        }
        return .text(buffer[begin..<position])
      }
      start = end + 1
      lineNumber += 1
      isInsideLine = false
      if isObject {
        return .iteration(try object(buffer[position..<end], "line \(lineNumber) of the output"))
      }
    }
  }

  private mutating func takeText(from begin: Int, upTo end: Int) -> Event? {
    start = end
    return .text(buffer[begin..<end])
  }

  private func object(_ bytes: ArraySlice<UInt8>, _ what: String) throws -> [String: Value] {
    let value: Value
    do {
      value = try Value(parsing: String(decoding: bytes, as: UTF8.self))
    } catch let error as FieldworkError {
      let reason = error.message.split(separator: ": ").last.map(String.init) ?? error.message
      throw FieldworkError(
        .unreadableText,
        "\(what) is not a JSON object: \(Self.shown(bytes)) (\(reason))\(Self.hint(bytes))"
      )
    }
    guard case .dictionary(let values) = value else {
      throw FieldworkError(
        .unreadableText,
        "\(what) is not a JSON object but a \(value.kind.rawValue): \(Self.shown(bytes))"
      )
    }
    return values
  }

  private static func hint(_ bytes: ArraySlice<UInt8>) -> String {
    let isPython = bytes.drop { $0 == 0x20 || $0 == UInt8(ascii: "{") }.first == UInt8(ascii: "'")
    return isPython ? "; it looks like a dictionary of Python: print json.dumps(…)" : ""
  }

  /// The beginning of a line, for messages.
  static func shown(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes.prefix(300), as: UTF8.self)
      .map { $0.isNewline ? " " : String($0) }.joined()
    return bytes.count > 300 ? text + "…" : text
  }

  // MARK: Columns

  private mutating func row(_ line: ArraySlice<UInt8>) throws -> [String: Value]? {
    guard !line.isEmpty else { return nil }
    guard let columns else {
      // A byte order mark is no part of a name.
      let header = line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
      let (comma, tab) = (UInt8(ascii: ","), UInt8(ascii: "\t"))
      if !header.contains(comma), header.contains(tab) { separator = tab }
      let names = try cells(header).map { $0.text.trimmed }
      guard !names.contains("") else {
        throw lineError("has a column without a name", header)
      }
      if let twice = Dictionary(grouping: names, by: \.self).first(where: { $0.value.count > 1 }) {
        throw lineError("has two columns '\(twice.key)'", header)
      }
      self.columns = names
      return nil
    }
    let cells = try cells(line)
    guard cells.count == columns.count else {
      throw lineError(
        "has \(cells.count) cell\(cells.count == 1 ? "" : "s"), but there are \(columns.count) column\(columns.count == 1 ? "" : "s")",
        line
      )
    }
    var values: [String: Value] = [:]
    for (name, cell) in zip(columns, cells) {
      // What an empty cell lacks is not saved.
      if cell.isQuoted {
        values[name] = .string(cell.text)
      } else if !cell.text.trimmed.isEmpty {
        values[name] = Self.value(cell.text.trimmed)
      }
    }
    return values
  }

  private func lineError(_ reason: String, _ line: ArraySlice<UInt8>) -> FieldworkError {
    FieldworkError(
      .unreadableText,
      "line \(lineNumber) of the output \(reason): \(Self.shown(line))"
    )
  }

  private func cells(_ line: ArraySlice<UInt8>) throws -> [(text: String, isQuoted: Bool)] {
    let quote = UInt8(ascii: "\"")
    var cells: [(String, Bool)] = []
    var position = line.startIndex
    while true {
      var bytes: [UInt8] = []
      let isQuoted = position < line.endIndex && line[position] == quote
      if isQuoted {
        position += 1
        while true {
          guard position < line.endIndex else {
            throw lineError("has a quote without an end", line)
          }
          if line[position] == quote {
            position += 1
            guard position < line.endIndex, line[position] == quote else { break }
          }
          bytes.append(line[position])
          position += 1
        }
        guard position == line.endIndex || line[position] == separator else {
          throw lineError("has text after a quoted cell", line)
        }
      } else {
        while position < line.endIndex, line[position] != separator {
          bytes.append(line[position])
          position += 1
        }
      }
      cells.append((String(decoding: bytes, as: UTF8.self), isQuoted))
      guard position < line.endIndex else { return cells }
      position += 1
    }
  }

  /// The value that a text is read as: a number, `true` or `false`, or the text.
  static func value(_ text: String) -> Value {
    if let number = Value(number: text) { return number }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    case "nan", "+nan", "-nan": return .double(.nan)
    case "inf", "+inf", "infinity", "+infinity": return .double(.infinity)
    case "-inf", "-infinity": return .double(-.infinity)
    default: return .string(text)
    }
  }

  // MARK: Patterns

  private mutating func nextOfPatterns() throws -> Event? {
    let begin = start
    while let end = lineEnd() {
      let line = buffer[start..<end]
      var found: [(name: String, value: Value)] = []
      let text = String(
        decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line,
        as: UTF8.self
      )
      for (name, regex) in regexes {
        guard let match = try regex.firstMatch(in: text) else { continue }
        let part = match.output.count > 1 ? match.output[1].substring : match.output[0].substring
        if let part { found.append((name, Self.value(String(part)))) }
      }
      if found.contains(where: { gathered[$0.name] != nil }) {
        // The line belongs to the next iteration.
        if start > begin { return .text(buffer[begin..<start]) }
        defer { gathered = [:] }
        return .iteration(gathered)
      }
      for (name, value) in found { gathered[name] = value }
      start = end + 1
      lineNumber += 1
    }
    if start > begin { return .text(buffer[begin..<start]) }
    guard buffer.count - start <= Self.sizeLimit else { throw tooLong }
    return nil
  }
}

extension String {
  /// The text without spaces at its ends.
  fileprivate var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
