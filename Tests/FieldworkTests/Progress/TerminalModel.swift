import FieldworkCore
@testable import Fieldwork

/// A terminal without a size in rows, which knows what the progress display uses: it breaks lines unless
/// told not to, moves up, clears, and, made narrower, breaks its lines anew.
struct TerminalModel {
  private(set) var columns: Int
  /// What stands in each row, and whether the next row goes on with it.
  private var rows: [(text: [Character], goesOn: Bool)] = [([], false)]
  private var (row, column) = (0, 0)
  private var breaksLines = true
  /// What it does not know.
  private(set) var unknown: [String] = []

  init(columns: Int) { self.columns = columns }

  /// The rows without colors, with nothing at their ends.
  var screen: [String] {
    var texts = rows.map { row in
      String(row.text.filter { $0 != "\0" }.reversed().drop { $0 == " " }.reversed())
    }
    while texts.last == "" { texts.removeLast() }
    return texts
  }

  mutating func write(_ text: String) {
    var rest = Substring(text)
    while let character = rest.popFirst() {
      switch character {
      case "\n", "\r\n": newLine()
      case "\r": column = 0
      case "\u{1B}":
        let end = rest.firstIndex { $0.isLetter } ?? rest.startIndex
        control(String(rest[...end]))
        rest = rest[rest.index(after: end)...]
      default: put(character)
      }
    }
  }

  private mutating func newLine() {
    row += 1
    column = 0
    if row == rows.count { rows.append(([], false)) }
  }

  private mutating func put(_ character: Character) {
    let width = character.columns
    guard width > 0 else { return }
    if column + width > columns {
      if breaksLines {
        rows[row].goesOn = true
        newLine()
      } else {
        column = columns - width
      }
    }
    while rows[row].text.count < column + width { rows[row].text.append(" ") }
    rows[row].text[column] = character
    // The second half of a wide sign.
    if width == 2 { rows[row].text[column + 1] = "\0" }
    column += width
  }

  private mutating func control(_ sequence: String) {
    switch sequence {
    case "[J":
      rows.removeSubrange((row + 1)...)
      rows[row] = (Array(rows[row].text.prefix(column)), false)
    case "[K": rows[row] = (Array(rows[row].text.prefix(column)), false)
    case "[2K": rows[row] = ([], false)
    case "[?7l": breaksLines = false
    case "[?7h": breaksLines = true
    case _ where sequence.hasSuffix("A"):
      row = max(0, row - (Int(sequence.dropFirst().dropLast()) ?? 0))
    case _ where sequence.hasSuffix("m"): break
    default: unknown.append(sequence)
    }
  }

  /// Gives the terminal another width; the cursor must stand at the beginning of an empty row.
  mutating func resize(to columns: Int) {
    var lines: [[Character]] = []
    var goesOn = false
    for row in rows {
      if goesOn { lines[lines.count - 1] += row.text } else { lines.append(row.text) }
      goesOn = row.goesOn
    }
    self.columns = columns
    rows = []
    for line in lines {
      var rest = line[...]
      repeat {
        rows.append((Array(rest.prefix(columns)), rest.count > columns))
        rest = rest.dropFirst(columns)
      } while !rest.isEmpty
    }
    (row, column) = (rows.count - 1, 0)
  }
}
