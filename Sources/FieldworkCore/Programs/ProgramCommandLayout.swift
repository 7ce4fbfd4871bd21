/// The division of a command into words, or its text as a shell script, computed once from the literal.
struct ProgramCommandLayout: Sendable {
  /// A word of the command.
  struct Word: Sendable {
    var pieces: [ProgramCommand.Piece] = []
    /// True if some of it is between quotes or follows a backslash.
    var isQuoted = false

    func text(_ values: [String]) -> String {
      pieces.map { piece in
        switch piece {
        case .text(let text): text
        case .value(let index): values[index]
        }
      }.joined()
    }

    mutating func append(_ character: Character) {
      if case .text(let text)? = pieces.last {
        pieces[pieces.count - 1] = .text(text + String(character))
      } else {
        pieces.append(.text(String(character)))
      }
    }
  }

  private enum Quote {
    case none, single, double
  }

  private(set) var words: [Word] = []
  /// The command as a script whose values are the script's arguments.
  private(set) var script = ""
  private(set) var problems: [(message: String, remedy: String)] = []
  private(set) var doubts: [(message: String, remedy: String)] = []

  init(_ pieces: [ProgramCommand.Piece], isShell: Bool) {
    if isShell { readScript(pieces) } else { readWords(pieces) }
  }

  // MARK: Words

  private mutating func readWords(_ pieces: [ProgramCommand.Piece]) {
    var quote = Quote.none
    var word: Word?
    var isEscaped = false
    for piece in pieces {
      guard case .text(let text) = piece else {
        if isEscaped { word = (word ?? Word()).appending("\\") }
        isEscaped = false
        word = word ?? Word()
        word?.pieces.append(piece)
        continue
      }
      for character in text {
        if isEscaped {
          isEscaped = false
          // Between double quotes a backslash is an ordinary character before most characters.
          if quote == .double, !"\"\\$`".contains(character) { word?.append("\\") }
          word = (word ?? Word()).appending(character)
          word?.isQuoted = true
          continue
        }
        switch (quote, character) {
        case (.none, "\\"), (.double, "\\"):
          isEscaped = true
        case (.none, "'"), (.none, "\""):
          quote = character == "'" ? .single : .double
          word = word ?? Word()
          word?.isQuoted = true
        case (.single, "'"), (.double, "\""): quote = .none
        case (.none, _) where character.isWhitespace:
          if let word { words.append(word) }
          word = nil
        default: word = (word ?? Word()).appending(character)
        }
      }
    }
    if isEscaped { word = (word ?? Word()).appending("\\") }
    if let word { words.append(word) }
    if quote != .none {
      problems.append(("the command has a quote without an end", "close the quote"))
    }
    if words.isEmpty {
      problems.append(("the command is empty", "write the program and its arguments"))
    }
    for word in words { examine(word) }
  }

  private static let operators: Set<String> = [
    "|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>>", "2>&1", "1>&2", "&>", ">&2",
  ]

  /// Finds what only a shell would understand.
  private mutating func examine(_ word: Word) {
    guard !word.isQuoted else { return }
    for case .text(let text) in word.pieces {
      let bare = text.hasSuffix(";") ? ";" : text
      if Self.operators.contains(bare) {
        problems.append(
          (
            "the command has '\(bare)', which only a shell understands",
            "write .shell(\"…\"), or put it between quotes to pass it as an argument"
          )
        )
        return
      }
      let hasVariable =
        text.contains("$(") || text.contains("${")
        || zip(text, text.dropFirst()).contains { $0 == "$" && ($1.isLetter || $1 == "_") }
      let isPattern = text.contains("*") || text == "~" || text.hasPrefix("~/")
      if hasVariable || isPattern {
        doubts.append(
          (
            "the program gets '\(text)' as it is: no shell replaces it",
            "write .shell(\"…\") if it is to be replaced, or put it between quotes"
          )
        )
        return
      }
    }
  }

  // MARK: Scripts

  private mutating func readScript(_ pieces: [ProgramCommand.Piece]) {
    var quote = Quote.none
    var isEscaped = false
    for piece in pieces {
      switch piece {
      case .text(let text):
        for character in text {
          if isEscaped {
            isEscaped = false
            continue
          }
          switch (quote, character) {
          case (.none, "\\"), (.double, "\\"): isEscaped = true
          case (.none, "'"): quote = .single
          case (.none, "\""): quote = .double
          case (.single, "'"), (.double, "\""): quote = .none
          default: break
          }
        }
        script += text
      case .value(let index):
        isEscaped = false
        let reference = "${\(index + 1)}"
        script += quote == .none ? "\"\(reference)\"" : reference
        if quote == .single {
          problems.append(
            (
              "the command has a value between single quotes, where a shell replaces nothing",
              "leave the quotes out: a value is one argument in any case"
            )
          )
        }
      }
    }
    if quote != .none {
      problems.append(("the command has a quote without an end", "close the quote"))
    }
    if script.allSatisfy(\.isWhitespace) {
      problems.append(("the command is empty", "write what the shell runs"))
    }
  }
}

extension ProgramCommandLayout.Word {
  fileprivate func appending(_ character: Character) -> Self {
    var word = self
    word.append(character)
    return word
  }
}
