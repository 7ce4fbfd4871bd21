import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a command writes: results to the standard output, the rest to the standard error.
struct Terminal: Sendable {
  /// Whether the standard output is a terminal.
  let isInteractive: Bool
  /// Whether the standard error is a terminal that can redraw lines.
  let canRedraw: Bool
  /// Duplicates of the standard streams: what units print may be led elsewhere meanwhile.
  private let output = Terminal.duplicate(STDOUT_FILENO)
  private let error = Terminal.duplicate(STDERR_FILENO)
  private let outputHasColor: Bool
  private let errorHasColor: Bool

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    // A closed pipe is an error of the one write, not the end of a run.
    signal(SIGPIPE, SIG_IGN)
    let isDumb = environment["TERM"] == "dumb" || environment["TERM"] == nil
    let wantsColor = environment["NO_COLOR", default: ""].isEmpty && !isDumb
    isInteractive = isatty(STDOUT_FILENO) == 1
    canRedraw = isatty(STDERR_FILENO) == 1 && !isDumb
    outputHasColor = isInteractive && wantsColor
    errorHasColor = isatty(STDERR_FILENO) == 1 && wantsColor
  }

  /// - Returns: the descriptor itself if the process can open no more.
  private static func duplicate(_ descriptor: Int32) -> Int32 {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    return copy >= 0 ? copy : descriptor
  }

  /// The number of columns of the standard output, or of the standard error if that is none; nil if
  /// neither is a terminal.
  var width: Int? {
    for descriptor in [output, error] {
      var size = winsize()
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
        return Int(size.ws_col)
      }
    }
    return nil
  }

  /// Writes a line to the standard output, after what units have printed: C keeps that back for a while
  /// if the output is no terminal.
  func print(_ text: String) {
    try? StandardStream.stdout.flush()
    write(text + "\n", to: output)
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
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let written = bytes[start...].withUnsafeBytes {
        systemWrite(descriptor, $0.baseAddress, $0.count)
      }
      if written < 0 && errno != EINTR && errno != EAGAIN { return }
      start += max(written, 0)
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
