import FieldworkCore
import Foundation
import XCTest

@testable import FieldworkStore

/// The right to write a store on a file system that several machines use.
final class RunOwnerTests: StoreTestCase {
  private func owner(_ isGone: RunOwner.Inquiry = { _ in nil }) throws -> RunOwner {
    try RunOwner(folder, command: "run", isGone: isGone)
  }

  /// Writes the file of another process.
  private func write(host: String?, process: Int32, session: String, job: String? = nil) throws {
    try folder.make()
    var holder = RunHolder(process: process, host: host)
    holder.session = session
    holder.job = job
    holder.beat = 3
    try Data(holder.text.utf8).write(to: URL(fileURLWithPath: folder.ownerPath))
  }

  func testTheSecondOwnerIsRefused() throws {
    try folder.make()
    let first = try owner()
    assertError(.busy, "process \(getpid())") { try self.owner() }
    first.release()
    try owner().release()
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder.ownerPath))
  }

  func testADeadProcessOfThisMachineIsReplaced() throws {
    try write(host: RunHolder.ownHost, process: 4_000_000, session: "old")
    let owner = try owner { _ in
      XCTFail("The system knows about processes of this machine.")
      return nil
    }
    XCTAssertEqual(RunOwner.holder(folder)?.process, getpid())
    owner.release()
  }

  func testAProcessOfAnotherMachineIsReplacedOnlyIfItIsKnownToBeGone() throws {
    try write(host: "elsewhere", process: 12, session: "old", job: "77")
    assertError(.busy, "on elsewhere", "job 77") { try self.owner() }
    assertError(.busy, "on elsewhere") { try self.owner { _ in false } }
    let jobs = Protected<[String?]>([])
    let owner = try owner { holder in
      jobs.withLock { $0.append(holder.job) }
      return true
    }
    XCTAssertEqual(jobs.withLock { $0 }, ["77"])
    XCTAssertEqual(RunOwner.holder(folder)?.host, RunHolder.ownHost)
    owner.release()
  }

  func testAnOwnerNoticesThatItWasReplaced() throws {
    try folder.make()
    let owner = try owner()
    owner.beat()
    XCTAssertNil(owner.successor)
    XCTAssertEqual(RunOwner.holder(folder)?.beat, 1)
    try write(host: "elsewhere", process: 12, session: "new")
    owner.beat()
    XCTAssertEqual(owner.successor?.host, "elsewhere")
    owner.release()
    XCTAssertEqual(RunOwner.holder(folder)?.session, "new", "It does not remove the other's file.")
  }

  func testOneOfManyReplacesAnOwnerThatIsGone() throws {
    for _ in 0..<20 {
      try write(host: "elsewhere", process: 12, session: "old")
      let owners = Protected<[RunOwner]>([])
      let folder = folder
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        let owner = try? RunOwner(folder, command: nil) { $0.host == "elsewhere" }
        guard let owner else { return }
        owners.withLock { $0.append(owner) }
      }
      let all = owners.withLock { $0 }
      XCTAssertEqual(all.count, 1)
      for owner in all { owner.release() }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.root)
      XCTAssertEqual(left.filter { $0.hasPrefix("research.owner") }, [])
    }
  }

  func testAFileWithoutContentsIsReplaced() throws {
    try folder.make()
    try Data().write(to: URL(fileURLWithPath: folder.ownerPath))
    try owner().release()
  }

  func testFileSystemsOfNetworksAreKnown() {
    XCTAssertFalse(SharedFileSystem.holds("/proc", environment: [:]))
    XCTAssertFalse(SharedFileSystem.holds(folder.root, environment: [:]))
    let variable = SharedFileSystem.variable
    XCTAssertTrue(SharedFileSystem.holds(folder.root, environment: [variable: "1"]))
    XCTAssertFalse(SharedFileSystem.holds(folder.root, environment: [variable: "0"]))
  }
}
