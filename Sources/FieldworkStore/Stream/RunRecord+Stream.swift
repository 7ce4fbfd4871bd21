package import FieldworkCore

extension RunRecord {
  /// The kind of a frame that holds records, one after the other.
  package static let frameKind: UInt8 = 1

  private enum Tag {
    static let note: UInt8 = 0
    static let variables: UInt8 = 1
    static let started: UInt8 = 2
    static let skipped: UInt8 = 3
    static let saved: UInt8 = 4
    static let failed: UInt8 = 5
    static let ended: UInt8 = 6
    static let provenance: UInt8 = 7
    static let profiled: UInt8 = 8
    static let output: UInt8 = 9
    static let checkpoint: UInt8 = 10
    static let updated: UInt8 = 11
    static let renamed: UInt8 = 12
    static let reopened: UInt8 = 13
    static let removed: UInt8 = 14
    static let runStarted: UInt8 = 15
    static let runEnded: UInt8 = 16
    static let unitStarted: UInt8 = 18
    static let iterations: UInt8 = 19
    static let retrying: UInt8 = 20
    static let domainUpdated: UInt8 = 21
    static let workerStarted: UInt8 = 22
    static let workerDied: UInt8 = 23
    static let workerLeft: UInt8 = 24
    static let printed: UInt8 = 25
    static let warning: UInt8 = 26
    static let link: UInt8 = 27
    static let logged: UInt8 = 28
    static let finished: UInt8 = 29
    static let notice: UInt8 = 30
    static let planned: UInt8 = 31

    /// True for a record that begins with the key of an experiment, or with another name.
    static func hasKey(_ tag: UInt8) -> Bool {
      switch tag {
      case note, started, skipped, saved, failed, ended, profiled, output, checkpoint, renamed,
        reopened, removed, unitStarted, logged, iterations, retrying, finished:
        true
      default: false
      }
    }
  }

  /// Writes the record. In a config, values that are not plain go by their names.
  package func encode(into writer: inout ByteWriter) {
    switch self {
    case .note(let key, let value):
      writer.append(Tag.note)
      writer.append(key)
      writer.append(value)
    case .variables(let names):
      writer.append(Tag.variables)
      writer.append(names) { $0.append($1) }
    case .started(let experiment, let start):
      writer.append(Tag.started)
      writer.append(experiment.key)
      writer.appendBlock { experiment.encode(into: &$0) }
      start.encode(into: &writer)
    case .skipped(let experiment):
      writer.append(Tag.skipped)
      writer.append(experiment.key)
      writer.appendBlock { experiment.encode(into: &$0) }
    case .reopened(let key):
      writer.append(Tag.reopened)
      writer.append(key)
    case .removed(let key):
      writer.append(Tag.removed)
      writer.append(key)
    case .renamed(let key, let id):
      writer.append(Tag.renamed)
      writer.append(key)
      writer.append(id)
    case .saved(let key, let values):
      writer.append(Tag.saved)
      writer.append(key)
      writer.append(values) { $1.encode(into: &$0) }
    case .failed(let key, let failure):
      writer.append(Tag.failed)
      writer.append(key)
      failure.encode(into: &writer)
    case .ended(let key, let ending, let iterations, let time):
      writer.append(Tag.ended)
      writer.append(key)
      writer.append(ending.number)
      writer.append(iterations)
      writer.append(time)
    case .finished(let finished):
      writer.append(Tag.finished)
      writer.append(finished.experiment.key)
      finished.encode(into: &writer)
    case .provenance(let item):
      writer.append(Tag.provenance)
      writer.append(item.run)
      writer.append(item.topic)
      writer.append(item.item)
      writer.append(item.text)
    case .profiled(let key, let timings):
      writer.append(Tag.profiled)
      writer.append(key)
      writer.append(timings) { $1.encode(into: &$0) }
    case .output(let key, let stream, let text):
      writer.append(Tag.output)
      writer.append(key)
      writer.append(stream == .stdout)
      writer.append(text)
    case .checkpoint(let key, let checkpoint):
      writer.append(Tag.checkpoint)
      writer.append(key)
      writer.append(checkpoint.iteration)
      writer.append(checkpoint.definition)
      writer.append(checkpoint.parts) { writer, part in
        writer.append(part.name)
        writer.append(UInt64(part.content.count))
        writer.append(contentsOf: part.content)
      }
    case .updated(let update):
      writer.append(Tag.updated)
      update.encode(into: &writer)
    case .runStarted(let start):
      writer.append(Tag.runStarted)
      start.encode(into: &writer)
    case .runEnded(let summary):
      writer.append(Tag.runEnded)
      summary.encode(into: &writer)
    case .unitStarted(let key, let unit, let iteration):
      writer.append(Tag.unitStarted)
      writer.append(key)
      writer.append(unit)
      writer.append(iteration)
    case .logged(let key, let entry):
      writer.append(Tag.logged)
      writer.append(key)
      writer.append(entry.level)
      writer.append(entry.message)
      writer.append(entry.metadata.sorted { $0.key < $1.key }) { writer, item in
        writer.append(item.key)
        writer.append(item.value)
      }
      writer.append(entry.at)
    case .iterations(let key, let last, let count):
      writer.append(Tag.iterations)
      writer.append(key)
      writer.append(last)
      writer.append(count)
    case .retrying(let key, let retry):
      writer.append(Tag.retrying)
      writer.append(key)
      writer.append(retry.attempt)
      writer.append(retry.replaces) { $0.append($1.number) }
      writer.append(retry.failures) { $1.encode(into: &$0) }
    case .domainUpdated(let number, let domain, let experiments):
      writer.append(Tag.domainUpdated)
      writer.append(number)
      writer.append(domain)
      writer.append(experiments) { $0.append($1) }
    case .planned(let experiments):
      writer.append(Tag.planned)
      writer.append(experiments) { $0.append($1) }
    case .workerStarted(let worker, let process):
      writer.append(Tag.workerStarted)
      writer.append(worker)
      writer.append(process) { $0.append($1) }
    case .workerDied(let worker, let text): writer.append(Tag.workerDied, worker, text)
    case .workerLeft(let worker, let text): writer.append(Tag.workerLeft, worker, text)
    case .printed(let worker, let text): writer.append(Tag.printed, worker, text)
    case .notice(let text):
      writer.append(Tag.notice)
      writer.append(text)
    case .warning(let text):
      writer.append(Tag.warning)
      writer.append(text)
    case .link(let record):
      writer.append(Tag.link)
      record.encode(into: &writer)
    }
  }

