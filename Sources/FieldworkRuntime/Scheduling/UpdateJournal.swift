import FieldworkCore
import FieldworkStore

/// The updates of the domain: those that an earlier run has made are not made again.
///
/// What was recorded counts as long as it rests on the same: the same rule, applied to the same domain after
/// the same experiments. Whether those have been run again since then, with other results, is of no account:
/// the experiments that followed are what they are.
final class UpdateJournal: Sendable {
  private struct State {
    /// A text that identifies the present domain.
    var domain: String
    /// The same as earlier versions made it.
    var legacy: String
    /// What the last update gave, until the run goes on with it.
    var pending: UpdateRecord?
    var hasWarned = false
  }

  /// How many configs are listed where a domain cannot be kept as an expression.
  private static let configLimit = 10_000

  private let research: Research
  private let values: KnownValues
  private let distributions: [AnyDistribution]
  /// By the number of experiments before them.
  private let records: [Int: UpdateRecord]
  private let recorder: Recorder
  private let warn: @Sendable (String) -> Void
  private let build: String?
  private let state: Protected<State>

  /// - Parameters:
  ///   - source: the source of the decisions.
  ///   - build: the identity of the program that runs.
  ///   - warn: takes warnings.
  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be read.
  init(
    _ research: Research,
    _ source: any ExperimentSource,
    _ store: any ResultStore,
    _ recorder: Recorder,
    build: String? = BuildIdentity.current,
    warn: @escaping @Sendable (String) -> Void
  ) throws {
    self.research = research
    self.recorder = recorder
    self.warn = warn
    self.build = build
    values = KnownValues(research)
    distributions = research.domain?.distributions ?? []
    let found = source.decides ? try store.updates() : []
    records = Dictionary(found.map { ($0.produced, $0) }, uniquingKeysWith: { $1 })
    state = Protected(
      State(domain: Self.identity(research.domain), legacy: research.domain?.description ?? "")
    )
  }

  /// What an update gives: what it gave before, if that is recorded and still applies.
  ///
  /// The updates of a run have to come one after another.
  /// - Parameter make: makes the update. What it gives is recorded by ``settle()``.
  /// - Throws: what `make` throws.
  func outcome(
    of request: Decision,
    make: () async throws -> Domain?
  ) async throws -> Domain? {
    let premise = premise(request)
    if let record = records[request.produced],
      record.premise == premise
        || request.accepts == nil && record.premise == legacyPremise(request),
      let recorded = recorded(record, request)
    {
      continueWith(recorded.domain, record.outcome, isOfConfig: request.accepts != nil)
      return recorded.domain
    }
    let (outcome, domain) = kept(try await make())
    let record = UpdateRecord(
      produced: request.produced,
      number: request.number,
      when: "\(request.when)",
      premise: premise,
      outcome: outcome,
      build: build,
      at: TaskHost.now()
    )
    state.withLock { $0.pending = record }
    continueWith(domain, outcome, isOfConfig: request.accepts != nil)
    return domain
  }

  /// Records what the last update gave, if it was made. Nothing that comes of it may be recorded before.
  func settle() async {
    let record = state.withLock { state in
      defer { state.pending = nil }
      return state.pending
    }
    if let record { await recorder.record([.updated(record)]) }
  }

  /// The hash of what the update rests on, 32 digits. The order of the experiments is part of it, and with each domain
  /// all that came before.
  private func premise(_ request: Decision) -> String {
    if request.accepts != nil {
      return "\(Research.searchPremise)\(request.number) \(request.arguments?.canonicalText ?? "")"
    }
    let domain = state.withLock { $0.domain }
    let parts: [Value] = [
      request.when.encoding, .int(request.number), .string(String(request.history)),
      .string(domain),
    ]
    let encoding = Value.list(parts + [request.arguments].compactMap(\.self))
    return SHA256.hexDigest(of: encoding.canonicalText, length: 32)
  }

  private func legacyPremise(_ request: Decision) -> String {
    LegacyDefinition.premise(request, domain: state.withLock { $0.legacy })
  }

  /// - Parameter isOfConfig: true for the outcome of a decision about one config.
  private func continueWith(
    _ domain: Domain?,
    _ outcome: UpdateRecord.Outcome,
    isOfConfig: Bool
  ) {
    guard let domain, !isOfConfig else { return }
    state.withLock { state in
      if case .replaced(let record) = outcome {
        state.domain = record.canonicalText
        state.legacy = record.canonicalText
      } else {
        state.domain = Self.identity(domain)
        state.legacy = domain.description
      }
    }
  }

  private static func identity(_ domain: Domain?) -> String {
    domain?.encoding.canonicalText ?? ""
  }

  // MARK: Replaying

  /// What a recorded update resulted in.
  private struct Replayed {
    let domain: Domain?
  }

  /// - Returns: nil if the update has to be made again.
  private func recorded(
    _ record: UpdateRecord,
    _ request: Decision
  ) -> Replayed? {
    if let accepts = request.accepts {
      guard case .replaced(let value) = record.outcome, let made = try? restored(value),
        (try? accepts(made)) == true
      else { return nil }
      return Replayed(domain: made)
    }
    var domain: Domain?
    switch record.outcome {
    case .kept: break
    case .unrecorded:
      warn(
        "the domain update after \(record.produced) configs is made again: what it gave could not be recorded, since it has a condition or a sampler that is a function"
      )
      return nil
    case .replaced(let value):
      // A changed playbook may not have the values any more, or have no use for the domain.
      guard let made = try? restored(value), isSound(made, request) else { return nil }
      domain = made
    }
    if record.build != build {
      // A changed rule may go on where the research had ended: nothing rests on that yet.
      if domain.map({ (try? $0.counted()) == 0 }) ?? request.isAtEnd { return nil }
      warnOfOtherBuild()
    }
    return Replayed(domain: domain)
  }

  private func restored(_ value: Value) throws -> Domain {
    try Domain(recorded: value, distributions: distributions) { [values] in
      try values.value(of: $0, named: $1)
    }
  }

  private func isSound(_ domain: Domain, _ request: Decision) -> Bool {
    var updated = research.replacing(domain: domain)
    updated.settings.configs = request.configs
    guard domain.isEndless || (try? domain.counted()) != 0 else { return true }
    return (try? updated.requireSound()) != nil
  }

  private func warnOfOtherBuild() {
    let isFirst = state.withLock { state in
      defer { state.hasWarned = true }
      return !state.hasWarned
    }
    guard isFirst else { return }
    warn(
      "the playbook was built again since the domain was updated: the recorded updates are used; start over with --fresh to compute them again"
    )
  }

  // MARK: Recording

  /// What is recorded of a new domain, and the domain as it goes on from here: as later runs will have it.
  private func kept(_ made: Domain?) -> (UpdateRecord.Outcome, Domain?) {
    guard let made else { return (.kept, nil) }
    guard let value = try? made.recorded(limit: Self.configLimit),
      // The way through the text, as it will be read.
      let read = try? Value(parsing: value.canonicalText), let again = try? restored(read)
    else { return (.unrecorded, made) }
    return (.replaced(value), again)
  }
}
