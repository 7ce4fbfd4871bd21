import FieldworkCore

/// A line of a terminal: its text, with codes for colors, and the columns that it takes.
struct ScreenLine: Sendable, Equatable {
  var text = ""
  var columns = 0

  init() {}

  /// - Parameter color: puts codes around the text, which take no columns.
  init(_ text: String, color: (String) -> String = { $0 }) { append(text, color: color) }

  mutating func append(_ text: String, color: (String) -> String = { $0 }) {
    self.text += color(text)
    columns += text.columns
  }
}

/// The lines at the end of a terminal that are written over again and again, below others that stay.
///
/// It makes the bytes; who writes them does so in one go. A line is written over the old one, so that
/// nothing is empty for a moment, and cleared first only where the new one is shorter. Synchronized
/// updates are not asked for: there is nothing that they would hide.
struct ScreenRegion {
  /// Whether the terminal breaks lines anew when it gets narrower. Most do.
  let breaksLinesAnew: Bool
  private var drawn: [ScreenLine] = []
  /// The width of the terminal when they were drawn.
  private var drawnColumns = 0

  init(breaksLinesAnew: Bool = true) { self.breaksLinesAnew = breaksLinesAnew }

  /// What to write so that the lines stand where the last ones stood.
  /// - Parameters:
  ///   - lines: each narrower than the terminal.
  ///   - notes: complete lines that stay, above.
  ///   - columns: the width of the terminal at this moment.
  /// - Returns: nothing if the lines stand there already.
  mutating func draw(_ lines: [ScreenLine], below notes: String = "", columns: Int) -> String {
    let isResized = columns != drawnColumns && !drawn.isEmpty
    guard !notes.isEmpty || lines != drawn || isResized else { return "" }
    var bytes = top(columns)
    // Notes may be wider than the terminal, and after a change of its width lines stand anywhere.
    let clearsAll = isResized || !notes.isEmpty
    if clearsAll { bytes += "\u{1B}[J" + notes }
    // Lines must not be broken even where a terminal takes a sign for wider than it was measured.
    bytes += "\u{1B}[?7l"
    for (index, line) in lines.enumerated() {
      // The whole line and not its rest: some terminals take a line for as long as it ever was, and
      // break it so when they get narrower.
      let isShorter = index < drawn.count && line.columns < drawn[index].columns
      bytes += (isShorter && !clearsAll ? "\u{1B}[2K" : "") + line.text + "\n"
    }
    bytes += "\u{1B}[?7h"
    if !clearsAll && drawn.count > lines.count { bytes += "\u{1B}[J" }
    (drawn, drawnColumns) = (lines, columns)
    return bytes
  }

  /// Moves the cursor to where the first line begins.
  private func top(_ columns: Int) -> String {
    let rows = drawn.reduce(0) { sum, line in
      // A line that was drawn when the terminal was wider is broken into several.
      breaksLinesAnew && columns > 0
        ? sum + max(1, (line.columns + columns - 1) / columns) : sum + 1
    }
    return rows > 0 ? "\u{1B}[\(rows)A\r" : "\r"
  }
}
