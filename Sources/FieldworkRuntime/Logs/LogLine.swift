import Foundation
import Logging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A record of a log, as a line:
///
///     2026-11-24 10:41:14.123Z INFO digits.0123456789abcdef a message key=value
///
/// The time is UTC, the same on all machines of a run and in both halves of a year. Further lines of a
/// message are indented, so that what begins with a time begins a record. Keys are sorted; a value with
/// spaces or quotes stands in quotes.
struct LogLine {
  /// In seconds since 1970.
  var time: Double
  var level: Logger.Level
  /// Who tells it: the research, or research and experiment.
  var name: String
  var message: String
  var metadata: [String: String] = [:]

  /// The line with its end.
  var text: String {
    let lines = message.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let end = lines.lastIndex { !$0.isEmpty } ?? 0
    // The values stand in the first line, where a search for it finds them.
    var text = "\(LogLine.format(time)) \(level.rawValue.uppercased()) "
    text += LogLine.word(name)
    if let first = lines.first, !first.isEmpty { text += " " + first }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      text += " \(LogLine.word(key))=\(LogLine.word(value))"
    }
    for line in lines.prefix(end + 1).dropFirst() { text += "\n    " + line }
    return text + "\n"
  }

  /// A text as it is, or in quotes if it could not be told from what stands around it.
  private static func word(_ text: String) -> String {
    let needsQuotes = text.isEmpty || text.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" }
    guard needsQuotes else { return text }
    var quoted = "\""
    for character in text {
      switch character {
      case "\"", "\\": quoted += "\\\(character)"
      case "\t": quoted += "\\t"
      case _ where character.isNewline: quoted += "\\n"
      default: quoted.append(character)
      }
    }
    return quoted + "\""
  }

  private static func format(_ time: Double) -> String {
    let milliseconds = Int((time * 1000).rounded(.down))
    var seconds = time_t(milliseconds / 1000)
    var date = tm()
    gmtime_r(&seconds, &date)
    func padded(_ number: some BinaryInteger, _ width: Int = 2) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let day = "\(date.tm_year + 1900)-\(padded(date.tm_mon + 1))-\(padded(date.tm_mday))"
    let clock = "\(padded(date.tm_hour)):\(padded(date.tm_min)):\(padded(date.tm_sec))"
    return "\(day) \(clock).\(padded(milliseconds % 1000, 3))Z"
  }
}