  /// Reads a record.
  /// - Parameter planned: gives the experiment of a key, whose config is then not read; nil where it is
  ///   not at hand, so that what is written is taken, with values that are not plain left without content.
  package init(
    from reader: inout ByteReader,
    planned: (String) -> PlannedExperiment? = { _ in nil }
  ) throws {
    let tag = try reader.byte()
    let key = Tag.hasKey(tag) ? try reader.string() : ""
    func experiment() throws -> PlannedExperiment {
      guard let known = planned(key) else {
        return try reader.block { try PlannedExperiment(from: &$0) }
      }
      try reader.skipBlock()
      return known
    }
    switch tag {
    case Tag.note: self = .note(key, try reader.value())
    case Tag.variables: self = .variables(try reader.list { try $0.string() })
    case Tag.started:
      let experiment = try experiment()
      self = .started(experiment, try ExperimentStart(from: &reader))
    case Tag.skipped: self = .skipped(try experiment())
    case Tag.reopened: self = .reopened(experiment: key)
    case Tag.removed: self = .removed(experiment: key)
    case Tag.renamed: self = .renamed(experiment: key, id: try reader.string())
    case Tag.saved:
      self = .saved(experiment: key, try reader.list { try SavedValue(from: &$0) })
    case Tag.failed: self = .failed(experiment: key, try Failure(from: &reader))
    case Tag.ended:
      let ending = try Ending(from: &reader)
      let iterations = try reader.int()
      self = .ended(experiment: key, ending, iterations: iterations, at: try reader.double())
    case Tag.finished:
      self = .finished(try FinishedExperiment(from: &reader, planned: planned(key)))
    case Tag.provenance:
      let run = try reader.int()
      let topic = try reader.string()
      let item = try reader.string()
      self = .provenance(
        ProvenanceItem(run: run, topic: topic, item: item, text: try reader.string())
      )
    case Tag.profiled:
      self = .profiled(experiment: key, try reader.list { try UnitTiming(from: &$0) })
    case Tag.output:
      let stream: StandardStream = try reader.bool() ? .stdout : .stderr
      self = .output(experiment: key, stream, try reader.string())
    case Tag.checkpoint:
      let iteration = try reader.int()
      let definition = try reader.string()
      let parts = try reader.list { reader in
        let name = try reader.string()
        let count = try Int(exactly: reader.unsigned()) ?? .max
        return Checkpoint.Part(name, Array(try reader.take(count)))
      }
      self = .checkpoint(
        experiment: key,
        Checkpoint(iteration: iteration, definition: definition, parts: parts)
      )
    case Tag.updated: self = .updated(try UpdateRecord(from: &reader))
    case Tag.runStarted: self = .runStarted(try RunStart(from: &reader))
    case Tag.runEnded: self = .runEnded(try RunSummary(from: &reader))
    case Tag.unitStarted:
      let unit = try reader.string()
      self = .unitStarted(experiment: key, unit: unit, iteration: try reader.int())
    case Tag.logged:
      let level = try reader.string()
      let message = try reader.string()
      let metadata = try reader.list { reader in (try reader.string(), try reader.string()) }
      self = .logged(
        experiment: key,
        LogEntry(
          level: level,
          message: message,
          metadata: Dictionary(metadata) { $1 },
          at: try reader.double()
        )
      )
    case Tag.iterations:
      let last = try reader.int()
      self = .iterations(experiment: key, last: last, count: try reader.int())
    case Tag.retrying:
      let attempt = try reader.int()
      let replaced = try reader.optional { try Ending(from: &$0) }
      let failures = try reader.list { try Failure(from: &$0) }
      self = .retrying(
        experiment: key,
        Retry(attempt: attempt, replaces: replaced, failures: failures)
      )
    case Tag.domainUpdated:
      let number = try reader.int()
      let domain = try reader.string()
      self = .domainUpdated(
        number: number,
        domain: domain,
        experiments: try reader.optional { try $0.int() }
      )
    case Tag.planned: self = .planned(try reader.optional { try $0.int() })
    case Tag.workerStarted:
      let worker = try reader.int()
      self = .workerStarted(worker: worker, process: try reader.optional { try $0.int() })
    case Tag.workerDied:
      let worker = try reader.int()
      self = .workerDied(worker: worker, reason: try reader.string())
    case Tag.workerLeft:
      let worker = try reader.int()
      self = .workerLeft(worker: worker, reason: try reader.string())
    case Tag.printed:
      let worker = try reader.int()
      self = .printed(worker: worker, text: try reader.string())
    case Tag.warning: self = .warning(try reader.string())
    case Tag.notice: self = .notice(try reader.string())
    case Tag.link: self = .link(try LinkRecord(from: &reader))
    default: throw reader.damaged("there is no kind of record \(tag)")
    }
  }
}

