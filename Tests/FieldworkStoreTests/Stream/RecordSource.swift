@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// Random records of every kind, which a store takes in this order.
struct RecordSource {
  private struct Model: Sendable {}

  private var random: Philox

  init(seed: UInt64) { random = Philox(seed: seed) }

  mutating func below(_ bound: Int) -> Int { Int(random.nextInteger(below: UInt64(bound))) }

  mutating func flag() -> Bool { below(2) == 1 }

  mutating func text() -> String {
    let parts = ["", "a", "é", "日本", "🎈", "\"q\"", "\n", "x y", "0", "long enough for no inline"]
    return (0..<below(4)).map { _ in parts[below(parts.count)] }.joined()
  }

  mutating func number() -> Double {
    let special: [Double] = [0, -0.0, 0.1, .nan, .infinity, -1e300]
    return flag() ? special[below(special.count)] : Double(below(1_000_000)) / 997
  }

  mutating func value(depth: Int = 0) -> Value {
    switch below(depth < 3 ? 7 : 5) {
    case 0: return .null
    case 1: return .bool(flag())
    case 2: return .int(flag() ? below(100) - 50 : [.min, .max, 1 << 40][below(3)])
    case 3: return .double(number())
    case 4: return .string(text())
    case 5: return .list((0..<below(4)).map { _ in value(depth: depth + 1) })
    default:
      var values: [String: Value] = [:]
      for _ in 0..<below(4) { values[text()] = value(depth: depth + 1) }
      return .dictionary(values)
    }
  }

  mutating func alias() -> AnyAlias {
    switch below(4) {
    case 0: return AnyAlias(text(), value())
    case 1: return AnyAlias(Alias("model \(text())", Model()))
    case 2: return AnyAlias(Alias<Double>(0.5))
    default: return AnyAlias(value())
    }
  }

  mutating func experiment(_ ordinal: Int) -> PlannedExperiment {
    var config = Config()
    for index in 0..<below(5) {
      let name =
        flag() ? ParameterName("p\(index)") : ParameterName(Alias("s\(index)", "p\(index)"))
      config.set(name, to: alias())
    }
    let repetition = below(3)
    return PlannedExperiment(
      ordinal: ordinal,
      id: "0\(ordinal)_key\(ordinal)",
      key: "key\(ordinal)",
      config: config,
      repetition: repetition,
      updates: 0,
      occurrence: below(2),
      task: ordinal / 2,
      branch: ordinal % 2,
      device: flag() ? AnyAlias(Value.string("cuda:1")) : nil
    )
  }

  mutating func failure() -> Failure {
    let death = Death(
      Death.Cause.allCases[below(6)],
      code: flag() ? below(256) : nil,
      signal: flag() ? below(32) : nil,
      stderr: text()
    )
    return Failure(
      unit: text(),
      iteration: below(100),
      kind: text(),
      message: text(),
      place: flag() ? SourceLocation(file: text(), line: below(1000)) : nil,
      death: flag() ? death : nil
    )
  }

  mutating func checkpoint() -> Checkpoint {
    let parts = (0..<below(3)).map { index in
      Checkpoint.Part("part \(index)", (0..<below(50)).map { _ in UInt8(below(256)) })
    }
    return Checkpoint(iteration: below(10), definition: text(), parts: parts)
  }

  mutating func update(_ produced: Int) -> UpdateRecord {
    UpdateRecord(
      produced: produced,
      number: below(3),
      when: text(),
      premise: text(),
      outcome: flag() ? .kept : .replaced(.string(text())),
      build: flag() ? text() : nil,
      at: Double(below(1000))
    )
  }

  mutating func timing() -> UnitTiming {
    UnitTiming(
      unit: text(),
      iteration: below(10),
      total: Double(below(100)) / 7,
      call: Double(below(100)) / 7,
      evaluation: flag() ? 0.25 : nil,
      cpu: flag() ? 0.5 : nil,
      memory: flag() ? below(1 << 40) : nil
    )
  }

  /// The records of an experiment; one in four does not come to an end.
  mutating func attempt(_ experiment: PlannedExperiment) -> [RunRecord] {
    let start = ExperimentStart(
      at: Double(below(1000)) + 0.25,
      worker: below(8),
      device: flag() ? text() : nil,
      attempt: 1 + below(3),
      build: flag() ? text() : nil
    )
    var records: [RunRecord] = [.started(experiment, start)]
    for iteration in 0..<below(3) {
      let values = (0..<below(4)).map { index in
        SavedValue(name: "v\(index)", iteration: iteration, value: value())
      }
      records.append(.saved(experiment: experiment.key, values))
    }
    if flag() { records.append(.checkpoint(experiment: experiment.key, checkpoint())) }
    if flag() { records.append(.failed(experiment: experiment.key, failure())) }
    if flag() {
      records.append(.profiled(experiment: experiment.key, (0..<below(3)).map { _ in timing() }))
    }
    if flag() { records.append(.output(experiment: experiment.key, .stdout, text())) }
    if flag() { records.append(.output(experiment: experiment.key, .stderr, text())) }
    if below(4) > 0 {
      let ending = Ending.allCases[below(4)]
      records.append(
        .ended(
          experiment: experiment.key,
          ending,
          iterations: below(5),
          at: Double(below(1000)) + 1000
        )
      )
    }
    return records
  }

  /// The records of a run of some experiments, each of which may be tried twice.
  mutating func run(_ count: Int) -> [RunRecord] {
    var records: [RunRecord] = [
      .note("seed", value()), .variables(["v2", "v0"]),
      .provenance(ProvenanceItem(run: 1, topic: text(), item: text(), text: text())),
    ]
    for ordinal in 0..<count {
      let experiment = experiment(ordinal)
      records += attempt(experiment)
      if below(4) == 0 { records += attempt(experiment) }
      if flag() { records.append(.skipped(experiment)) }
      if flag() { records.append(.updated(update(ordinal + 1))) }
    }
    return records
  }
}

/// A text that tells whether two records are the same in every part.
func wholeText(_ record: RunRecord) -> String {
  switch record {
  case .note(let key, let value): "note \(key) \(value.canonicalText)"
  case .started(let experiment, let start): "started \(wholeText(experiment)) \(start)"
  case .skipped(let experiment): "skipped \(wholeText(experiment))"
  case .saved(let key, let values):
    "saved \(key) "
      + values.map { "\($0.name) \($0.iteration) \($0.value.kind) \($0.value.canonicalText)" }
      .joined(separator: "|")
  default: "\(record)"
  }
}

func wholeText(_ experiment: PlannedExperiment) -> String {
  let entries = experiment.config.entries.map { entry in
    "\(entry.name.key) \(entry.name.alias) \(entry.value.name) \(entry.value.isNamed)"
      + " \(entry.value.plain?.canonicalText ?? "none")"
  }
  return """
    \(experiment.ordinal) \(experiment.id) \(experiment.key) \(experiment.repetition) \
    \(experiment.updates) \(experiment.task) \(experiment.branch) \(entries)
    """
}
