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
    errorHasColor = isatty(error) == 1 && wantsColor
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
    write(text + "\n", to: output)
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

  func printError(_ text: String) { write(text + "\n", to: error) }

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
    var text = text
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
          return
        }
      }
    }
  }

  // MARK: Color

  func red(_ text: String) -> String { colored(text, "31", errorHasColor) }
  func yellow(_ text: String) -> String { colored(text, "33", errorHasColor) }
  func dim(_ text: String) -> String { colored(text, "2", errorHasColor) }
  func green(_ text: String) -> String { colored(text, "32", errorHasColor) }
  func bold(_ text: String) -> String { colored(text, "1", outputHasColor) }
  func redOutput(_ text: String) -> String { colored(text, "31", outputHasColor) }

  private func colored(_ text: String, _ code: String, _ isOn: Bool) -> String {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
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
