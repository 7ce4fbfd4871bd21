import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

#if canImport(Glibc)
  import Glibc
#endif

final class RunLockTests: StoreTestCase {
  func testASecondWriterIsRefusedAndLearnsByWhom() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(experiment(0), [(0, "x", 1)]))
    assertError(.busy, "process \(getpid())", folder.path) { try DatabaseStore.open(self.folder) }
    assertError(.busy) { try DatabaseStore.open(self.folder, fresh: true) }
    // Neither attempt has harmed the first.
    try store.write(records(experiment(1), [(0, "x", 2)]))
    XCTAssertEqual(try store.contents().experiments.count, 2)
    try store.close()
    let second = try DatabaseStore.open(folder)
    XCTAssertEqual(try second.contents().experiments.count, 2)
    try second.close()
  }

  func testTheLockEndsWithTheStoreThatIsNotClosed() throws {
    do { _ = try DatabaseStore.open(folder) }
    let store = try DatabaseStore.open(folder)
    try store.close()
  }

  func testAFolderBelowAFileCannotBeMade() throws {
    let file = directory + "/file"
    try Data().write(to: URL(fileURLWithPath: file))
    let inside = ResearchFolder(directory: file, name: "research")
    assertError(.store, "cannot make the folder", inside.path) { try DatabaseStore.open(inside) }
    assertError(.store, "no results") { try DatabaseStore.openForReading(inside) }
  }

  func testALockThatIsAFolderIsAClearError() throws {
    try FileManager.default.createDirectory(
      atPath: folder.lockPath,
      withIntermediateDirectories: true
    )
    assertError(.store, "cannot write", folder.lockPath) { try DatabaseStore.open(self.folder) }
  }

  /// Those who look share the lock for a moment, which must not keep a run out.
  func testOneWhoLooksIsNoWriter() throws {
    try folder.make()
    var shared = 2
    // As if somebody held it, not alone, at the first two tries.
    let lock = try RunLock(
      folder,
      call: { file, operation in
        if operation == LOCK_EX | LOCK_NB, shared > 0 {
          shared -= 1
          return EWOULDBLOCK
        }
        return RunLock.system(file, operation)
      }
    )
    XCTAssertEqual(shared, 0)
    lock.release()
  }

  func testAFileSystemThatCannotLockIsAClearError() throws {
    try folder.make()
    for error in [ENOLCK, ENOSYS, EOPNOTSUPP] {
      assertError(.store, "cannot be locked", "another file system") {
        try RunLock(self.folder, call: { _, _ in error })
      }
    }
    assertError(.store, "cannot be locked") {
      try RunLock.holding(self.folder) { _, _ in ENOLCK }
    }
    try RunLock(folder).release()
  }

  func testALockInADeletedFileIsTakenAnew() throws {
    try folder.make()
    var isFirst = true
    let lock = try RunLock(
      folder,
      call: { file, operation in
        // Somebody removes the research between opening and locking.
        if isFirst { unlink(self.folder.lockPath) }
        isFirst = false
        return RunLock.system(file, operation)
      }
    )
    assertError(.busy) { try RunLock(self.folder) }
    lock.release()
  }

  func testWaitingEndsWithTheStore() throws {
    let isFree = expectation(description: "free")
    let store = try DatabaseStore.open(folder)
    let wasClosed = Protected(false)
    folder.whenFree {
      XCTAssertTrue(wasClosed.withLock { $0 })
      isFree.fulfill()
    }
    wasClosed.withLock { $0 = true }
    try store.close()
    wait(for: [isFree], timeout: 60)
    let other = ResearchFolder(directory: directory, name: "other")
    let isMissing = expectation(description: "missing")
    other.whenFree { isMissing.fulfill() }
    wait(for: [isMissing], timeout: 60)
  }
}
