import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class DamagedStoreTests: StoreTestCase {
  private func put(_ data: Data) throws {
    try folder.make()
    for suffix in ["-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: folder.databasePath + suffix)
    }
    try data.write(to: URL(fileURLWithPath: folder.databasePath))
  }

  /// A store of some pages.
  private func soundStore() throws -> Data {
    let store = try DatabaseStore.open(folder)
    for ordinal in 0..<60 {
      let values = (0..<20).map { ($0, "x", Value.double(Double($0) / 3)) }
      var all = records(experiment(ordinal, ["a": .init(Value.int(ordinal))]), values)
      all.append(
        .failed(
          experiment: "e\(ordinal)",
          Failure(unit: "u", iteration: 1, kind: "K", message: "m", place: nil)
        )
      )
      try store.write(all + [.note("n\(ordinal)", .int(ordinal))])
    }
    try store.close()
    return try Data(contentsOf: URL(fileURLWithPath: folder.databasePath))
  }

  /// Numbers of rows are no measure of how many there are.
  func testARowWithTheLargestNumber() throws {
    for number in [Int64.max, 1 << 45, -5] {
      _ = try soundStore()
      let database = try DatabaseQueue(path: folder.databasePath)
      try database.writeWithoutTransaction { database in
        try database.execute(
          sql:
            "PRAGMA foreign_keys = OFF; UPDATE experiment SET number = \(number) WHERE number = 3"
        )
      }
      try database.close()
      let store = try DatabaseStore.openForReading(folder)
      XCTAssertEqual(try store.states().count, 60)
      XCTAssertEqual(try store.experiments().count, 60)
      XCTAssertEqual(try store.contents().experiments.count, 60)
      try store.close()
      try FileManager.default.removeItem(atPath: folder.path)
    }
  }

  /// Whatever the file holds, using it gives results or an error of the store.
  private func use(_ what: String, file: StaticString = #filePath, line: UInt = #line) {
    let uses: [(DatabaseStore) throws -> Void] = [
      { _ = try $0.contents().table() }, { _ = try $0.states() }, { _ = try $0.notes() },
      { try $0.write([.note("a", 1)] + self.records(self.experiment(1), [(0, "y", 2)])) },
    ]
    for isWriting in [false, true] {
      do {
        let store = try isWriting ? DatabaseStore.open(folder) : .openForReading(folder)
        for use in isWriting ? uses[...] : uses.dropLast() {
          do {
            try use(store)
          } catch let error as FieldworkError where error.code == .store {
            XCTAssertTrue(error.message.contains("store"), "\(what): \(error)")
          }
        }
        try? store.close()
      } catch let error as FieldworkError where error.code == .store {
        XCTAssertTrue(error.message.contains(folder.databasePath), "\(what): \(error)")
      } catch {
        XCTFail("\(what): \(error)", file: file, line: line)
      }
    }
  }

  func testATruncatedFile() throws {
    let data = try soundStore()
    XCTAssertGreaterThan(data.count, 10 * 4096)
    for length in [0, 1, 15, 16, 50, 99, 100, 101, 1000]
      + Array(stride(from: 2048, to: data.count, by: 2048))
    {
      try put(data.prefix(length))
      use("\(length) of \(data.count) bytes")
    }
  }

  func testAFileThatEndsEarlyIsRefusedOrEmpty() throws {
    let data = try soundStore()
    for length in [1, 50, 4096, data.count / 2, data.count - 4096] {
      try put(data.prefix(length))
      assertError(.store, folder.databasePath) {
        try DatabaseStore.openForReading(self.folder).contents()
      }
    }
  }

  func testBytesThatHaveChanged() throws {
    let data = try soundStore()
    var random = Philox(seed: 1)
    for round in 0..<120 {
      var damaged = data
      for _ in 0..<(1 + round % 40) {
        let position = Int(random.nextInteger(below: UInt64(data.count)))
        damaged[position] = UInt8(truncatingIfNeeded: random.next())
      }
      try put(damaged)
      use("round \(round) of seed 1")
    }
  }

  func testAFileThatIsNoDatabase() throws {
    try put(Data(String(repeating: "This is a text, not a database. ", count: 300).utf8))
    assertError(.store, "damaged or no store", "--fresh") { try DatabaseStore.open(self.folder) }
    assertError(.store, "damaged or no store") { try DatabaseStore.openForReading(self.folder) }
    let fresh = try DatabaseStore.open(folder, fresh: true)
    XCTAssertTrue(try fresh.contents().experiments.isEmpty)
    try fresh.close()
  }

  func testADatabaseOfAnotherProgram() throws {
    try folder.make()
    let other = try DatabaseQueue(path: folder.databasePath)
    try other.write {
      try $0.execute(sql: "CREATE TABLE customer (name); INSERT INTO customer VALUES (1)")
    }
    try other.close()
    assertError(.store, "not a store of Fieldwork") { try DatabaseStore.open(self.folder) }
    assertError(.store, "not a store of Fieldwork") {
      try DatabaseStore.openForReading(self.folder)
    }
    let again = try DatabaseQueue(path: folder.databasePath)
    XCTAssertEqual(
      try again.read { try String.fetchAll($0, sql: "SELECT name FROM sqlite_master") },
      ["customer"]
    )
  }

  func testAStoreOfANewerVersion() throws {
    try DatabaseStore.open(folder).close()
    let database = try DatabaseQueue(path: folder.databasePath)
    try database.write {
      try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('999')")
    }
    try database.close()
    assertError(.store, "newer version") { try DatabaseStore.open(self.folder) }
    assertError(.store, "newer version") { try DatabaseStore.openForReading(self.folder) }
  }

  func testAStoreWithoutItsMigrationsIsMadeFromNothing() throws {
    try put(Data())
    let store = try DatabaseStore.open(folder)
    try store.write(records(experiment(0), [(0, "x", 1)]))
    try store.close()
    XCTAssertEqual(try DatabaseStore.openForReading(folder).contents().lastValues(of: "x"), [1])
  }

  func testColumnsOfTheWrongType() throws {
    let changes = [
      "UPDATE experiment SET ordinal = 'text'", "UPDATE experiment SET repetition = x'00'",
      "UPDATE experiment SET entries = 'no JSON'", "UPDATE experiment SET entries = '[1]'",
      "UPDATE experiment SET iterations = 'many'", "UPDATE experiment SET started = 'noon'",
      "UPDATE experiment SET state = 'odd'", "UPDATE value SET kind = 'odd'",
      "UPDATE value SET content = 'text'",
      "UPDATE value SET iteration = 'late' WHERE iteration = 3",
      "UPDATE failure SET iteration = 'late'", "UPDATE failure SET file = 'f', line = 'l'",
      "UPDATE note SET value = '{'", "UPDATE variable SET name = x'ff'",
    ]
    let data = try soundStore()
    for change in changes {
      try put(data)
      let database = try DatabaseQueue(path: folder.databasePath)
      try database.write { try $0.execute(sql: change) }
      try database.close()
      use(change)
    }
  }

  func testAFullDiskIsSaidOnce() {
    let full = DatabaseError(resultCode: .SQLITE_FULL, message: "database or disk is full")
    XCTAssertEqual(
      DatabaseStore.storeError(full, ResearchFolder(path: "no/such")).description,
      "the store no/such/research.sqlite cannot be written: the disk is full; make room and run again"
    )
  }
}
