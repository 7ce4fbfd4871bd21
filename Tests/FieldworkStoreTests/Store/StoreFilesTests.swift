import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// The files of a store that others delete, cut or read while it is written, and what is left at its end.
final class StoreFilesTests: StoreTestCase {
  private func write(_ store: DatabaseStore, _ ordinals: Range<Int>) throws {
    for ordinal in ordinals {
      try store.write(records(experiment(ordinal), [(0, "x", .int(ordinal))]))
    }
  }

  private func remove(_ suffix: String) throws {
    try FileManager.default.removeItem(atPath: folder.databasePath + suffix)
  }

  private func cut(_ suffix: String) throws {
    let file = try XCTUnwrap(FileHandle(forWritingAtPath: folder.databasePath + suffix))
    try file.truncate(atOffset: 0)
    try file.close()
  }

  func testADeletedLogIsAnErrorAndWhatWasStoredIsSaved() throws {
    for suffixes in [["-wal"], ["-shm"], ["-wal", "-shm"]] {
      try? folder.remove()
      let store = try DatabaseStore.open(folder)
      try write(store, 0..<20)
      for suffix in suffixes { try remove(suffix) }
      // Another program looks into the store meanwhile.
      _ = try? DatabaseStore.openForReading(folder).states()
      assertError(.store, "was deleted or replaced") { try self.write(store, 20..<21) }
      try store.close()
      XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 20, "\(suffixes)")
    }
  }

  func testFilesThatGoAfterTheLastWriteAreNoticedAtTheEnd() throws {
    for suffix in ["", "-wal", "-shm"] {
      try? folder.remove()
      let store = try DatabaseStore.open(folder)
      try write(store, 0..<20)
      try remove(suffix)
      _ = try? DatabaseStore.openForReading(folder).states()
      assertError(.store, "was deleted or replaced") { try store.close() }
    }
  }

  func testCutFilesAreNoticed() throws {
    for suffix in ["", "-wal"] {
      for isAtEnd in [false, true] {
        try? FileManager.default.removeItem(atPath: folder.path)
        let store = try DatabaseStore.open(folder)
        try write(store, 0..<20)
        try cut(suffix)
        if isAtEnd {
          XCTAssertThrowsError(try store.close(), suffix)
        } else {
          XCTAssertThrowsError(try self.write(store, 20..<21), suffix)
          try? store.close()
        }
      }
    }
  }

  /// Another program may bring the log into the database, which loses nothing.
  func testALogThatAnotherProgramHasTakenInIsNoLoss() throws {
    let store = try DatabaseStore.open(folder)
    try write(store, 0..<20)
    let other = try DatabaseQueue(path: folder.databasePath)
    try other.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    try write(store, 20..<30)
    try other.close()
    try store.close()
    XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 30)
  }

  func testWhatWasStoredIsInTheDatabaseThoughAReaderIsOpen() throws {
    let store = try DatabaseStore.open(folder)
    try write(store, 0..<20)
    let reader = try DatabaseStore.openForReading(folder)
    XCTAssertEqual(try reader.states().count, 20)
    try store.close()
    XCTAssertNil(store.remainingLog)
    let copy = ResearchFolder(directory: directory, name: "copy")
    try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.databasePath, toPath: copy.databasePath)
    XCTAssertEqual(try DatabaseStore.openForReading(copy).states().count, 20)
    XCTAssertEqual(try reader.states().count, 20)
  }

  func testAReaderInTheMiddleOfReadingKeepsALogThatIsTold() throws {
    let store = try DatabaseStore.open(folder)
    try write(store, 0..<5)
    let reader = try DatabasePool(path: folder.databasePath)
    let snapshot = try reader.makeSnapshot()
    _ = try snapshot.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM experiment") }
    try write(store, 5..<20)
    try store.close()
    XCTAssertTrue(try XCTUnwrap(store.remainingLog).contains("copy both files"))
    XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 20)
  }

  func testAForkedProcessDoesNotKeepTheLock() throws {
    let store = try DatabaseStore.open(folder)
    // A descriptor that another process has inherited is another one of the same open file.
    let file = try XCTUnwrap(Self.descriptor(of: folder.lockPath))
    let inherited = dup(file)
    defer { close(inherited) }
    try store.close()
    try DatabaseStore.open(folder).close()
  }

  private static func descriptor(of path: String) -> Int32? {
    (3..<256).first { descriptor in
      let link = "/proc/self/fd/\(descriptor)"
      return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == path
    }
  }

  func testNamesThatSQLiteReadsInItsOwnWay() throws {
    let before = FileManager.default.currentDirectoryPath
    defer { chdir(before) }
    chdir(directory)
    for name in ["file:x", "file:y?mode=memory", ":memory:", "a%20b", "with space", "ü?#"] {
      let folder = ResearchFolder(directory: name, name: "r")
      let store = try DatabaseStore.open(folder)
      try write(store, 0..<2)
      try store.close()
      let path = "\(directory)/\(name)/r/research.sqlite"
      XCTAssertTrue(FileManager.default.fileExists(atPath: path), name)
      XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 2)
    }
  }

  func testAPathThatIsTooLongIsRefused() throws {
    let parts = Array(repeating: String(repeating: "d", count: 100), count: 6)
    let long = ResearchFolder(directory: directory + "/" + parts.joined(separator: "/"), name: "r")
    assertError(.store, "bytes long", "another directory") { try DatabaseStore.open(long) }
    XCTAssertEqual(long.problems().count, 1)
  }

  func testAChangedWorkingDirectoryMovesNothing() throws {
    let before = FileManager.default.currentDirectoryPath
    defer { chdir(before) }
    chdir(directory)
    let relative = ResearchFolder(directory: "results", name: "r")
    let store = try DatabaseStore.open(relative)
    chdir("/")
    try write(store, 0..<2)
    XCTAssertTrue(try store.directory(of: "e0").hasPrefix("/"))
    try store.close()
    XCTAssertTrue(FileManager.default.fileExists(atPath: directory + "/results/r/research.sqlite"))
    XCTAssertEqual(relative.path, "results/r")
  }

  // MARK: Logs

  /// Leaves a store as a killed run does.
  private func killedStore(_ count: Int) throws -> ResearchFolder {
    let store = try DatabaseStore.open(folder)
    try write(store, 0..<count)
    let killed = ResearchFolder(directory: directory, name: "killed")
    try FileManager.default.createDirectory(atPath: killed.path, withIntermediateDirectories: true)
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: folder.databasePath + suffix,
        toPath: killed.databasePath + suffix
      )
    }
    try store.close()
    return killed
  }

  private func overwrite(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws {
    let file = try XCTUnwrap(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }

  func testALogWhoseBeginningIsDamagedIsNeverBegunOver() throws {
    for offset in [0, 8, 20, 32 + 40] as [UInt64] {
      try? FileManager.default.removeItem(atPath: folder.path)
      try? FileManager.default.removeItem(atPath: directory + "/killed")
      let killed = try killedStore(5)
      try overwrite(killed.databasePath + "-wal", at: offset, [1, 2, 3, 4])
      let log = try Data(contentsOf: URL(fileURLWithPath: killed.databasePath + "-wal"))
      assertError(.store, "damaged", "research.sqlite-wal") {
        try DatabaseStore.openForReading(killed)
      }
      assertError(.store, "damaged", "move it away") { try DatabaseStore.open(killed) }
      XCTAssertEqual(
        try Data(contentsOf: URL(fileURLWithPath: killed.databasePath + "-wal")),
        log,
        "\(offset)"
      )
    }
  }

  func testALogThatIsDamagedLaterIsTold() throws {
    let killed = try killedStore(20)
    let size = try Data(contentsOf: URL(fileURLWithPath: killed.databasePath + "-wal")).count
    try overwrite(killed.databasePath + "-wal", at: UInt64(size - 3 * 4120), [1, 2, 3, 4])
    XCTAssertTrue(try StoreCheck(killed).findings().contains { $0.kind == "log" })
    let store = try DatabaseStore.open(killed)
    XCTAssertTrue(try XCTUnwrap(store.openingNote).contains("cannot be read"))
    try store.close()
    XCTAssertFalse(try StoreCheck(killed).findings().contains { $0.kind == "log" })
  }

  /// A process that was killed in the middle of a transaction has left pages, of which the next run overwrites a part.
  func testPagesOfACutOffTransactionAreNoDamage() throws {
    let killed = try killedStore(3)
    let first = try Data(contentsOf: URL(fileURLWithPath: killed.databasePath + "-wal"))
    let store = try DatabaseStore.open(folder)
    _ = store
    // The same log with a long transaction, cut before its last page.
    let database = try DatabaseQueue(path: killed.databasePath)
    try database.write { database in
      for number in 0..<2000 {
        try database.execute(
          sql: "INSERT INTO meta (run, topic, item, text) VALUES (1, 't', ?, ?)",
          arguments: [number, String(repeating: "x", count: 200)]
        )
      }
    }
    let long = try Data(contentsOf: URL(fileURLWithPath: killed.databasePath + "-wal"))
    let other = ResearchFolder(directory: directory, name: "other")
    try FileManager.default.createDirectory(atPath: other.path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: killed.databasePath, toPath: other.databasePath)
    try database.close()
    XCTAssertGreaterThan(long.count, first.count)
    try long.dropLast(4120).write(to: URL(fileURLWithPath: other.databasePath + "-wal"))
    XCTAssertEqual(WriteAheadLog(ofDatabase: other.databasePath).unreadablePages, 0)
    let again = try DatabaseStore.open(other)
    XCTAssertNil(again.openingNote)
    try write(again, 10..<12)
    XCTAssertEqual(WriteAheadLog(ofDatabase: other.databasePath).unreadablePages, 0)
    try again.close()
    try store.close()
    XCTAssertEqual(try DatabaseStore.openForReading(other).states().count, 5)
  }

  func testClosingTwice() throws {
    let store = try DatabaseStore.open(folder)
    try write(store, 0..<2)
    try store.close()
    try store.close()
    XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 2)
  }

  /// Whenever a removal is cut off, it can be made again, and no result is in two places.
  func testARemovalThatIsCutOff() throws {
    let killed = try killedStore(5)
    _ = try killed.makeDirectory(of: "e0")
    try FileManager.default.removeItem(atPath: directory + "/research")
    let removal = try killed.remove(permanently: false)
    let trash = try XCTUnwrap(removal.trash)
    XCTAssertEqual(removal.left, [])
    XCTAssertFalse(FileManager.default.fileExists(atPath: trash + "/research.sqlite-wal"))
    XCTAssertEqual(try ResearchResults.load(trash).experiments.count, 5)
    XCTAssertTrue(FileManager.default.fileExists(atPath: trash + "/experiments/e0"))
  }

  func testAWholeLogHasNoUnreadablePages() throws {
    let killed = try killedStore(20)
    let log = WriteAheadLog(ofDatabase: killed.databasePath)
    XCTAssertGreaterThan(log.readablePages, 20)
    XCTAssertEqual(log.unreadablePages, 0)
    XCTAssertFalse(log.hasDamagedHeader)
  }

  func testZerosOfAPowerCutAreNoDamage() throws {
    try folder.make()
    try Data(repeating: 0, count: 50_000)
      .write(to: URL(fileURLWithPath: folder.databasePath + "-wal"))
    let store = try DatabaseStore.open(folder)
    try write(store, 0..<2)
    try store.close()
  }

  /// A store that a run has left with its log, on a disk that cannot be written.
  func testAKilledStoreOnAReadOnlyDisk() throws {
    for isEmptyLog in [false, true] {
      try? FileManager.default.removeItem(atPath: folder.path)
      let killed = try killedStore(5)
      if isEmptyLog {
        try DatabaseStore.open(killed).close()
        let database = try DatabaseQueue(path: killed.databasePath)
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        try database.close()
        try Data().write(to: URL(fileURLWithPath: killed.databasePath + "-wal"))
      }
      let place = directory + "/mounted"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      guard try run("mount", "--bind", directory + "/killed", place),
        try run("mount", "-o", "remount,ro,bind", place)
      else { throw XCTSkip("nothing can be mounted here") }
      defer { _ = try? run("umount", "-l", place) }
      let mounted = ResearchFolder(path: place)
      XCTAssertEqual(try DatabaseStore.openForReading(mounted).states().count, 5)
      XCTAssertEqual(try ResearchResults.load(place).experiments.count, 5)
      XCTAssertEqual(
        try StoreCheck(mounted).findings().filter { $0.severity == .problem },
        []
      )
      assertError(.store, "cannot be written") { try DatabaseStore.open(mounted) }
      _ = try run("umount", "-l", place)
      try FileManager.default.removeItem(atPath: directory + "/killed")
    }
  }

  private func run(_ arguments: String...) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  func testAStoreThatWasKilledInItsFirstMomentIsNone() throws {
    try folder.make()
    try Data().write(to: URL(fileURLWithPath: folder.databasePath))
    XCTAssertNil(try DatabaseStore.openIfThere(folder))
    assertError(.store, "is empty; run the research first") {
      try DatabaseStore.openForReading(self.folder)
    }
  }
}
