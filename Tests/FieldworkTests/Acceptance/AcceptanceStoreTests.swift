import Fieldwork
import Foundation
import GRDB
import XCTest

/// Rows 187 to 191: the store, and what is left when something goes wrong.
final class AcceptanceStoreTests: AcceptanceRunCase {
  // MARK: Layout

  func testRow187_filesAndTables() async throws {
    try await runInFolder(
      Research("stored", seed: 1, logLevel: .notice) {
        Domain("x" <- [3])
        Unit("f", saving: "y") { run in
          let path = try run.directory() + "/weights.txt"
          try "1 2 3".write(toFile: path, atomically: true, encoding: .utf8)
          return try run["x", as: Double.self] * 1.5
        }
      }
    )
    let folder = folder("stored")
    let id = try XCTUnwrap(ResearchResults.load(folder.path).experiments.first?.id)
    XCTAssertEqual(
      FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }.sorted(),
      [
        "experiments", "experiments/\(id)", "experiments/\(id)/weights.txt", "research.lock",
        "research.log", "research.sqlite",
      ]
    )
    // By any tool that reads SQLite.
    let database = try DatabaseQueue(path: folder.databasePath)
    let row = try database.read { database in
      try Row.fetchOne(
        database,
        sql: "SELECT config ->> 'x' AS x, content FROM result WHERE name = 'y'"
      )
    }
    XCTAssertEqual(row?["x"], 3)
    XCTAssertEqual(row?["content"], 4.5)
  }

  func testRow187_whatIsStoredIsNeverRun() async throws {
    let marker = directory.path + "/marker"
    let texts = [
      "$(touch \(marker))", "`touch \(marker)`", "'; DROP TABLE value; --", "{\"a\": 1}",
      "#!/bin/sh\ntouch \(marker)", "\u{0}\u{1}", "=cmd|'/c touch'!A0",
    ]
    try await runInFolder(
      Research("texts", seed: 1) {
        Domain("x" <- texts)
        Unit("f", saving: "y") { run in try run["x", as: String.self] }
      }
    )
    let results = try ResearchResults.load(folder("texts").path)
    XCTAssertEqual(results.lastValues(of: "y"), texts.map { .string($0) })
    XCTAssertEqual(results.experiments.map { try? $0.config["x", as: String.self] }, texts)
    XCTAssertEqual(try runPlaybook("results", "--name", "texts").status, 0)
    XCTAssertFalse(exists(marker))
  }

  func testRow187_aGroupIsWrittenWhollyOrNotAtAll() async throws {
    let store = try DatabaseStore.open(folder("atomic"))
    defer { try? store.close() }
    let research = Research("atomic", seed: 1) {
      Domain("x" <- [1])
      Unit("f") { _ in 1 }
    }
    var plan = try ExperimentPlan(research, seed: 1)
    let experiment = try XCTUnwrap(plan.next())
    try store.write([.note("before", 1)])
    let values = [SavedValue(name: "y", iteration: 0, value: 1)]
    XCTAssertThrowsError(
      try store.write([
        .note("after", 1), .started(experiment, ExperimentStart(at: 0, worker: 0, device: nil)),
        .saved(experiment: "no such experiment", values),
      ])
    )
    XCTAssertEqual(try store.notes(), ["before": 1])
    XCTAssertEqual(try store.states(), [:])
  }

  // MARK: Crashes

  /// A store in a folder that tells of the iterations whose values have been written.
  private final class Telling: ResultStore {
    let iterations: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation
    private let store: DatabaseStore

    init(_ store: DatabaseStore) {
      self.store = store
      (iterations, continuation) = AsyncStream.makeStream()
    }

    func write(_ records: [RunRecord]) throws {
      try store.write(records)
      for case .saved(_, let values) in records {
        for value in values { continuation.yield(value.iteration) }
      }
    }

    func waitFor(_ iteration: Int) async {
      for await written in iterations where written == iteration { return }
    }

    func contents() throws -> ResearchResults { try store.contents() }
    func states() throws -> [String: ExperimentState] { try store.states() }
    func notes() throws -> [String: Value] { try store.notes() }
    var folder: ResearchFolder? { store.folder }
    func directory(of experiment: String) throws -> String {
      try store.directory(of: experiment)
    }
  }

  private func crashing(_ gate: Gate, _ ran: Journal<Int> = Journal()) -> Research {
    Research("crashing", iterations: 6, seed: 1, workers: 1) {
      Unit("f", saving: "y") { run in
        ran.add(run.iteration)
        if run.iteration == 5 { try gate.wait() }
        return run.random.uniform()
      }
      Dump(when: .every(2))
    }
  }

  /// What stands on the disk while an experiment runs is what a process leaves that is killed then.
  func testRow188_onlyWhatWasNotHandedOnIsLost() async throws {
    let (gate, second) = (Gate(), folder("left"))
    let database = try DatabaseStore.open(folder("crashing"))
    defer { try? database.close() }
    let store = Telling(database)
    let run = try crashing(gate).start(store: store)
    // The sixth iteration waits; the fifth has saved a value that was not handed on.
    await store.waitFor(3)
    try FileManager.default.createDirectory(
      atPath: second.path,
      withIntermediateDirectories: true
    )
    for name in ["research.sqlite", "research.sqlite-wal"] {
      try FileManager.default.copyItem(
        atPath: "\(folder("crashing").path)/\(name)",
        toPath: "\(second.path)/\(name)"
      )
    }
    gate.open()
    _ = try await run.summary()
    let whole = try run.results
    XCTAssertEqual(whole.experiments.map(\.state), [.done])
    let left = try ResearchResults.load(second.path)
    XCTAssertEqual(left.experiments.map(\.state), [.running])
    XCTAssertEqual(saved("y", left).map { $0.keys.sorted() }, [[0, 1, 2, 3]])
    for (iteration, value) in saved("y", left)[0] {
      XCTAssertEqual(value, saved("y", whole)[0][iteration])
    }
    // And it can be gone on with.
    let again = try DatabaseStore.open(second)
    defer { try? again.close() }
    let rest = try await ResearchRunner(crashing(gate), store: again).run()
    XCTAssertEqual(rest.done, 1)
    XCTAssertEqual(everything(try again.contents()), everything(whole))
  }

  func testRow189_anInterruptedResearchGoesOn() async throws {
    let (gate, stream, ran) = (Gate(), EventStream(), Journal<Int>())
    func research(_ gate: Gate?) -> Research {
      Research("resumed", iterations: 2, seed: 1, workers: 1) {
        Domain("x" <- 1...4)
        Unit("f", saving: "y") { run in
          let x: Int = try run["x"]
          if run.iteration == 0 { ran.add(x) }
          if x == 3 && run.iteration == 0 { try gate?.wait() }
          return run.random.uniform()
        }
      }
    }
    let undisturbed = try await research(nil).run()
    let store = try DatabaseStore.open(folder("resumed"))
    defer { try? store.close() }
    let run = try research(gate).start(store: store, observers: [stream])
    await stream.waitForAnEnd()
    await stream.waitForAnEnd()
    await gate.arrived()
    run.terminate()
    gate.open()
    let interrupted = try await run.summary()
    XCTAssertEqual([interrupted.done, interrupted.interrupted], [2, 1])
    let before = ran.entries.count
    let rest = try await ResearchRunner(research(nil), store: store).run()
    XCTAssertEqual([rest.skipped, rest.done], [2, 2])
    XCTAssertEqual(Array(ran.entries.dropFirst(before)), [3, 4], "the unfinished ones alone")
    XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
  }

  // MARK: Failures

  func testRow190_failuresAreListedAndKept() async throws {
    let line = #line + 5
    try await runInFolder(
      Research("failing", iterations: 3, seed: 1, workers: 1) {
        Domain("x" <- [1, 2])
        Unit("good", saving: "y") { run in run.iteration }
        Unit("bad") { run in
          if try run["x"] == 2 && run.iteration == 1 { throw Mishap("x is 2") }
        }
      }
    )
    let results = try ResearchResults.load(folder("failing").path)
    XCTAssertEqual(results.failures.count, 1)
    let (experiment, failure) = try XCTUnwrap(results.failures.first)
    XCTAssertEqual(experiment.id, results.experiments[1].id)
    XCTAssertEqual(experiment.worker, 0)
    XCTAssertEqual(failure.unit, "bad")
    XCTAssertEqual(failure.iteration, 1)
    XCTAssertEqual(failure.message, "x is 2")
    XCTAssertEqual(failure.kind, "Mishap")
    XCTAssertEqual(
      failure.place,
      SourceLocation(file: "FieldworkTests/AcceptanceStoreTests.swift", line: line)
    )
    let table = try runPlaybook("results", "--name", "failing", "--failures", "--format", "csv")
    XCTAssertEqual(
      table.output.split(separator: "\n").map(String.init),
      [
        "id,x,iteration,unit,kind,message,place",
        "\(experiment.id),2,1,bad,Mishap,x is 2,\(failure.place?.description ?? "")",
      ]
    )
  }

  /// Of a worker that is a process more is to be shown; in one process a failure is what can happen.
  func testRow191_nothingIsAskedAndTheOthersGoOn() throws {
    let run = try runPlaybook("--workers", "2", research: "throwing")
    XCTAssertEqual(run.status, 1, "it comes back, without an answer from the standard input")
    XCTAssertTrue(run.output.contains("throwing: 2 experiments done, 2 failed in"), run.output)
    let states = try ResearchResults.load(folder("throwing").path).experiments.map(\.state)
    XCTAssertEqual(states, [.done, .failed, .done, .failed])
  }
}
