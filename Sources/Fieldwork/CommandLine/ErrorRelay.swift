import FieldworkRuntime

/// Shows what worker processes write to their standard error, where there is no progress display to do it.
struct ErrorRelay: EventConsumer {
  private let terminal: Terminal

  init(_ terminal: Terminal) { self.terminal = terminal }

  func consume(_ event: Event) {
    if case .printed(_, let text) = event { terminal.draw(text) }
  }
}
