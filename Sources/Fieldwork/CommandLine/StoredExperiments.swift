import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// Which stored experiments a command looks at.
struct StoredExperiments: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only experiments that satisfy the condition: --where 'lr < 0.1 and layers in (2, 4)'.",
      valueName: "condition"
    )
  )
  var condition: String?

  @OptionGroup
  var scope: ScopeOptions

  /// The results of the experiments that are wanted, of the research that is here.
  /// - Throws: as ``results(_:_:_:)``.
  func results(
    in location: LocationOptions,
    _ research: Research,
    _ terminal: Terminal?
  ) throws -> ResearchResults {
    try results(location.folder(of: research), research, terminal)
  }

  /// The results of the experiments that are wanted.
  /// - Parameters:
  ///   - research: the research in the folder; nil for another research, whose results are all used.
  ///   - terminal: the terminal that shows how many experiments are left out; nil to print nothing.
  /// - Throws: ``FieldworkError`` if there are none, or the condition cannot be read or names what is not
  ///   there.
  func results(
    _ folder: ResearchFolder,
    _ research: Research?,
    _ terminal: Terminal?
  ) throws -> ResearchResults {
    let stored = try folder.currentResults()
    let results = research.map { scope.chosen(stored, $0, terminal) } ?? stored
    guard let condition else { return results }
    let chosen: ResearchResults
    let parsed = try Condition(option: condition)
    do {
      chosen = try results.filtered(where: parsed)
    } catch let error as FieldworkError {
      throw FieldworkError(error.code, "--where: \(error.message)")
    }
    guard !chosen.experiments.isEmpty else {
      throw FieldworkError(.nothingPasses, "--where: no experiment has \(condition)")
    }
    return chosen
  }
}

/// The option to include experiments that are no longer part of the research.
struct ScopeOptions: ParsableArguments {
  @Flag(
    help: """
      Count in stored experiments that are not part of the research as the playbook has it: those of values or \
      parameters that it has lost, or that were given with --set.
      """
  )
  var all = false

  /// The results of the experiments that the research plans, as many of them as in the last run.
  /// - Parameter terminal: where to say what is left out; nil to say nothing.
  func chosen(
    _ stored: ResearchResults,
    _ research: Research,
    _ terminal: Terminal?
  ) -> ResearchResults {
    var results = stored
    if !all {
      do {
        results = try stored.planned(by: SettingOptions.planned(research, stored.notes))
      } catch {
        let reason = (error as? FieldworkError)?.message ?? "\(error)"
        terminal?.printError(
          "note: cannot list the experiments of the research (\(reason.inOneLine)); all stored experiments are included"
        )
      }
    }
    if !results.damaged.isEmpty {
      let (count, shown) = (
        results.damaged.count, results.damaged.prefix(5).joined(separator: ", ")
      )
      terminal?.printError(
        "warning: what is stored of \(Wording.count(count, "experiment")) has changed since \(count == 1 ? "it" : "they") ended: \(shown)\(count > 5 ? ", …" : ""); verify says more, retry --damaged runs \(count == 1 ? "it" : "them") again"
      )
    }
    let others = stored.experiments.count - results.experiments.count
    if others > 0 {
      terminal?.printError(
        "note: \(Wording.count(others, "stored experiment")) \(others == 1 ? "is" : "are") not part of the research as it is now and left out; --all counts \(others == 1 ? "it" : "them") in"
      )
    }
    let built = results.otherBuildCount
    if built > 0 {
      terminal?.printError(
        "note: \(Wording.count(built, "experiment")) \(built == 1 ? "was" : "were") made by another build of the playbook\(results.notes[CodeIdentity.noteKey] == nil ? "" : ", or with other files of its programs") (build != current)"
      )
    }
    return results
  }
}

/// Which saved value a command is about.
struct ValueOption {
  /// The name that is given, or that of the research's objective.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if there is neither, or nothing was saved under
  ///   it.
  static func name(
    _ given: String?,
    _ option: String,
    _ research: Research?,
    _ results: ResearchResults
  ) throws -> String {
    guard let name = given ?? research?.settings.objective?.name else {
      throw FieldworkError(
        .missingParameter,
        results.variables.isEmpty
          ? "nothing was saved"
          : "\(option) is needed, since the research has no objective; saved are \(results.variables.joined(separator: ", "))"
      )
    }
    do {
      try results.requireVariable(name)
    } catch let error as FieldworkError {
      throw FieldworkError(error.code, "\(option): \(error.message)")
    }
    guard results.hasNumbers(name) else {
      guard results.lastValues(of: name).contains(where: { $0 != nil }) else {
        throw FieldworkError(
          .nothingPasses,
          "no experiment saved '\(name)'; results --experiments shows their states"
        )
      }
      throw FieldworkError(
        .wrongType,
        (given == nil ? "" : "\(option): ")
          + "what was saved under the name '\(name)' is no number"
      )
    }
    return name
  }
}

extension ResearchFolder {
  /// Reads the results. What a run has left running that was killed is interrupted.
  func currentResults() throws -> ResearchResults {
    let wasHeld = try isHeld
    let results = try DatabaseStore.openForReading(self).contents()
    // A run that has begun meanwhile, or programs that have asked, run their experiments.
    guard !wasHeld, try !isHeld, results.notes[ResearchRunner.askedKey] != true else {
      return results
    }
    return results.withoutRun()
  }
}
