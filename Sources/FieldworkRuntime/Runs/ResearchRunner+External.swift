package import FieldworkCore
import FieldworkSearch
package import FieldworkStore

/// Experiments that another program runs: it asks for their configs, and tells their results.
extension ResearchRunner {
  /// The key of the note that says whether such experiments may be running.
  package static let askedKey = "asked"

  /// Returns the next experiments of the research, and records that they have begun.
  ///
  /// A search chooses them by the results that are stored now. What it has chosen is recorded, as in a run.
  /// - Parameter count: the number of experiments.
  /// - Returns: fewer, or none, if the research has no more.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if the research has problems or has changed.
  package func ask(_ count: Int) async throws -> (experiments: [PlannedExperiment], end: String?) {
    // Units do not run.
    try research.requireSound(withoutUnits: research.units.isEmpty)
    try interruptLeft()
    let resume = try resumePlan()
    try requireSameDefinition(resume)
    let seed =
      resume.seed ?? research.settings.seed ?? UInt64.random(in: 0..<1_000_000_000)
    let recorder = Recorder(store) {}
    let earlier = try EarlierResults(research, store)
    var driven = research.choosing(try store.updates()).adding(try store.notes()) { _ in }
    driven.earlier = earlier.all
    driven.pruning = []
    driven.settings.branches = 1
    driven.settings.workers = nil
    // Results come in any order.
    driven.settings.window = nil
    var source = try makeSource(driven, seed)
    let history = HistoryReader(
      source.watched,
      store,
      stored: resume.states,
      includesLater: true
    )
    let journal = try UpdateJournal(driven, source, store, recorder) { _ in }
    var opening = openingRecords(seed, resume, CodeIdentity(research)).filter { record in
      if case .note("runs", _) = record { false } else { true }
    }
    if earlier.isNew { opening.append(earlier.note) }
    opening.append(.note(Self.askedKey, true))
    await recorder.record(opening)
    var asked: [PlannedExperiment] = []
    func take(_ task: PlannedTask) {
      history.add(task.experiments)
      asked += task.experiments.filter { isNew($0, resume) }
    }
    // What was chosen before needs no results.
    while asked.count < count, let task = try source.nextTask() { take(task) }
    steps: while asked.count < count {
      switch try source.next(history.history(ended: 0)) {
      case .task(let task): take(task)
      case .decision(let decision):
        guard decision.accepts != nil else {
          throw FieldworkError(
            .invalidDefinition,
            "an Update makes domains while experiments run; ask takes a Search, or a domain alone"
          )
        }
        let domain = try await journal.outcome(of: decision) {
          try await decision.make(
            UpdateContext(decision, of: research, Philox(text: "ask|\(seed)|\(decision.number)")) {
              [store] in try store.contents()
            }
          )
        }
        await journal.settle()
        try source.resolve(decision, with: domain)
      case .needs, .end: break steps
      }
    }
    let start = ExperimentStart(
      at: TaskHost.now(),
      worker: 0,
      device: nil,
      build: BuildIdentity.current
    )
    await recorder.record(asked.map { .started($0, start) })
    try await recorder.flushed()
    return (asked, source.endReason)
  }

  /// Records that experiments were interrupted which a run has left that was killed.
  private func interruptLeft() throws {
    guard try store.notes()[Self.askedKey] != true else { return }
    let left = try store.states().filter { $0.value == .running }.keys.sorted()
    guard !left.isEmpty else { return }
    let now = TaskHost.now()
    try store.write(left.map { .ended(experiment: $0, .interrupted, iterations: 0, at: now) })
  }

  private func isNew(_ experiment: PlannedExperiment, _ resume: ResumePlan) -> Bool {
    switch resume.states[experiment.key] {
    case nil, .interrupted: true
    case .running, .done, .pruned, .failed: false
    }
  }

  /// Records the result of an experiment that ``ask(_:)`` has returned.
  /// - Parameters:
  ///   - id: the id of the experiment, or the beginning of it.
  ///   - values: the saved values by name.
  ///   - failure: the message of an experiment that has failed; nil for one that is done.
  ///   - replaces: true to replace an earlier result.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if there is no such experiment, or it has a result.
  package static func tell(
    _ id: String,
    _ values: [(name: String, value: Value)],
    failure: String?,
    replaces: Bool = false,
    to store: any ResultStore
  ) async throws -> ExperimentRecord {
    let results = try store.contents()
    let experiment = try results.experiment(
      withPrefix: id,
      absent:
        "no experiment with the id \(id) has been asked for; see them with results --experiments"
    )
    let recorder = Recorder(store) {}
    guard experiment.state == .running || replaces else {
      throw FieldworkError(
        .missingParameter,
        "the experiment \(experiment.id) has a result already (\(experiment.state.rawValue)); add --replace to replace it"
      )
    }
    // A new beginning removes what was stored.
    let planned = PlannedExperiment(
      identity: ExperimentIdentity(
        config: experiment.config,
        repetition: experiment.repetition,
        updates: experiment.updates,
        occurrence: experiment.occurrence
      ),
      ordinal: experiment.ordinal,
      id: experiment.id,
      key: experiment.key,
      task: experiment.ordinal,
      branch: 0
    )
    let start = ExperimentStart(
      at: experiment.started ?? TaskHost.now(),
      worker: 0,
      device: nil,
      build: BuildIdentity.current
    )
    var records: [RunRecord] = [
      .reopened(experiment: experiment.key), .started(planned, start),
    ]
    let names = values.map(\.name)
    if !names.isEmpty {
      let known = results.variables + names.filter { !results.variables.contains($0) }
      records.append(.variables(known))
      records.append(
        .saved(
          experiment: experiment.key,
          values.map { SavedValue(name: $0.name, iteration: 0, value: $0.value) }
        )
      )
    }
    if let failure {
      records.append(
        .failed(
          experiment: experiment.key,
          Failure(unit: "tell", iteration: 0, kind: "Told", message: failure, place: nil)
        )
      )
    }
    records.append(
      .ended(
        experiment: experiment.key,
        failure == nil ? .complete : .failed,
        iterations: 1,
        at: TaskHost.now()
      )
    )
    await recorder.record(records)
    try await recorder.flushed()
    return experiment
  }
}