extension SavedValue {
  fileprivate func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(iteration)
    writer.append(value)
  }

  fileprivate init(from reader: inout ByteReader) throws {
    let name = try reader.string()
    let iteration = try reader.int()
    self.init(name: name, iteration: iteration, value: try reader.value())
  }
}

extension FinishedExperiment {
  /// Writes all but the key. The config is written as it is stored.
  fileprivate func encode(into writer: inout ByteWriter) {
    writer.append(row.point)
    writer.append(row.config)
    writer.append(row.entries)
    for sum in [sums.row, sums.values, sums.details] { writer.appendFixed(sum) }
    writer.appendBlock { experiment.encode(into: &$0, hasConfig: false) }
    start.encode(into: &writer)
    writer.append(ending.number)
    writer.append(iterations)
    writer.append(end.time)
    writer.append(saved) { $1.encode(into: &$0) }
  }

  /// - Parameter planned: the experiment, if it is at hand.
  fileprivate convenience init(
    from reader: inout ByteReader,
    planned: PlannedExperiment?
  ) throws {
    let point = try reader.string()
    let config = try reader.string()
    let entries = try reader.string()
    var sums = StoredChecksum.Sums()
    sums.row = try reader.fixed()
    sums.values = try reader.fixed()
    sums.details = try reader.fixed()
    let experiment: PlannedExperiment
    if let planned {
      experiment = planned
      try reader.skipBlock()
    } else {
      let config = try StoredConfig.decode(entries)
      experiment = try reader.block { try PlannedExperiment(from: &$0).with(config) }
    }
    let start = try ExperimentStart(from: &reader)
    let ending = try Ending(from: &reader)
    let iterations = try reader.int()
    let end = ExperimentRow.End(
      ending: ending,
      iterations: iterations,
      time: try reader.double()
    )
    self.init(
      experiment,
      start,
      try reader.list { try SavedValue(from: &$0) },
      ExperimentRow(point: point, config: config, entries: entries),
      end,
      sums
    )
  }
}

extension PlannedExperiment {
  /// Returns the experiment with the config that was left out when it was written.
  package func with(_ config: Config) -> PlannedExperiment {
    PlannedExperiment(
      ordinal: ordinal,
      id: id,
      key: key,
      config: config,
      repetition: repetition,
      updates: updates,
      occurrence: identity.occurrence,
      task: task,
      branch: branch,
      device: device
    )
  }
}

extension ExperimentStart {
  package func encode(into writer: inout ByteWriter) {
    writer.append(at)
    writer.append(worker)
    writer.append(device) { $0.append($1) }
    writer.append(attempt)
    writer.append(build) { $0.append($1) }
    writer.append(iteration) { $0.append($1) }
    writer.append(versions) { $0.append($1) }
  }

