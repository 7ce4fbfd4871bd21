import Foundation
import XCTest

@testable import FieldworkCore
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
}
