import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

final class SchedulerTests: XCTestCase {
  private struct Delegate: SchedulerDelegate {
    let isStopping: @Sendable () -> Bool
    let replacement: @Sendable () -> Domain?

    var shouldStop: Bool { isStopping() }
    func skip(_ experiment: PlannedExperiment) {}
    func update(_ decision: Decision, keys: ArraySlice<String>) async throws -> Domain? {
      replacement()
    }
    func domainUpdated(_ number: Int, _ domain: Domain, _ experiments: Int?) {}
    func reclaimTasks(for worker: Int) {}
  }

  /// A scheduler of tasks that belong to two workers.
  private func queue(
    _ research: Research,
    shouldStop: @escaping @Sendable () -> Bool = { false },
    update: @escaping @Sendable () -> Domain? = { nil }
  ) throws -> Scheduler {
    try scheduler(
      ExperimentPlan(research, seed: 1),
      research,
      .inMemory(),
      affinity: 2,
      Delegate(isStopping: shouldStop, replacement: update)
    )
  }

  private func scheduler(
    _ source: any ExperimentSource,
    _ research: Research,
    _ store: DatabaseStore,
    affinity: Int?,
    _ delegate: Delegate
  ) throws -> Scheduler {
    Scheduler(
      source,
      research,
      resume: try ResumePlan(research, store),
      selection: nil,
      prefetches: false,
      affinity: affinity,
      results: HistoryReader([], store, stored: [:], includesLater: false),
      journal: try UpdateJournal(
        research,
        source,
        store,
        Recorder(store) {}
      ) { _ in },
      delegate: delegate
    )
  }

  private func research(_ count: Int, updates: Bool = false) -> Research {
    Research("test", seed: 1, workers: [["w": 0], ["w": 1]]) {
      Domain("x" <- 0..<count)
      if updates { UpdateDomain(when: .last) { _ in nil } }
      Unit("one", saving: "one") { _ in 1 }
    }
  }

  /// A worker has drawn as much for another one as it may, and waits; then the run is stopped, and the
  /// other one takes nothing any more.
  func testAWorkerThatWaitsForRoomEndsWithTheOthers() async throws {
    let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    let taken = Shared(0)
    let isStopping = Shared(false)
    let looks = Shared(0)
    let queue = try queue(
      research(1000),
      shouldStop: {
        // With the first look it draws the last one for the other worker, with the second one it waits.
        guard taken.value == 64,
          looks.change({
            $0 += 1; return $0
          }) == 2
        else {
          return isStopping.value
        }
        arrival.yield()
        return false
      }
    )
    let ended = expectation(description: "ended")
    Task {
      while let task = await queue.next(for: 0) {
        taken.change { $0 += 1 }
        queue.tasksEnded([task.number])
      }
      ended.fulfill()
    }
    for await _ in arrivals { break }
    isStopping.change { $0 = true }
    let task = await queue.next(for: 1)
    XCTAssertNil(task)
    await fulfillment(of: [ended], timeout: 60)
    XCTAssertEqual(taken.value, 64)
  }

  /// A domain that was made without the results of tasks that nobody could run would depend on who had
  /// devices when.
  func testAnUpdateDoesNotPassOverTasksThatWereGivenUp() async throws {
    let updates = Shared(0)
    let queue = try queue(
      research(4, updates: true),
      update: {
        updates.change { $0 += 1 }
        return nil
      }
    )
    let first = await queue.next(for: 0)
    let second = await queue.next(for: 1)
    queue.leave(1, givingBack: [try XCTUnwrap(second)])
    queue.tasksEnded([0])
    let third = await queue.next(for: 0)
    queue.tasksEnded([2])
    XCTAssertEqual([first?.number, second?.number, third?.number], [0, 1, 2])
    let end = await queue.next(for: 0)
    XCTAssertNil(end)
    XCTAssertEqual(updates.value, 0)
    XCTAssertTrue(queue.hasMore)
  }

  // MARK: Holding a step until a prefix has ended

  /// A source of listed tasks, each of which needs so many experiments before it.
  private struct Waiting: ExperimentSource {
    var plan: ExperimentPlan
    let window: Int
    private var held: PlannedTask?
    var produced: Int { held?.experiments[0].ordinal ?? plan.produced }
    var size: Int? { plan.size }
    let isOpen = false
    let decides = false

    init(_ research: Research, window: Int) throws {
      plan = try ExperimentPlan(research, seed: 1)
      self.window = window
    }

