import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Wherever the write-ahead log of a run ends, running again gives the table of an undisturbed run.
final class CutLogResumeTests: RuntimeTestCase {
  private var research: Research {
    Research("cut", iterations: 2, seed: 5, parallel: .serial) {
      Domain("x" <- 1...5)
      Unit("u", saving: "u") { run in
        let x: Int = try run["x"]
        guard x != 4 else { throw TestError("four") }
        return Double(x) + run.random.uniform()
      }
    }
  }

  private var folder: ResearchFolder { ResearchFolder(directory: directory, name: "cut") }

  func testResumingFromALogThatEndsAnywhere() async throws {
    let list = RecordList(try DatabaseStore.inMemory())
    let undisturbed = everything(try await research.run(store: list))
    let store = try DatabaseStore.open(folder)
    // Each record by itself, so that there are many states between.
    for record in list.records { try store.write([record]) }
    let path = folder.databasePath
    let database = try Data(contentsOf: URL(fileURLWithPath: path))
    let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    try store.close()
    let (header, frame) = (32, 24 + 4096)
    let frames = (log.count - header) / frame
    XCTAssertGreaterThan(frames, 30)
    var skipped = Set<Int>()
    for number in 0...frames {
      // At a boundary, and somewhere within the next page.
      for length in [header + number * frame, header + number * frame + 7 * number % frame] {
        try? FileManager.default.removeItem(atPath: path + "-shm")
        try database.write(to: URL(fileURLWithPath: path))
        try log.prefix(length).write(to: URL(fileURLWithPath: path + "-wal"))
        let store = try DatabaseStore.open(folder)
        let done = try store.states().values.count { $0 == .done }
        let summary = try await ResearchRunner(research, store: store).run()
        XCTAssertEqual(summary.skipped, done, "what is done is not run again; \(length) bytes")
        XCTAssertEqual(summary.done, 4 - done, "\(length) bytes")
        XCTAssertEqual(summary.failed, 1, "\(length) bytes")
        XCTAssertEqual(everything(try store.contents()), undisturbed, "\(length) bytes")
        try store.close()
        skipped.insert(done)
      }
    }
    XCTAssertEqual(skipped, [0, 1, 2, 3, 4], "every state comes up")
  }

  func testAStoreThatIsDeletedEndsTheRun() async throws {
    let folder = folder
    let research = Research("cut", parallel: .serial) {
      Domain("x" <- 1...200)
      Unit("u", saving: "u") { run in
        let x: Int = try run["x"]
        if x == 3 { try FileManager.default.removeItem(atPath: folder.path) }
        return x
      }
    }
    let store = try DatabaseStore.open(folder)
    await assertThrows(.store, "deleted or replaced", "run again") {
      try await ResearchRunner(research, store: store).run()
    }
    try store.close()
    let again = try DatabaseStore.open(folder)
    XCTAssertTrue(try again.states().isEmpty, "nothing of it is there")
    try again.close()
  }
}

/// Keeps the records that go to a store.
private final class RecordList: ResultStore {
  private let store: DatabaseStore
  private let kept = Shared<[RunRecord]>([])

  init(_ store: DatabaseStore) { self.store = store }

  var records: [RunRecord] { kept.value }

  func write(_ records: [RunRecord]) throws {
    kept.change { $0 += records }
    try store.write(records)
  }

  func states() throws -> [String: ExperimentState] { try store.states() }
  func notes() throws -> [String: Value] { try store.notes() }
  func contents() throws -> ResearchResults { try store.contents() }
  func directory(of experiment: String) throws -> String { try store.directory(of: experiment) }
}
