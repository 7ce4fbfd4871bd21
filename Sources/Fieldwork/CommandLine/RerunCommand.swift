import ArgumentParser
import FieldworkAnalysis
import FieldworkCore
import FieldworkRuntime
import FieldworkSearch
import FieldworkStore
import Foundation

/// `rerun`: runs a stored experiment again and compares the results.
struct RerunCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "rerun",
    abstract: "Run a stored experiment again in this process, and compare the results.",
    discussion: """
      The experiment runs in memory with the same seed, and with a temporary folder; nothing that is stored changes. 'rerun 3f1a --debugger' waits \
      until a debugger is attached to the process. Exit codes: 0 if the results are equal, 1 if they differ, 2 if the \
      experiment cannot run.
      """
  )

  @Argument(
    help: ArgumentHelp("The id of the experiment, or the beginning of it.", valueName: "id")
  )
  var id: String

  @Flag(help: "Wait until a debugger is attached.")
  var debugger = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let terminal = context.terminal
    let folder = try location.folder(of: context.research)
    let stored = try ResearchResults.load(folder.path)
    let experiment = try experiment(in: stored, folder)
    let planned = SettingOptions.planned(context.research, stored.notes).adding(stored.notes)
    let seed = try StoredSeed.decode(stored.notes["seed"]) ?? context.research.settings.seed ?? 0
    var research = try alone(experiment, planned, seed)
    ResearchDefinition.restoreIterations(of: &research, stored.notes)
    for remark in remarks(experiment, stored, context.research) {
      terminal.printError("note: \(remark)")
    }
    if debugger { waitForDebugger(terminal) }
    let store = try DatabaseStore.inMemoryWithFolders()
    let source = try research.source(seed: seed)
    let selection = try Selection([experiment.key], in: source, where: nil)
    try await ResearchRunner(research, store: store, selection: selection).run()
    let again = try store.contents()
    guard let made = again.experiments.first(where: { $0.key == experiment.key }) else {
      throw FieldworkError(
        .invalidDefinition,
        "the experiment \(experiment.id) is not one of the research as it is now"
      )
    }
    // What a rule has ended goes on here, to its end.
    let isCut = experiment.ending == .pruned && !context.research.pruning.isEmpty
    return compare((stored, experiment), (again, made), storedAlone: isCut, terminal)
  }

  private func experiment(
    in results: ResearchResults,
    _ folder: ResearchFolder
  ) throws -> ExperimentRecord {
    try results.experiment(
      withPrefix: id,
      absent:
        "no experiment in \(folder.path) has the id \(id); see them with results --experiments"
    )
  }

  /// Returns the research with the config of the experiment alone. The key of the experiment is the same.
  private func alone(
    _ experiment: ExperimentRecord,
    _ research: Research,
    _ seed: UInt64
  ) throws -> Research {
    var config: Config?
    // The plan has the objects that a store does not.
    _ = try research.source(seed: seed).keys(among: [experiment.key]) { config = $0.config }
    let found = try config ?? experiment.config.completed(from: research)
    let configs = Array(repeating: found, count: experiment.occurrence + 1)
    var alone = research.fixed(to: Domain(configs: configs))
    alone.added = []
    // Rules that end experiments early depend on other experiments.
    alone.pruning = []
    var settings = alone.settings
    settings.duplicates = .run
    settings.configs = nil
    settings.repeatEach = nil
    settings.idPrefix = nil
    settings.repetitions = experiment.repetition + 1
    settings.seed = seed
    settings.workers = 1
    settings.branches = 1
    settings.parallelism = .serial
    settings.engine = .local
    settings.devices = nil
    settings.deviceMemory = nil
    settings.stdout = nil
    settings.stderr = nil
    settings.provenance = []
    alone.settings = settings
    return alone
  }

  /// Returns texts on why the results may differ.
  private func remarks(
    _ experiment: ExperimentRecord,
    _ results: ResearchResults,
    _ research: Research
  ) -> [String] {
    var remarks: [String] = []
    let builds = AcceptedBuilds(results.notes, current: .some(CodeIdentity(research).current))
    if !builds.isCurrent(experiment.build) {
      remarks.append(
        results.notes[CodeIdentity.noteKey] == nil
          ? "another build of the playbook has made the stored results"
          : "another build of the playbook, or other files of its programs, have made the stored results"
      )
    }
    if research.units.contains(where: \.isRoot) {
      remarks.append("units that branches share run for this experiment alone, with its own config")
    }
    if experiment.ending == .pruned, !research.pruning.isEmpty {
      remarks.append(
        "a rule has ended the experiment early; it runs to its end, and the stored iterations are compared"
      )
    }
    if experiment.updates > 0 {
      remarks.append("the experiment comes from an update of the domain; run.updates is 0 here")
    }
    return remarks
  }

  private func waitForDebugger(_ terminal: Terminal) {
    let process = ProcessInfo.processInfo.processIdentifier
    terminal.printError("Waiting for a debugger: lldb -p \(process), or gdb -p \(process)")
    while !isTraced { usleep(100_000) }
    terminal.printError("A debugger is attached.")
  }

  private var isTraced: Bool {
    #if os(Linux)
      let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = status?.split(separator: "\n").first { $0.hasPrefix("TracerPid:") }
      return line.map { !$0.hasSuffix("\t0") } ?? true
    #else
      return true
    #endif
  }

  // MARK: Comparing

  private typealias Side = (results: ResearchResults, experiment: ExperimentRecord)

  /// A value that differs.
  private struct Difference {
    let name: String
    let iteration: String
    let stored: String
    let again: String
  }

  /// - Parameter storedAlone: true to compare the iterations alone that are stored, and not the ends.
  private func compare(
    _ stored: Side,
    _ again: Side,
    storedAlone: Bool,
    _ terminal: Terminal
  ) -> ExitStatus {
    var differences: [Difference] = []
    let ends = [stored, again].map { $0.experiment.ending?.rawValue ?? "none" }
    if ends[0] != ends[1], !storedAlone {
      differences.append(Difference(name: "(end)", iteration: "", stored: ends[0], again: ends[1]))
    }
    var equal = 0
    for name in Set(stored.results.variables + again.results.variables).sorted() {
      let (first, second) = (Self.values(name, stored), Self.values(name, again))
      let iterations = storedAlone ? Set(first.keys) : Set(first.keys).union(second.keys)
      for iteration in iterations.sorted() {
        if first[iteration] == second[iteration] {
          equal += 1
          continue
        }
        differences.append(
          Difference(
            name: name,
            iteration: String(iteration),
            stored: first[iteration]?.literalText ?? "none",
            again: second[iteration]?.literalText ?? "none"
          )
        )
      }
    }
    for failure in again.experiment.failures {
      terminal.printError(
        "failed: \(failure.unit), iteration \(failure.iteration): \(failure.message)"
      )
    }
    guard !differences.isEmpty else {
      terminal.print(
        "equal: \(Wording.count(equal, "value")) of \(stored.experiment.id) came out as they are stored"
      )
      return .done
    }
    show(differences, of: differences.count + equal, terminal)
    return .someFailed
  }

  private func show(_ differences: [Difference], of count: Int, _ terminal: Terminal) {
    let shown = differences.prefix(50)
    let table = Table(columns: [
      Table.Column(name: "value", cells: shown.map { .string($0.name) }),
      Table.Column(name: "iteration", cells: shown.map { .string($0.iteration) }),
      Table.Column(name: "stored", cells: shown.map { .string($0.stored) }),
      Table.Column(name: "again", cells: shown.map { .string($0.again) }),
    ])
    terminal.print(table.text(width: terminal.isInteractive ? terminal.width : nil))
    let rest = differences.count > 50 ? "; the first 50 are shown" : ""
    terminal.print("different: \(Wording.count(differences.count, "value")) of \(count)\(rest)")
  }

  private static func values(_ name: String, _ side: Side) -> [Int: Value] {
    guard side.results.variables.contains(name) else { return [:] }
    return Dictionary(
      side.results.values(of: name, in: side.experiment.id).map { ($0.iteration, $0.value) },
      uniquingKeysWith: { $1 }
    )
  }
}

extension Config {
  /// Returns the config with the objects of a research in place of their names.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if the research does not have one.
  fileprivate func completed(from research: Research) throws -> Config {
    var config = self
    for entry in entries where entry.value.plain == nil {
      let key = entry.name.key
      guard let value = research.domain?.values(of: key, named: entry.value.name).first else {
        throw FieldworkError(
          .missingParameter,
          "the research has no value '\(entry.value.name)' of '\(key)' any more"
        )
      }
      config.set(entry.name, to: value)
    }
    return config
  }
}
