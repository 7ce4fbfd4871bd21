import FieldworkCore
import FieldworkStore

/// The updates of the domain: those that an earlier run has made are not made again.
///
/// What was recorded counts as long as it rests on the same: the same rule, applied to the same domain after
/// the same experiments. Whether those have been run again since then, with other results, is of no account:
/// the experiments that followed are what they are.
final class UpdateLedger: Sendable {
  private struct State {
    /// What tells the present domain from others.
    var domain: String
    /// What the last update gave, until the run goes on with it.
    var pending: UpdateRecord?
    var hasWarned = false
  }

  /// How many configs are listed where a domain cannot be kept as an expression.
  private static let configLimit = 10_000

  private let research: Research
  private let values: KnownValues
  /// By the number of experiments before them.
  private let records: [Int: UpdateRecord]
  private let recorder: Recorder
  private let warn: @Sendable (String) -> Void
  private let build: String?
  private let state: Protected<State>

  /// - Parameters:
  ///   - build: what identifies the program that runs.
  ///   - warn: is told what may not be as expected.
  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be read.
  init(
    _ research: Research,
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
    let found = research.updates.isEmpty ? [] : try store.updates()
    records = Dictionary(found.map { ($0.produced, $0) }, uniquingKeysWith: { $1 })
    state = Protected(State(domain: research.domain?.description ?? ""))
  }

  /// What an update gives: what it gave before, if that is recorded and still applies.
  ///
  /// The updates of a run have to come one after another.
  /// - Parameter make: makes the update. What it gives is recorded by ``settle()``.
  /// - Throws: what `make` throws.
  func outcome(
    of rule: DomainUpdate,
    _ request: TaskQueue.UpdateRequest,
    make: () async throws -> Domain?
  ) async throws -> Domain? {
    let premise = premise(rule, request)
    if let record = records[request.produced], record.premise == premise,
      let recorded = recorded(record, rule, request)
    {
      follow(recorded.domain, as: recorded.identity)
      return recorded.domain
    }
    let (outcome, domain) = kept(try await make())
    let record = UpdateRecord(
      produced: request.produced,
      number: request.updates,
      when: "\(rule.when)",
      premise: premise,
      outcome: outcome,
      build: build,
      at: TaskHost.now()
    )
    state.withLock { $0.pending = record }
    follow(domain, as: identity(outcome, domain))
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

  /// What the update rests on, as a text of 32 digits. The order of the experiments is part of it, and with
  /// each domain all that came before.
  private func premise(_ rule: DomainUpdate, _ request: TaskQueue.UpdateRequest) -> String {
    let domain = state.withLock { $0.domain }
    return SHA256.hexDigest(
      of: "\(rule.when)|\(request.updates)|\(request.history)|\(domain)",
      length: 32
    )
  }

  private func follow(_ domain: Domain?, as identity: String) {
    if domain != nil { state.withLock { $0.domain = identity } }
  }

  private func identity(_ outcome: UpdateRecord.Outcome, _ domain: Domain?) -> String {
    if case .replaced(let record) = outcome { return record.canonicalText }
    return domain?.description ?? ""
  }

  // MARK: Replaying

  /// - Returns: nil if the update has to be made again.
  private func recorded(
    _ record: UpdateRecord,
    _ rule: DomainUpdate,
    _ request: TaskQueue.UpdateRequest
  ) -> (domain: Domain?, identity: String)? {
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
      guard let made = try? restored(value), isSound(made, rule) else { return nil }
      domain = made
    }
    if record.build != build {
      // A changed rule may go on where the research had ended: nothing rests on that yet.
      if domain.map({ (try? $0.counted()) == 0 }) ?? request.isAtEnd { return nil }
      warnOfOtherBuild()
    }
    return (domain, identity(record.outcome, domain))
  }

  private func restored(_ value: Value) throws -> Domain {
    try Domain(recorded: value) { [values] in try values.value(of: $0, named: $1) }
  }

  private func isSound(_ domain: Domain, _ rule: DomainUpdate) -> Bool {
    var updated = research.replacing(domain: domain)
    updated.settings.configs = rule.configs
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
      "the playbook was built anew since the domain was updated; the recorded updates stand, start over with --fresh to have them made again"
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
