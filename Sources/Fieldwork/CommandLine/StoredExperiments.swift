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

  @Flag(help: "Leave out experiments that the playbook no longer plans.")
  var planned = false

  /// The results of the experiments that are wanted, of the research that is here.
  /// - Throws: as ``results(_:_:)``.
  func results(in location: LocationOptions, _ research: Research) throws -> ResearchResults {
    try results(location.folder(of: research), research)
  }

  /// The results of the experiments that are wanted.
  /// - Throws: ``FieldworkError`` if there are none, or the condition cannot be read or names what is not
  ///   there.
  func results(_ folder: ResearchFolder, _ research: Research) throws -> ResearchResults {
    let stored = try ResearchResults.load(folder.path)
    let results = planned ? try stored.planned(by: research) : stored
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

/// Which saved value a command is about.
struct ValueOption {
  /// The name that is given, or that of the research's objective.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if there is neither, or nothing was saved under
  ///   it.
  static func name(
    _ given: String?,
    _ option: String,
    _ research: Research,
    _ results: ResearchResults
  ) throws -> String {
    guard let name = given ?? research.settings.objective?.name else {
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
