import FieldworkStore

/// Shows what worker processes write to their standard error, where there is no progress display to do it.
struct ErrorRelay: RunObserver {
  private let terminal: Terminal
  private let warns: Bool

  /// - Parameter warns: whether warnings are shown, too.
  init(_ terminal: Terminal, warns: Bool) {
    self.terminal = terminal
    self.warns = warns
  }

  func observe(_ record: RunRecord) {
    switch record {
    case .printed(_, let text): terminal.relayError(text)
    case .warning(let text) where warns:
      terminal.printError("\(terminal.yellow("warning:")) \(text)")
    case .notice(let text) where warns: terminal.printError("note: \(text)")
    default: break
    }
  }
}