  package init(from reader: inout ByteReader) throws {
    let at = try reader.double()
    let worker = try reader.int()
    let device = try reader.optional { try $0.string() }
    let attempt = try reader.int()
    let build = try reader.optional { try $0.string() }
    let iteration = try reader.optional { try $0.int() }
    self.init(
      at: at,
      worker: worker,
      device: device,
      attempt: attempt,
      build: build,
      iteration: iteration,
      versions: try reader.optional { try $0.string() }
    )
  }
}

extension Failure {
  package func encode(into writer: inout ByteWriter) {
    writer.append(unit)
    writer.append(iteration)
    writer.append(kind)
    writer.append(message)
    writer.append(place) { writer, place in
      writer.append(place.file)
      writer.append(place.line)
    }
    writer.append(death) { $1.encode(into: &$0) }
    writer.append(death == nil ? errorOutput : nil) { $0.append($1) }
  }

  package init(from reader: inout ByteReader) throws {
    let unit = try reader.string()
    let iteration = try reader.int()
    let kind = try reader.string()
    let message = try reader.string()
    let place = try reader.optional { reader in
      let file = try reader.string()
      return SourceLocation(file: file, line: try reader.int())
    }
    let death = try reader.optional { try Death(from: &$0) }
    let errorOutput = try reader.optional { try $0.string() }
    self.init(
      unit: unit,
      iteration: iteration,
      kind: kind,
      message: message,
      place: place,
      death: death,
      errorOutput: errorOutput
    )
  }
}

extension Death {
  package func encode(into writer: inout ByteWriter) {
    writer.append(cause.rawValue)
    writer.append(code) { $0.append($1) }
    writer.append(signal) { $0.append($1) }
    writer.append(stderr)
  }

  package init(from reader: inout ByteReader) throws {
    let text = try reader.string()
    guard let cause = Cause(rawValue: text) else {
      throw reader.damaged("there is no cause of death '\(text)'")
    }
    let code = try reader.optional { try $0.int() }
    let signal = try reader.optional { try $0.int() }
    self.init(cause, code: code, signal: signal, stderr: try reader.string())
  }
}

extension UnitTiming {
  package func encode(into writer: inout ByteWriter) {
    writer.append(unit)
    writer.append(iteration)
    writer.append(total)
    writer.append(call)
    writer.append(evaluation) { $0.append($1) }
    writer.append(cpu) { $0.append($1) }
    writer.append(memory) { $0.append($1) }
  }

  package init(from reader: inout ByteReader) throws {
    let unit = try reader.string()
    let iteration = try reader.int()
    let total = try reader.double()
    let call = try reader.double()
    let evaluation = try reader.optional { try $0.double() }
    let cpu = try reader.optional { try $0.double() }
    self.init(
      unit: unit,
      iteration: iteration,
      total: total,
      call: call,
      evaluation: evaluation,
      cpu: cpu,
      memory: try reader.optional { try $0.int() }
    )
  }
}

extension Ending {
  /// How the ending is written: its place among all; new ones come at the end.
  fileprivate var number: UInt8 {
    switch self {
    case .complete: 0
    case .stopped: 1
    case .failed: 2
    case .interrupted: 3
    case .pruned: 4
    }
  }

  fileprivate init(from reader: inout ByteReader) throws {
    let number = try reader.byte()
    guard let ending = Ending.allCases.first(where: { $0.number == number }) else {
      throw reader.damaged("there is no ending \(number)")
    }
    self = ending
  }
}

extension UpdateRecord {
  package func encode(into writer: inout ByteWriter) {
    writer.append(produced)
    writer.append(number)
    writer.append(when)
    writer.append(premise)
    switch outcome {
    case .kept: writer.append(UInt8(0))
    case .replaced(let domain):
      writer.append(UInt8(1))
      writer.append(domain)
    case .unrecorded: writer.append(UInt8(2))
    }
    writer.append(build) { $0.append($1) }
    writer.append(at)
  }

  package init(from reader: inout ByteReader) throws {
    let produced = try reader.int()
    let number = try reader.int()
    let when = try reader.string()
    let premise = try reader.string()
    let outcome: Outcome
    switch try reader.byte() {
    case 0: outcome = .kept
    case 1: outcome = .replaced(try reader.value())
    case 2: outcome = .unrecorded
    default: throw reader.damaged("there is no such outcome of an update")
    }
    self.init(
      produced: produced,
      number: number,
      when: when,
      premise: premise,
      outcome: outcome,
      build: try reader.optional { try $0.string() },
      at: try reader.double()
    )
  }
}
