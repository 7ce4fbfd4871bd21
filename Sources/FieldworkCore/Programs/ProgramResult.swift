/// The end of a program, with what it has printed.
public struct ProgramResult: Sendable {
  /// The program and its arguments.
  public let words: [String]
  /// The exit code; nil if a signal ended the program.
  public let exitCode: Int32?
  /// The number of the signal that ended the program; nil if it ended by itself.
  public let signal: Int32?
  /// The bytes of the standard output.
  public let output: [UInt8]
  /// The last lines of the standard error.
  public let errorText: String

  package init(
    words: [String],
    exitCode: Int32?,
    signal: Int32?,
    output: [UInt8],
    errorText: String
  ) {
    self.words = words
    self.exitCode = exitCode
    self.signal = signal
    self.output = output
    self.errorText = errorText
  }

  /// The standard output without line ends at its end.
  public var text: String {
    var bytes = output[...]
    while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
      bytes.removeLast()
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The lines of the standard output.
  public var lines: [String] {
    let text = text
    return text.isEmpty
      ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The standard output as a JSON value.
  public var json: Value {
    get throws {
      do {
        return try Value(parsing: text)
      } catch let error as FieldworkError {
        throw FieldworkError(
          .unreadableText,
          "the output of \(words.first ?? "") is not JSON: \(error.message)"
        )
      }
    }
  }
}

/// The failure of a program: it could not be started, or did not end with exit code 0.
public struct ProgramError: Error, Sendable, CustomStringConvertible {
  /// The reason for a failure.
  public enum Reason: Sendable, Hashable {
    case exitCode(Int32)
    /// A signal ended the program.
    case signal(Int32, name: String)
    /// The program could not be started.
    case notStarted(String)
  }

  /// The program and its arguments.
  public let words: [String]
  public let reason: Reason
  /// The last lines of the standard error.
  public let errorText: String

  package init(words: [String], reason: Reason, errorText: String = "") {
    self.words = words
    self.reason = reason
    self.errorText = errorText
  }

  /// The cause with the last line of the errors, the command, and then the errors if there are more of them.
  public var description: String {
    // Of a shell, its script.
    let isShell = words.count > 2 && words[0] == "sh" && words[1] == "-c"
    let command = isShell ? words[2] : words.joined(separator: " ")
    let shown = command.count > 200 ? command.prefix(200) + "…" : command
    let cause =
      switch reason {
      case .exitCode(let code): "exit code \(code)"
      case .signal(let number, let name): "ended by signal \(number) (\(name))"
      case .notStarted(let why): "cannot be started: \(why)"
      }
    let lines = errorText.split(separator: "\n", omittingEmptySubsequences: true)
    let last = lines.last.map { ": \($0)" } ?? ""
    let rest = lines.count > 1 ? "\n\(errorText)" : ""
    return "\(cause)\(last) ('\(shown)')\(rest)"
  }
}
