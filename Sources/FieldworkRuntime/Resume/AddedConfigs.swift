import FieldworkAnalysis
package import FieldworkCore
package import FieldworkStore

/// Configs that were added to a research from the command line. They are stored as they were typed, such as
/// `rate=0.3 width=64`, and run before those of the domain.
package enum AddedConfigs {
  /// The key of the note that keeps them.
  package static let noteKey = "added configs"

  /// Returns the texts that are stored.
  /// - Parameter notes: those of the store.
  package static func texts(_ notes: [String: Value]) -> [String] {
    guard case .list(let texts)? = notes[noteKey] else { return [] }
    return texts.compactMap { String($0) }
  }

  /// Returns the note that keeps some texts.
  package static func note(_ texts: [String]) -> RunRecord {
    .note(noteKey, .list(texts.map(Value.string)))
  }

  /// Reads a config.
  /// - Parameter option: the option or command, for messages.
  /// - Throws: ``FieldworkError`` if the text cannot be read, or if the config is none of the research.
  package static func config(
    _ text: String,
    in research: Research,
    option: String
  ) throws -> Config {
    let source = "\(option) '\(text)'"
    guard let domain = research.domain else {
      throw FieldworkError(.missingParameter, "\(source): the research has no parameters")
    }
    // The values of a worker or a branch follow from the place in the plan, which an added config would move.
    guard research.settings.workers?.configs == nil, research.settings.branches.configs == nil
    else {
      throw FieldworkError(
        .invalidDefinition,
        "\(source): configs cannot be added to a research with configs for workers or branches; add it to the domain"
      )
    }
    var config = Config()
    for (name, content) in try pairs(text, source) {
      guard
        let match = domain.parameterNames.first(where: { $0.key == name || $0.alias == name })
      else {
        let list = domain.parameterNames.map(\.key).joined(separator: ", ")
        throw FieldworkError(
          .missingParameter,
          "\(source): the domain has no parameter '\(name)', it has \(list)"
        )
      }
      guard !config.contains(match.key) else {
        throw FieldworkError(.unreadableText, "\(source): '\(name)' is given twice")
      }
      let literals = try literals(content, source)
      guard literals.count == 1, let literal = literals.first else {
        throw FieldworkError(
          .unreadableText,
          "\(source): give one value for '\(name)'; put a text with commas between quotes"
        )
      }
      let value = try TypedValue.value(literal, of: name, domain.options(of: match.key), in: source)
      config.set(match, to: value)
    }
    try requireParameters(of: config, domain, source)
    return config
  }

  private static func requireParameters(
    of config: Config,
    _ domain: Domain,
    _ source: String
  ) throws {
    let given = Set(config.entries.map(\.name.key))
    let sets = domain.parameterSets
    guard !sets.contains(given), sets.count < 1000 else { return }
    // The set that lacks the least is the one that was meant.
    let nearest = sets.min {
      (given.symmetricDifference($0).count, $0.sorted().joined())
        < (given.symmetricDifference($1).count, $1.sorted().joined())
    }
    let missing = (nearest ?? []).subtracting(given).sorted().joined(separator: ", ")
    let extra = given.subtracting(nearest ?? []).sorted().joined(separator: ", ")
    let remedies =
      [missing.isEmpty ? nil : "add \(missing)", extra.isEmpty ? nil : "leave out \(extra)"]
      .compactMap(\.self)
    throw FieldworkError(
      .missingParameter,
      "\(source): no config of the domain has just these parameters: \(remedies.joined(separator: ", "))"
    )
  }

  private static func literals(_ text: Substring, _ source: String) throws -> [Literal] {
    do {
      return try Literal.list(text)
    } catch let error as FieldworkError {
      throw FieldworkError(error.code, "\(source): \(error.message)")
    }
  }

  /// Returns a line of ``examine(_:in:added:state:)`` for configs that no present run takes.
  package static func later(_ line: String) -> String {
    line.replacing("runs next", with: "runs first in the next run")
  }

  /// Returns the keys of the first repetitions of configs, but for those that the research cannot have any more.
  package static func keys(_ texts: [String], in research: Research) -> Set<String> {
    Set(
      texts.compactMap { text in
        (try? config(text, in: research, option: "")).map {
          ExperimentIdentity(config: $0, repetition: 0).key
        }
      }
    )
  }

  /// A config that is to be added.
  package struct NewConfig {
    package let text: String
    /// The repetitions that are not stored and do not run.
    package let experiments: [(config: Config, repetition: Int)]
  }

  private static let remedy = "write pairs such as rate=0.3, with spaces between them"

  /// Examines configs that are to be added.
  /// - Parameters:
  ///   - added: the texts of the configs that were added before.
  ///   - state: returns the state of an experiment by its key; nil if nothing is stored or running of it.
  /// - Returns: the configs that are new, and a line on each.
  /// - Throws: ``FieldworkError`` if one cannot be read.
  package static func examine(
    _ texts: [String],
    in research: Research,
    added: [String],
    state: (String) -> String?
  ) throws -> (new: [NewConfig], lines: [String]) {
    var (new, lines): ([NewConfig], [String]) = ([], [])
    var known = keys(added, in: research)
    for text in texts {
      let config = try config(text, in: research, option: "enqueue")
      let states = (0..<research.settings.repetitions).map {
        state(ExperimentIdentity(config: config, repetition: $0).key)
      }
      if let first = states.first, let first, !states.contains(nil) {
        lines.append("'\(text)' is \(first) already")
      } else if !known.insert(ExperimentIdentity(config: config, repetition: 0).key).inserted {
        lines.append("'\(text)' was added before")
      } else {
        let missing = states.indices.filter { states[$0] == nil }
        new.append(NewConfig(text: text, experiments: missing.map { (config, $0) }))
        lines.append("'\(text)' runs next")
      }
    }
    return (new, lines)
  }

  /// The names and the texts of the values. Spaces separate them, but for those in quotes and brackets.
  private static func pairs(_ text: String, _ source: String) throws -> [(String, Substring)] {
    var pairs: [(String, Substring)] = []
    var rest = text[...].drop(while: \.isWhitespace)
    while !rest.isEmpty {
      guard let equal = rest.firstIndex(of: "="), equal != rest.startIndex else {
        throw FieldworkError(.unreadableText, "\(source): \(Self.remedy)")
      }
      let name = rest[..<equal].filter { !$0.isWhitespace && $0 != "," }
      let start = rest[rest.index(after: equal)...].drop(while: \.isWhitespace).startIndex
      var (index, depth, quote) = (start, 0, Character?.none)
      while index < rest.endIndex {
        let sign = rest[index]
        if let open = quote {
          if sign == open { quote = nil }
        } else if sign == "'" || sign == "\"" {
          quote = sign
        } else if "[{(".contains(sign) {
          depth += 1
        } else if "]})".contains(sign) {
          depth -= 1
        } else if sign.isWhitespace, depth <= 0 {
          break
        }
        index = rest.index(after: index)
      }
      // Commas between the pairs do no harm.
      let content = rest[start..<index]
      pairs.append((name, content.hasSuffix(",") ? content.dropLast() : content))
      rest = rest[index...].drop(while: \.isWhitespace)
    }
    guard !pairs.isEmpty else {
      throw FieldworkError(.unreadableText, "\(source): \(Self.remedy)")
    }
    return pairs
  }
}

extension Research {
  /// Returns the research with the configs that are stored as added.
  /// - Parameters:
  ///   - notes: those of the store.
  ///   - unfit: takes the text on a config that the research cannot have any more.
  package func adding(
    _ notes: [String: Value],
    unfit: (String) -> Void = { _ in }
  ) -> Research {
    let texts = AddedConfigs.texts(notes)
    guard !texts.isEmpty else { return self }
    var research = self
    research.added =
      added
      + texts.compactMap { text in
        do {
          return try AddedConfigs.config(text, in: self, option: "the added config")
        } catch {
          unfit("\((error as? FieldworkError)?.message ?? "\(error)"); it is left out")
          return nil
        }
      }
    return research
  }
}
