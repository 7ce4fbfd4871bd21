import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkSearch
import FieldworkStore

/// `retry`: runs what has failed once more, and nothing else.
struct RetryCommand: PlaybookSubcommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "retry",
      abstract: "Run failed or damaged experiments again, and no others.",
      // Made from the options it would say 'run retry', or not, by how it is asked for.
      usage: "\(RootCommand.configuration.commandName ?? "") retry [<id> ...] [<options>]",
      discussion: """
        Takes the options of 'run'; give those that the experiments were run with. The plan and the \
        ids stay as they are. What is new or unfinished is left to 'run'. If nothing has failed, it \
        says so and exits with 0.
        """
    )
  }

  @Argument(
    help: ArgumentHelp(
      "The ids of failed experiments, or how they begin; all that have failed by default.",
      valueName: "id"
    )
  )
  var ids: [String] = []

  @Flag(
    help:
      "Run again the experiments that are damaged: what is stored of them has changed since they ended, as 'verify' shows."
  )
  var damaged = false

  @OptionGroup
  var run: RunCommand

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    var run = run
    let folder = try run.location.folder(of: context.research)
    if let store = try DatabaseStore.openIfThere(folder) {
      run.settings.completeSizes(try store.notes())
      try store.close()
    }
    return try await run.perform(context, retrying: RetrySelection(ids: ids, isOfDamaged: damaged))
  }

  func validate() throws {
    if run.fresh {
      throw ValidationError("retry goes on from the stored results: leave out --fresh")
    }
    if run.store == .memory {
      throw ValidationError("retry goes on from the stored results: leave out --store memory")
    }
    if run.runsOtherBuildsAgain || run.accept {
      throw ValidationError("retry runs what has failed: give --rerun and --accept to run")
    }
    if run.keepsFailed {
      throw ValidationError("retry runs what has failed: leave out --keep-failed")
    }
  }
}

/// Which failed experiments are to run again.
struct RetrySelection: Sendable {
  /// Ids, or how they begin; empty for all.
  let ids: [String]
  /// True to run damaged experiments again instead of failed ones.
  var isOfDamaged = false

  private var adjective: String { isOfDamaged ? "damaged" : "failed" }

  /// What is found of them.
  struct Found {
    /// Nil if there is nothing to run.
    var selection: Selection?
    /// The keys of damaged experiments that the research does not have, and that are deleted.
    var unplanned: [String] = []
    /// Why there is nothing to run.
    var reason = ""
    /// What a person should know besides.
    var notes: [String] = []
  }

  /// - Parameter condition: what else experiments have to satisfy.
  /// - Throws: ``FieldworkError`` if an id is none of a failed experiment, or if the domain is updated.
  func selection(
    _ research: Research,
    _ folder: ResearchFolder,
    where condition: Selection?
  ) throws -> Found {
    if let update = research.updates.first {
      throw FieldworkError(
        .invalidDefinition,
        "the results of failed experiments may decide how the domain is updated; run the research again, which runs them too",
        place: update.place
      )
    }
    if let search = research.search {
      throw FieldworkError(
        .invalidDefinition,
        "the results of failed experiments decide which configs the search chooses; run the research again, which runs them too",
        place: search.place
      )
    }
    if let pruning = research.pruning.first {
      throw FieldworkError(
        .invalidDefinition,
        "the results of failed experiments decide which others are pruned; run the research again, which runs them too",
        place: pruning.place
      )
    }
    guard let store = try DatabaseStore.openIfThere(folder) else {
      if let id = ids.first { throw unknown(id, folder) }
      return Found(reason: "nothing to retry: there are no results in \(folder.path)")
    }
    defer { try? store.close() }
    let failed = try isOfDamaged ? store.damagedExperiments() : store.failedExperiments()
    for id in ids where !failed.contains(where: { $0.id.hasPrefix(id) }) {
      throw try refusal(id, store, folder)
    }
    let wanted = failed.filter { experiment in
      ids.isEmpty || ids.contains { experiment.id.hasPrefix($0) }
    }
    guard !wanted.isEmpty else {
      return Found(
        reason: isOfDamaged
          ? "nothing to retry: no experiment is damaged"
          : "nothing to retry: no experiment has failed"
      )
    }
    let seed = try StoredSeed.decode(try store.notes()["seed"]) ?? research.settings.seed ?? 0
    let source = try research.adding(try store.notes()).source(seed: seed)
    let selection = try Selection(
      Set(wanted.map(\.key)),
      in: source,
      where: condition
    )
    guard isOfDamaged else { return found(selection, of: wanted.count) }
    // The key of a damaged experiment may be what has changed: then the research has no such experiment.
    let planned = try source.keys(among: Set(wanted.map(\.key)))
    let unplanned = wanted.map(\.key).filter { !planned.contains($0) }
    var found = found(selection, of: wanted.count - unplanned.count)
    found.unplanned = unplanned
    if !unplanned.isEmpty {
      found.notes.append(
        "\(Wording.count(unplanned.count, "damaged experiment")) that the research does not have \(unplanned.count == 1 ? "is" : "are") deleted: \(unplanned.prefix(5).joined(separator: ", "))"
      )
      if found.selection == nil { found.selection = selection }
    }
    return found
  }

  private func found(_ selection: Selection, of wanted: Int) -> Found {
    let named = selection.named?.count ?? 0
    guard named < wanted else { return Found(selection: selection) }
    let others = Wording.count(wanted - named, "\(adjective) experiment")
    let text =
      "\(others) \(wanted - named == 1 ? "is" : "are") not among those that these options ask for"
    return named > 0
      ? Found(selection: selection, notes: [text]) : Found(reason: "nothing to retry: \(text)")
  }

  private func refusal(
    _ id: String,
    _ store: DatabaseStore,
    _ folder: ResearchFolder
  ) throws -> FieldworkError {
    guard let found = try store.experiment(beginning: id) else { return unknown(id, folder) }
    return FieldworkError(
      .invalidDefinition,
      isOfDamaged
        ? "the experiment \(found.id) is not damaged; see 'verify'"
        : "the experiment \(found.id) has not failed, it is \(found.state.rawValue); see 'results --failures'"
    )
  }

  private func unknown(_ id: String, _ folder: ResearchFolder) -> FieldworkError {
    FieldworkError(
      .invalidDefinition,
      "no experiment in \(folder.path) has an id that begins with '\(id)'; see 'results --failures'"
    )
  }
}
