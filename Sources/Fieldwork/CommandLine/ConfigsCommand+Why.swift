import FieldworkCore
import FieldworkRuntime
import FieldworkSearch
import FieldworkStore

/// An experiment, and why it would run or not.
struct Reason {
  let id: String
  let status: ResumeStatus
  /// The iteration from which it would go on; nil if it would begin anew.
  var iteration: Int?
  let config: Config
  let repetition: Int

  var value: Value {
    .dictionary([
      "id": .string(id), "why": .string(status.rawValue),
      "from": iteration.map(Value.int) ?? .null,
      "config": .dictionary(config.plainValues), "repetition": .int(repetition),
    ])
  }

  /// The word for it, and from where the experiment would go on.
  private var text: String {
    iteration.map { "\(status.rawValue), from iteration \($0)" } ?? status.rawValue
  }

  static func table(_ reasons: [Reason], _ research: Research) -> Table {
    Table(
      columns: [
        Table.Column(name: "id", cells: reasons.map { .string($0.id) }),
        Table.Column(name: "why", cells: reasons.map { .string($0.text) }),
      ] + research.configColumns(reasons.map { ($0.config, $0.repetition) })
    )
  }
}

extension Reason {
  init(_ entry: RunPreview.Entry) {
    self.init(
      id: entry.experiment.id,
      status: entry.status,
      iteration: entry.iteration,
      config: entry.experiment.config,
      repetition: entry.experiment.repetition
    )
  }
}

extension ConfigsCommand {
  /// Shows of each experiment why it would run or not, those last that are stored but not planned.
  /// - Parameter stored: the store that the plan was read from; nil for none.
  func performWhy(
    _ research: Research,
    _ resume: ResumePlan,
    _ stored: DatabaseStore?,
    _ selection: Selection?,
    seed: UInt64,
    _ terminal: Terminal
  ) throws -> ExitStatus {
    let showsAll = json || limit == 0
    var source = try research.source(seed: seed)
    var counts: [ResumeStatus: Int] = [:]
    var (shown, examined) = (0, 0)
    var unseen = Set(resume.states.keys)
    var isComplete = false
    try terminal.print(lines: { print in
      var printer = RowPrinter<Reason>(
        width: terminal.isInteractive ? terminal.width : nil,
        print
      )
      func show(_ reason: Reason) throws {
        guard showsAll || shown < limit else { return }
        shown += 1
        if json {
          try print(reason.value.jsonText)
        } else {
          try printer.add(reason) { Reason.table($0, research) }
        }
      }
      isComplete = try source.forEach { experiment in
        if !showsAll, examined == Self.searchLimit { return false }
        let status = resume.status(of: experiment)
        counts[status, default: 0] += 1
        examined += 1
        unseen.remove(experiment.key)
        try show(
          Reason(
            id: experiment.id,
            status: status,
            iteration: resume.iteration(of: experiment, status),
            config: experiment.config,
            repetition: experiment.repetition
          )
        )
        return true
      }
      if isComplete {
        let unplanned = try unplanned(unseen, stored, research)
        counts[.unplanned] = unplanned.count
        for reason in unplanned { try show(reason) }
      }
      if !json { try printer.finish { Reason.table($0, research) } }
    })
    if json { return .done }
    var text = closing(
      counts,
      shown: shown,
      resume,
      remark: research.openPlanRemark(source.size, known: examined)
    )
    if !isComplete {
      let size = source.size.map { "\($0)" } ?? "an endless number of"
      text +=
        "\nonly the first \(examined) of \(size) experiments were looked at; --limit 0 goes through all"
    }
    terminal.print(text)
    return .done
  }

  /// The number of experiments that are looked at where not all are shown.
  static let searchLimit = 100_000

  /// The stored experiments with the given keys, unless they come from an update of the domain: what an update
  /// plans only shows while it runs.
  private func unplanned(
    _ keys: Set<String>,
    _ stored: DatabaseStore?,
    _ research: Research
  ) throws -> [Reason] {
    guard !keys.isEmpty, let stored else { return [] }
    return try stored.experiments().filter { experiment in
      keys.contains(experiment.key) && (experiment.updates == 0 || research.updates.isEmpty)
    }.map {
      Reason(id: $0.id, status: .unplanned, config: $0.config, repetition: $0.repetition)
    }
  }

  private func closing(
    _ counts: [ResumeStatus: Int],
    shown: Int,
    _ resume: ResumePlan,
    remark: String?
  ) -> String {
    let all = counts.values.reduce(0, +)
    let parts = ResumeStatus.allCases.compactMap { status in
      counts[status].flatMap { $0 > 0 ? "\($0) \(status.rawValue)" : nil }
    }
    let start = shown < all ? "\(shown) of \(all) shown, --limit 0 shows all: " : ""
    var lines = [start + (parts.isEmpty ? "no experiments" : parts.joined(separator: ", "))]
    if let change = resume.change {
      lines += ["the definition has changed since the results were begun:", change]
    }
    if let remark { lines.append(remark) }
    return lines.joined(separator: "\n")
  }
}
