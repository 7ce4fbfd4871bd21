import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// A store whose files go while it is written.
final class LostStoreTests: StoreTestCase {
  private let message = "was deleted or replaced while it was being written"

  private func write(_ store: DatabaseStore, _ ordinal: Int) throws {
    try store.write(records(experiment(ordinal), [(0, "x", .int(ordinal))]))
  }

  func testADeletedFileIsNoticed() throws {
    let store = try DatabaseStore.open(folder)
    try write(store, 0)
    try FileManager.default.removeItem(atPath: folder.databasePath)
    for ordinal in 1..<3 {
      assertError(.store, message, folder.databasePath) { try self.write(store, ordinal) }
    }
    try store.close()
    XCTAssertFalse(folder.hasStore)
  }

  func testADeletedFolderIsNoticed() throws {
    let store = try DatabaseStore.open(folder)
    try write(store, 0)
    try FileManager.default.removeItem(atPath: folder.path)
    assertError(.store, message) { try self.write(store, 1) }
    try store.close()
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder.path))
  }

  func testADeletedDirectoryAboveIsNoticed() throws {
    let inner = ResearchFolder(directory: directory + "/above", name: "research")
    let store = try DatabaseStore.open(inner)
    try write(store, 0)
    try FileManager.default.moveItem(atPath: directory + "/above", toPath: directory + "/moved")
    assertError(.store, message) { try self.write(store, 1) }
    // A file in place of the directory is no less a loss.
    try Data().write(to: URL(fileURLWithPath: directory + "/above"))
    assertError(.store, message) { try self.write(store, 1) }
    try store.close()
  }

  /// The new one has the same names, and a log that must not go with the old one.
  func testAnotherStoreInItsPlaceIsLeftAlone() throws {
    let first = try DatabaseStore.open(folder)
    try write(first, 0)
    try FileManager.default.removeItem(atPath: folder.path)
    let second = try DatabaseStore.open(folder)
    try write(second, 1)
    assertError(.store, message) { try self.write(first, 2) }
    try first.close()
    XCTAssertTrue(FileManager.default.fileExists(atPath: folder.databasePath + "-wal"))
    try write(second, 3)
    XCTAssertEqual(try second.states(), ["e1": .done, "e3": .done])
    XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 2)
    try second.close()
    XCTAssertEqual(try DatabaseStore.openForReading(folder).states().count, 2)
  }

  func testAFolderThatCannotBeMadeOrWritten() throws {
    #if os(Linux)
      let inside = ResearchFolder(directory: "/proc/self", name: "research")
      assertError(.store, "cannot make the folder", inside.path) { try DatabaseStore.open(inside) }
    #endif
    try folder.make()
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
    defer {
      try? FileManager.default.setAttributes(
        [.posixPermissions: 0o755],
        ofItemAtPath: folder.path
      )
    }
    // The superuser may write everywhere.
    guard !FileManager.default.isWritableFile(atPath: folder.path) else { return }
    assertError(.store, "cannot be written", folder.path) { try DatabaseStore.open(self.folder) }
  }
}
