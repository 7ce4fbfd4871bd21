import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class DatabaseStoreTests: StoreTestCase {
  /// Writes all kinds of records, among them a second attempt at an experiment.
  private func fill(_ store: some ResultStore) throws {
    let first = experiment(0, ["a": 1])
    let second = experiment(1, ["a": 2])
    try store.write([
      .note("seed", "12"), .note("other", [1, nil]), .variables(["z", "b"]),
      .started(second, ExperimentStart(at: 1, worker: 1, device: nil)),
      .saved(experiment: "e1", [SavedValue(name: "stale", iteration: 7, value: 1)]),
      .failed(
        experiment: "e1",
        Failure(unit: "u", iteration: 7, kind: "K", message: "first", place: nil)
      ),
      .ended(experiment: "e1", .failed, iterations: 8, at: 2),
    ])
    try store.write(records(first, [(0, "b", 1), (0, "z", "t"), (1, "c", 2.5)], iterations: 2))
    try store.write([
      .started(second, ExperimentStart(at: 3, worker: 0, device: nil)),
      .failed(
        experiment: "e1",
        Failure(
          unit: "u",
          iteration: 1,
          kind: "K",
          message: "second",
          place: SourceLocation(file: "M/F.swift", line: 3)
        )
      ),
      .ended(experiment: "e1", .failed, iterations: 2, at: 4),
      .note("other", "later"),
    ])
  }

  private func check(
    _ results: ResearchResults,
    _ name: String,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    func equal<T: Equatable>(_ left: T, _ right: T) {
      XCTAssertEqual(left, right, name, file: file, line: line)
    }
    equal(results.experiments.map(\.id), ["e0", "e1"])
    equal(results.experiments.map(\.state), [.done, .failed])
    equal(results.experiments.map(\.ending), [.complete, .failed])
    equal(results.experiments.map(\.iterations), [2, 2])
    equal(results.experiments.map(\.worker), [0, 0])
    equal(results.experiments.map(\.duration), [2.5, 1])
    equal(
      results.experiments.map(\.config),
      [["a": 1], ["a": 2]]
    )
    equal(results.experiments[1].failures.map(\.message), ["second"])
    equal(results.experiments[1].failures.map(\.place?.description), ["M/F.swift:3"])
    equal(results.variables, ["z", "b", "c", "stale"])
    equal(results.notes, ["seed": "12", "other": "later"])
    equal(results.values(of: "stale", in: "e1").count, 0)
    equal(results.values(of: "c", in: "e0").map(\.value), [2.5])
    equal(results.values(of: "c", in: "e0").map(\.iteration), [1])
    equal(results.lastValues(of: "b"), [1, nil])
    equal(results.lastValues(of: "none"), [nil, nil])
  }

  func testMemoryAndFileHoldTheSame() throws {
    let memory = try DatabaseStore.inMemory()
    let file = try DatabaseStore.open(folder)
    for store in [memory, file] { try fill(store) }
    check(try memory.contents(), "memory")
    check(try file.contents(), "file")
    XCTAssertEqual(try memory.contents().table(), try file.contents().table())
    XCTAssertEqual(try memory.states(), ["e0": .done, "e1": .failed])
    XCTAssertEqual(try file.states(), ["e0": .done, "e1": .failed])
    XCTAssertEqual(try file.notes(), ["seed": "12", "other": "later"])
    try file.close()
  }

  func testANewReaderSeesEverythingAfterClosing() throws {
    let store = try DatabaseStore.open(folder)
    try fill(store)
    try store.close()
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder.databasePath + "-wal"))
    check(try DatabaseStore.openForReading(folder).contents(), "reader")
    let again = try DatabaseStore.open(folder)
    check(try again.contents(), "writer")
    try again.close()
  }

  func testReadingWhileAnotherWrites() throws {
    let writer = try DatabaseStore.open(folder)
    let reader = try DatabaseStore.openForReading(folder)
    for ordinal in 0..<5 {
      try writer.write(records(experiment(ordinal), [(0, "x", .int(ordinal))]))
      XCTAssertEqual(try reader.contents().experiments.count, ordinal + 1)
      XCTAssertEqual(try reader.contents().lastValues(of: "x").last, .int(ordinal))
    }
    XCTAssertThrowsError(try reader.write([.note("a", 1)]), "a reader does not write")
    try writer.close()
  }

  func testAJournalLeftBehindIsRead() throws {
    let store = try DatabaseStore.open(folder)
    try fill(store)
    let copy = ResearchFolder(directory: directory, name: "copy")
    try copy.make()
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.copyItem(
        atPath: folder.databasePath + suffix,
        toPath: copy.databasePath + suffix
      )
    }
    let size = try FileManager.default.attributesOfItem(atPath: copy.databasePath + "-wal")[.size]
    XCTAssertGreaterThan(try XCTUnwrap(size as? Int), 0, "the test needs a journal with pages")
    check(try DatabaseStore.openForReading(copy).contents(), "reader of a copy")
    let writer = try DatabaseStore.open(copy)
    check(try writer.contents(), "writer of a copy")
    try writer.close()
    try store.close()
  }

  func testRecordsAreWrittenAllOrNone() throws {
    let store = try DatabaseStore.inMemory()
    try store.write(records(experiment(0), [(0, "x", 1)]))
    assertError(.store, "unknown", "never started") {
      try store.write(
        records(self.experiment(1), [(0, "y", 1)])
          + [.saved(experiment: "unknown", [SavedValue(name: "x", iteration: 0, value: 2)])]
      )
    }
    XCTAssertEqual(try store.contents().experiments.map(\.id), ["e0"])
    XCTAssertEqual(try store.contents().variables, ["x"])
    // Numbers given in what was rolled back are not used again.
    try store.write(records(experiment(2), [(0, "y", 3), (0, "x", 4)]))
    XCTAssertEqual(try store.contents().lastValues(of: "y"), [nil, 3])
    XCTAssertEqual(try store.contents().lastValues(of: "x"), [1, 4])
  }

  func testFreshDeletesWhatIsThere() throws {
    let store = try DatabaseStore.open(folder)
    try fill(store)
    let artifact = try store.directory(of: "e0") + "/model.txt"
    try "weights".write(toFile: artifact, atomically: true, encoding: .utf8)
    try store.close()
    let kept = try DatabaseStore.open(folder)
    XCTAssertTrue(FileManager.default.fileExists(atPath: artifact))
    try kept.close()
    let fresh = try DatabaseStore.open(folder, fresh: true)
    XCTAssertTrue(try fresh.contents().experiments.isEmpty)
    XCTAssertTrue(try fresh.notes().isEmpty)
    XCTAssertFalse(FileManager.default.fileExists(atPath: artifact))
    try fresh.close()
  }

  func testFoldersOfExperiments() throws {
    let store = try DatabaseStore.open(folder)
    let path = try store.directory(of: "e0")
    XCTAssertEqual(path, folder.experimentPath("e0"))
    XCTAssertEqual(try store.directory(of: "e0"), path)
    var isFolder: ObjCBool = false
    XCTAssertTrue(FileManager.default.fileExists(atPath: path, isDirectory: &isFolder))
    XCTAssertTrue(isFolder.boolValue)
    try store.close()
    let memory = try DatabaseStore.inMemory()
    assertError(.store, "in memory") { try memory.directory(of: "e0") }
  }

  func testThereIsNothingToReadOrRemove() throws {
    assertError(.store, "no results", folder.path) {
      try DatabaseStore.openForReading(self.folder)
    }
    assertError(.store, "no results") { try self.folder.remove() }
  }

  func testRemove() throws {
    let store = try DatabaseStore.open(folder)
    assertError(.busy, "\(getpid())") { try self.folder.remove() }
    XCTAssertTrue(folder.hasStore)
    try store.close()
    try folder.remove()
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder.path))
  }

  func testTheSchemaCanBeQueriedWithPlainSQL() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(experiment(0, ["lr": 0.5, "name": "adam"]), [(3, "loss", 0.25)]))
    try store.close()
    let database = try DatabaseQueue(path: folder.databasePath)
    let row = try database.read { database in
      try Row.fetchOne(
        database,
        sql: "SELECT id, json_extract(config, '$.lr') AS lr, iteration, name, content FROM result"
      )
    }
    XCTAssertEqual(
      row,
      ["id": "e0", "lr": 0.5, "iteration": 3, "name": "loss", "content": 0.25]
    )
  }

  func testAStoreIsReadWhileItIsMade() throws {
    for attempt in 0..<100 {
      let folder = ResearchFolder(directory: directory, name: "\(attempt)")
      let isMade = Protected(false)
      let failures = Protected<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 3) { task in
        do {
          if task == 0 {
            defer { isMade.withLock { $0 = true } }
            try DatabaseStore.open(folder).close()
          } else {
            while !isMade.withLock({ $0 }) {
              guard let store = try DatabaseStore.openIfThere(folder) else { continue }
              XCTAssertEqual(try store.contents().experiments.count, 0)
              try store.close()
            }
          }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
      XCTAssertEqual(failures.withLock { $0 }, [], "attempt \(attempt)")
    }
  }
}
