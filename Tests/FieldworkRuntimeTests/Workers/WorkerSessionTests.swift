import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Workers that are reached through files.
final class WorkerSessionTests: RuntimeTestCase {
  private var folder: ResearchFolder { ResearchFolder(directory: directory, name: "test") }

  private func experiments(_ count: Int) throws -> [PlannedExperiment] {
    var plan = try ExperimentPlan(Research("test") { Domain("x" <- 0..<count) }, seed: 1)
    return try (0..<count).compactMap { _ in try plan.next() }
  }

  private func attempt(_ experiment: PlannedExperiment, _ ending: Ending?) -> [RunRecord] {
    let start = ExperimentStart(at: 1, worker: 0, device: nil)
    let value = SavedValue(name: "y", iteration: 0, value: 1)
    return [.started(experiment, start), .saved(experiment: experiment.key, [value])]
      + (ending.map { [.ended(experiment: experiment.key, $0, iterations: 1, at: 2)] } ?? [])
  }

  private func write(_ records: [RunRecord], to session: WorkerSession) {
    let channel = FileChannel(reading: session.inbox, writing: session.outbox) { true }
    for record in records { channel.add(record) }
    XCTAssertTrue(channel.flush())
  }

  func testFramesGoThroughFilesInPieces() throws {
    let (one, other) = (directory + "/one", directory + "/other")
    let writer = FileChannel(reading: other, writing: one) { true }
    let reader = FileChannel(reading: one, writing: other) { false }
    XCTAssertFalse(reader.receive(), "nothing is there, and the other side is gone")
    for number in 0..<100 {
      writer.add(.warning("\(number)"))
      XCTAssertTrue(writer.flush())
      XCTAssertTrue(reader.receive())
      let frame = try XCTUnwrap(try reader.next())
      var bytes = ByteReader(frame.content)
      guard case .warning("\(number)") = try RunRecord(from: &bytes) else {
        return XCTFail("\(number)")
      }
      XCTAssertNil(try reader.next())
    }
  }

  /// A part of a frame is read when the rest of it has come.
  func testAPartOfAFrameWaitsForTheRest() throws {
    let (whole, path) = (directory + "/whole", directory + "/part")
    let writer = FileChannel(reading: "", writing: whole) { true }
    writer.add(.warning("a text of some length"))
    XCTAssertTrue(writer.flush())
    let bytes = [UInt8](try XCTUnwrap(FileManager.default.contents(atPath: whole)))
    let reader = FileChannel(reading: path, writing: "") { true }
    for end in 1...bytes.count {
      try Data(bytes[..<end]).write(to: URL(fileURLWithPath: path))
      XCTAssertTrue(reader.receiveAtOnce())
      XCTAssertEqual(try reader.next() == nil, end < bytes.count, "\(end)")
    }
  }

  /// What workers have finished is in the store before the next run plans anything.
  func testRecordsOfAKilledRunAreRecovered() throws {
    let store = try DatabaseStore.open(folder)
    let all = try experiments(6)
    try store.write(attempt(all[0], .complete) + attempt(all[1], nil))
    let first = try WorkerSession.make(in: folder, worker: 0)
    let second = try WorkerSession.make(in: folder, worker: 1)
    let third = try WorkerSession.make(in: folder, worker: 2)
    // The store has this one already, another one failed there and was done by another worker.
    write(attempt(all[0], .complete) + attempt(all[2], .failed), to: first)
    write(
      attempt(all[2], .complete) + attempt(all[3], .complete) + attempt(all[4], nil),
      to: second
    )
    // The last frame was cut off.
    write(attempt(all[5], .complete), to: third)
    let size = try XCTUnwrap(FileManager.default.contents(atPath: third.outbox)).count
    truncate(third.outbox, off_t(size - 3))
    XCTAssertEqual(try WorkerSession.recover(in: folder, into: store), [])
    let states = try store.states()
    XCTAssertEqual(
      all.map { states[$0.key] },
      [.done, .running, .done, .done, .running, .running]
    )
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder.path + "/.workers"))
    XCTAssertEqual(try WorkerSession.recover(in: folder, into: store), [])
    try store.close()
  }

  func testRecordsThatCannotBeReadAreKept() throws {
    let store = try DatabaseStore.open(folder)
    let session = try WorkerSession.make(in: folder, worker: 0)
    try Data("something else".utf8).write(to: URL(fileURLWithPath: session.outbox))
    let problems = try WorkerSession.recover(in: folder, into: store)
    XCTAssertEqual(problems.count, 1)
    XCTAssertTrue(problems[0].contains("cannot be read"), problems[0])
    XCTAssertTrue(FileManager.default.fileExists(atPath: session.outbox))
    try store.close()
  }

  func testASessionEnds() throws {
    let store = try DatabaseStore.open(folder)
    let session = try WorkerSession.make(in: folder, worker: 0)
    XCTAssertFalse(session.isClosed)
    XCTAssertFalse(session.hasLostRun, "this process runs")
    session.close()
    XCTAssertTrue(session.isClosed)
    session.remove()
    XCTAssertTrue(session.isClosed)
    XCTAssertFalse(session.hasLostRun, "that is not known")
    try store.close()
  }
}
