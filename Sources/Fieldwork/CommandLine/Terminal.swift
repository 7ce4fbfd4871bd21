import FieldworkCore
import FieldworkReport
import FieldworkRuntime
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a command writes: results to the standard output, the rest to the standard error.
package struct Terminal: Sendable {
  /// Whether the standard output is a terminal.
  let isInteractive: Bool
  /// Whether the standard error is a terminal that can redraw lines.
  let canRedraw: Bool
  /// Whether lines that have become too long are broken when the terminal of the standard error gets
  /// narrower. Xterm cuts them instead.
  let breaksLinesAnew: Bool
  /// Duplicates of the standard streams: what units print may be led elsewhere meanwhile.
  private let output: Int32
  private let error: Int32
  private let outputHasColor: Bool
  private let errorHasColor: Bool
  private let errorIsTerminal: Bool
  /// The first error of writing to the standard output; 0 if there was none.
  private let outputError = Protected<Int32>(0)

  /// The standard streams of this process.
  package init() {
    // A closed pipe is an error of the one write, not the end of a run.
    signal(SIGPIPE, SIG_IGN)
    self.init(
      output: Terminal.duplicate(STDOUT_FILENO),
      error: Terminal.duplicate(STDERR_FILENO),
      environment: ProcessInfo.processInfo.environment
    )
  }

  /// Streams that stay open as long as they are used.
  init(output: Int32, error: Int32, environment: [String: String]) {
    let isDumb = environment["TERM"] == "dumb" || environment["TERM"] == nil
    let wantsColor = environment["NO_COLOR", default: ""].isEmpty && !isDumb
    isInteractive = isatty(output) == 1
    canRedraw = isatty(error) == 1 && !isDumb
    breaksLinesAnew = environment["XTERM_VERSION"] == nil
    outputHasColor = isInteractive && wantsColor
    errorIsTerminal = isatty(error) == 1
    errorHasColor = errorIsTerminal && wantsColor
    (self.output, self.error) = (output, error)
  }

  /// - Returns: the descriptor itself if the process can open no more.
  private static func duplicate(_ descriptor: Int32) -> Int32 {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    return copy >= 0 ? copy : descriptor
  }

  /// The number of columns of the standard output, or of the standard error if that is none; nil if
  /// neither is a terminal.
  var width: Int? { (Self.size(of: output) ?? Self.size(of: error))?.columns }

  /// The size of the terminal that is redrawn; nil if the standard error is none.
  var size: (columns: Int, rows: Int)? { Self.size(of: error) }

  private static func size(of descriptor: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  /// Writes a line to the standard output, after what units have printed: C keeps that back for a while
  /// if the output is no terminal.
  func print(_ text: String) {
    try? StandardStream.stdout.flush()
    write((isInteractive ? text.withVisibleControls : text) + "\n", to: output)
  }

  /// Writes lines to the standard output as they are made.
  /// - Throws: what the body throws, and `WriteFailure` from the function that it is given, once nothing can be written
  ///   any more.
  func print(lines body: (_ print: @escaping (String) throws -> Void) throws -> Void) throws {
    try? StandardStream.stdout.flush()
    var text = ""
    func flush() {
      write(isInteractive ? text.withVisibleControls : text, to: output)
      text = ""
    }
    do {
      try body { line in
        text += line + "\n"
        guard text.utf8.count > 1 << 16 else { return }
        flush()
        if outputError.withLock({ $0 != 0 }) { throw WriteFailure() }
      }
    } catch is WriteFailure {
      return
    }
    flush()
  }

  private struct WriteFailure: Error {}

  /// An error of writing to the standard output; nil if everything was written, or the reader of a pipe has gone.
  var outputFailure: FieldworkError? {
    let number = outputError.withLock { $0 }
    guard number != 0, number != EPIPE else { return nil }
    return FieldworkError(
      .store,
      "cannot write to the standard output: \(String(cString: strerror(number)))"
    )
  }

  /// Writes a text to a file and prints its path, or prints the text if the path is `-`.
  /// - Returns: whether it was written to a file.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be written.
  func write(_ text: String, to path: String) throws -> Bool {
    guard path != "-" else {
      print(text)
      return false
    }
    guard try WrittenFile.write(text, to: path) else { return false }
    print(path)
    return true
  }

  func printError(_ text: String) {
    write((errorIsTerminal ? text.withVisibleControls : text) + "\n", to: error)
  }

  /// Writes what a unit has printed to the standard error. On a terminal it keeps its colors, and cannot move the cursor.
  func relayError(_ text: String) {
    write(errorIsTerminal ? text.withoutCursorMoves : text, to: error)
  }

  /// Writes to the standard error as it is.
  func draw(_ text: String) { write(text, to: error) }

  /// Asks a question that is answered with yes or no; no without a terminal.
  func confirm(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else { return false }
    draw("\(question) [y/N] ")
    return ["y", "yes"].contains(readLine()?.lowercased())
  }

  /// Writes everything; a closed pipe ends the writing without a word, as for any filter.
  private func write(_ text: String, to descriptor: Int32) {
    let hasColor = descriptor == output ? outputHasColor || errorHasColor : errorHasColor
    var text = hasColor ? TerminalColor.encoded(text) : text
    text.withUTF8 { bytes in
      var start = 0
      while start < bytes.count {
        let rest = bytes.baseAddress.map { UnsafeRawPointer($0 + start) }
        let written = systemWrite(descriptor, rest, bytes.count - start)
        if written >= 0 {
          start += written
        } else if errno == EAGAIN {
          // A stream that does not block, and is full.
          var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&entry, 1, -1)
        } else if errno != EINTR {
          let number = errno
          if descriptor == output { outputError.withLock { $0 = $0 == 0 ? number : $0 } }
          return
        }
      }
    }
  }

  // MARK: Color

  func red(_ text: String) -> String { colored(text, .red, errorHasColor) }
  func yellow(_ text: String) -> String { colored(text, .yellow, errorHasColor) }
  func dim(_ text: String) -> String { colored(text, .dim, errorHasColor) }
  func green(_ text: String) -> String { colored(text, .green, errorHasColor) }
  func bold(_ text: String) -> String { colored(text, .bold, outputHasColor) }
  func redOutput(_ text: String) -> String { colored(text, .red, outputHasColor) }

  private func colored(_ text: String, _ color: TerminalColor, _ isOn: Bool) -> String {
    isOn ? color.mark + text + TerminalColor.plain.mark : text
  }

  /// A problem in one line, its severity colored.
  func text(of problem: Problem) -> String {
    let severity = problem.severity.rawValue + ":"
    let color = problem.severity == .error ? red(severity) : yellow(severity)
    return problem.description.replacingOccurrences(of: severity, with: color)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #else
    Darwin.write(descriptor, bytes, count)
  #endif
}
