package import FieldworkCore
import FieldworkSearch
package import FieldworkStore

/// What a run would do, found out without writing anything.
package struct RunPreview: Sendable {
  /// An experiment that would run, and why.
  package struct Entry: Sendable {
    package let experiment: PlannedExperiment
    package let status: ResumeStatus
    /// The iteration from which it would go on; nil if it would begin anew.
    package let iteration: Int?
  }

  /// By status: the number of examined experiments.
  package private(set) var counts: [ResumeStatus: Int] = [:]
  /// The number of experiments of the plan; nil if there is no end.
  package let experiments: Int?
  /// How many of them were looked at, in the order of the plan.
  package private(set) var examined = 0
  /// Whether these were all, as far as the plan goes before the domain is updated.
  package private(set) var isComplete = false
  /// The number of the examined experiments that would run.
  package private(set) var experimentsToRun = 0
  /// The number of tasks in which they would run.
  package private(set) var tasks = 0
  /// The first ones that would run.
  package private(set) var first: [Entry] = []
  /// The number of workers that would have something to do.
  package private(set) var workers = 1
  package let branches: Int
  package let seed: UInt64
  /// Whether a run would draw a seed of its own.
  package let drawsSeed: Bool
  /// What the definition has lost and gained since it was stored; nil if nothing, or if nothing is stored.
  package let change: String?
  /// Whether results are stored that a run would go on from.
  package let isBegun: Bool
  /// How long an experiment takes, by those that are done; nil if none is.
  package let secondsPerExperiment: Double?
  /// How long the run would take, by the earlier ones; nil if there are none, or no end.
  package private(set) var seconds: Double?

  /// - Parameters:
  ///   - store: what is stored; nil for nothing.
  ///   - startsOver: whether what is stored would be deleted first.
  ///   - keepsFailed: whether failed experiments would be left out too.
  ///   - limit: how many of the experiments that would run to keep.
  ///   - searchLimit: how many experiments of the plan to look at.
  /// - Throws: ``FieldworkError`` if the store cannot be read, if the research asks for another seed than the
  ///   stored one, or if the domain fails.
  package init(
    _ research: Research,
    _ store: DatabaseStore?,
    startsOver: Bool = false,
    keepsFailed: Bool = false,
    selection: Selection? = nil,
    limit: Int = 5,
    searchLimit: Int = 100_000
  ) throws {
    let resume = try ResumePlan(
      research,
      startsOver ? nil : store,
      selection: selection,
      keepsFailed: keepsFailed
    )
    let wanted = resume.seed ?? research.settings.seed
    drawsSeed = wanted == nil
    seed = wanted ?? 0
    change = resume.change
    isBegun = resume.isBegun
    branches = research.settings.branches.count
    let notes = startsOver ? [:] : try store?.notes() ?? [:]
    let records = startsOver ? [] : try store?.updates() ?? []
    var source = try research.adding(notes).choosing(records).source(seed: seed)
    experiments = source.size
    secondsPerExperiment = try store?.meanDuration()
    try examine(
      &source,
      resume,
      keepsTasksWhole: research.crossesBranches,
      limit: limit,
      searchLimit: searchLimit
    )
    var left: Int? = tasks
    if !isComplete {
      // What was not looked at counts as new, but for what is stored as done.
      let done = resume.states.values.count(where: \.isFinished)
      let beyond = max(
        0,
        done - counts[.done, default: 0] - counts[.pruned, default: 0]
          - counts[.changed, default: 0]
          - counts[.otherBuild, default: 0]
      )
      let tasksBeyond = (max(0, (experiments ?? 0) - examined - beyond) + branches - 1) / branches
      left = experiments == nil ? nil : tasks + tasksBeyond
    }
    let canBeFewer = research.settings.workers?.configs == nil && !source.decides
    let workers = max(1, research.settings.wantedWorkers)
    self.workers = canBeFewer ? max(1, min(workers, left ?? workers)) : workers
    if let left, let mean = secondsPerExperiment {
      // The branches of a task run together.
      seconds = mean * Double(left) / Double(max(1, min(workers, left)))
    }
  }

  /// Goes through the tasks of a source.
  /// - Parameter keepsTasksWhole: true if experiments that are stored run again where another one of their task does.
  private mutating func examine(
    _ source: inout any ExperimentSource,
    _ resume: ResumePlan,
    keepsTasksWhole: Bool,
    limit: Int,
    searchLimit: Int
  ) throws {
    while examined < searchLimit {
      guard let task = try source.nextTask() else {
        isComplete = true
        return
      }
      let entries = task.experiments.map { experiment in
        let status = resume.status(of: experiment)
        return Entry(
          experiment: experiment,
          status: status,
          iteration: resume.iteration(of: experiment, status)
        )
      }
      examined += entries.count
      for entry in entries { counts[entry.status, default: 0] += 1 }
      let missing = entries.filter { resume.runs($0.experiment, $0.status) }
      guard !missing.isEmpty else { continue }
      let running = keepsTasksWhole ? entries : missing
      tasks += 1
      experimentsToRun += running.count
      first += running.prefix(max(0, limit - first.count))
    }
  }
}