    mutating func next(_ history: RunHistory) throws -> SourceStep {
      let task = try held ?? plan.nextTask()
      guard let task else { return .end }
      let needed = max(0, task.experiments[0].ordinal - (window - 1))
      held = task
      guard history.ended >= needed else { return .needs(ended: needed) }
      held = nil
      return .task(task)
    }

    mutating func nextTask() throws -> PlannedTask? {
      defer { held = nil }
      return try held ?? plan.nextTask()
    }

    mutating func resolve(_ decision: Decision, with domain: Domain?) throws {}
  }

  private func waiting(_ research: Research, window: Int, _ store: DatabaseStore) throws
    -> Scheduler
  {
    try scheduler(
      Waiting(research, window: window),
      research,
      store,
      affinity: nil,
      Delegate(isStopping: { false }, replacement: { nil })
    )
  }

  /// A stored experiment whose task waits for others has not come up, but is part of the plan.
  func testAStoredExperimentOfAHeldTaskIsPlanned() async throws {
    func research(_ values: [Int]) -> Research {
      Research("test", seed: 1) {
        Domain("x" <- values)
        Unit("one", saving: "one") { _ in 1 }
      }
    }
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research([1, 9]), store: store).run()
    let scheduler = try waiting(research(Array(0..<3)), window: 1, store)
    let first = await scheduler.next(for: 0)
    XCTAssertEqual(first?.number, 0)
    let held = Task { await scheduler.next(for: 1) }
    try await Task.sleep(for: .milliseconds(20))
    let other = try XCTUnwrap(store.contents().experiments.last)
    XCTAssertEqual(try other.config["x", as: Int.self], 9)
    XCTAssertEqual(scheduler.unplanned(besides: []), [other.key])
    XCTAssertEqual(scheduler.left, 1)
    scheduler.tasksEnded([0])
    let last = await held.value
    XCTAssertEqual(last?.number, 2)
  }

  /// A long source, all of whose experiments are drawn quickly.
  private struct Long: ExperimentSource {
    let size: Int? = 600_000
    var produced = 0
    let isOpen = false
    let decides = false

    mutating func next(_ history: RunHistory) throws -> SourceStep {
      try nextTask().map { .task($0) } ?? .end
    }

    mutating func resolve(_ decision: Decision, with domain: Domain?) throws {}

    mutating func nextTask() throws -> PlannedTask? {
      guard produced < size ?? 0 else { return nil }
      let experiment = PlannedExperiment(
        identity: ExperimentIdentity(config: Config()),
        ordinal: produced,
        id: "\(produced)",
        key: "\(produced)",
        task: produced,
        branch: 0
      )
      produced += 1
      return PlannedTask(experiments: [experiment], leader: experiment)
    }
  }

  /// What a run has drawn is searched whatever the size.
  func testTheSearchForKeysGoesAsFarAsTheRun() throws {
    let source = Long()
    let wanted: Set = ["5", "no such key"]
    XCTAssertEqual(try source.keys(among: wanted), wanted, "the search ends early")
    XCTAssertEqual(try source.keys(among: wanted, besides: 600_000), ["5"])
  }

  /// With a window of w, task k is given out when the first k - w + 1 have ended, and not before.
  func testAStepWaitsUntilThePrefixHasEnded() async throws {
    let research = Research("test", seed: 1) {
      Domain("x" <- 0..<6)
      Unit("one", saving: "one") { _ in 1 }
    }
    let scheduler = try waiting(research, window: 3, .inMemory())
    var numbers: [Int?] = []
    for worker in 0..<3 { numbers.append(await scheduler.next(for: worker)?.number) }
    XCTAssertEqual(numbers, [0, 1, 2])
    let fourth = Shared<Int?>(nil)
    let got = expectation(description: "the fourth task")
    Task {
      let task = await scheduler.next(for: 3)
      fourth.change { $0 = task?.number }
      got.fulfill()
    }
    // The ends of later experiments do not help.
    scheduler.tasksEnded([1])
    scheduler.tasksEnded([2])
    try await Task.sleep(for: .milliseconds(50))
    XCTAssertNil(fourth.value)
    XCTAssertEqual(scheduler.left, 3)
    XCTAssertTrue(scheduler.hasMore)
    scheduler.tasksEnded([0])
    await fulfillment(of: [got], timeout: 60)
    XCTAssertEqual(fourth.value, 3)
    for number in 4..<6 {
      let task = await scheduler.next(for: 0)
      XCTAssertEqual(task?.number, number)
    }
    let end = await scheduler.next(for: 0)
    XCTAssertNil(end)
  }
}
