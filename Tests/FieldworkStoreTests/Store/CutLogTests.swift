import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// What a store is like when its write-ahead log ends anywhere, as after a power cut.
final class CutLogTests: StoreTestCase {
  /// A log of SQLite begins with a header, and has one before each page.
  private static let headerSize = 32
  private static let frameSize = 24 + 4096

  /// A store with a log that no checkpoint has taken in: so many experiments, each stored in two groups.
  private func makeFiles(_ count: Int) throws -> (database: Data, log: Data) {
    let store = try DatabaseStore.open(folder)
    defer { try? store.close() }
    for ordinal in 0..<count {
      let all = records(
        experiment(ordinal, ["a": AnyAlias(Value.int(ordinal))]),
        (0..<4).map { ($0, "x", .int(ordinal)) },
        iterations: 4
      )
      try store.write(Array(all.prefix(1)))
      try store.write(Array(all.dropFirst()))
    }
    let database = try Data(contentsOf: URL(fileURLWithPath: folder.databasePath))
    let log = try Data(contentsOf: URL(fileURLWithPath: folder.databasePath + "-wal"))
    XCTAssertGreaterThan(log.count, 20 * Self.frameSize)
    return (database, log)
  }

  private func put(_ database: Data, _ log: Data) throws {
    try? FileManager.default.removeItem(atPath: folder.databasePath + "-shm")
    try database.write(to: URL(fileURLWithPath: folder.databasePath))
    try log.write(to: URL(fileURLWithPath: folder.databasePath + "-wal"))
  }

  /// Opens what is there.
  /// - Returns: how many experiments are done, and how many were begun.
  private func check(_ what: String) throws -> (done: Int, begun: Int) {
    let store = try DatabaseStore.open(folder)
    defer { try? store.close() }
    let results = try store.contents()
    let states = try store.states()
    XCTAssertEqual(results.experiments.count, states.count, what)
    for (ordinal, experiment) in results.experiments.enumerated() {
      // Groups come in their order, whole or not at all.
      XCTAssertEqual(experiment.id, "e\(ordinal)", what)
      XCTAssertEqual(experiment.state, states["e\(ordinal)"], what)
      let values = results.values(of: "x", in: experiment.id).map(\.value)
      let isDone = experiment.state == .done
      XCTAssertEqual(values, isDone ? Array(repeating: .int(ordinal), count: 4) : [], what)
      XCTAssertTrue(isDone || ordinal == states.count - 1, what)
    }
    return (states.values.count { $0 == .done }, states.count)
  }

  func testALogThatEndsAnywhere() throws {
    let (database, log) = try makeFiles(12)
    let frames = (log.count - Self.headerSize) / Self.frameSize
    var lengths = Set([0, 1, Self.headerSize - 1, Self.headerSize, log.count])
    for frame in 0...frames {
      let boundary = Self.headerSize + frame * Self.frameSize
      lengths.formUnion([boundary - 1, boundary, boundary + 1, boundary + 25])
    }
    var random = Philox(seed: 7)
    for _ in 0..<80 { lengths.insert(Int(random.nextInteger(below: UInt64(log.count + 1)))) }
    var last = 0
    for length in lengths.sorted() where length <= log.count {
      try put(database, log.prefix(length))
      let (done, begun) = try check("\(length) of \(log.count) bytes")
      XCTAssertGreaterThanOrEqual(done + begun, last, "a longer log holds no less")
      last = done + begun
    }
    XCTAssertEqual(last, 24, "the whole log holds everything")
  }

  /// Disks write pages in any order, so that a part in the middle may be missing.
  func testALogWithDamageInTheMiddle() throws {
    let (database, log) = try makeFiles(10)
    var random = Philox(seed: 8)
    var refused = 0
    for round in 0..<100 {
      var damaged = log
      let place = Int(random.nextInteger(below: UInt64(log.count)))
      if round % 2 == 0 {
        damaged[place] ^= 1 << UInt8(random.nextInteger(below: 8))
      } else {
        for index in place..<min(place + 4096, log.count) { damaged[index] = 0 }
      }
      try put(database, damaged)
      do {
        _ = try check("round \(round), damage at \(place)")
      } catch let error as FieldworkError where error.message.contains("is damaged") {
        // Nothing is begun over a log of which no experiment can be read.
        XCTAssertEqual(
          try Data(contentsOf: URL(fileURLWithPath: folder.databasePath + "-wal")),
          damaged
        )
        refused += 1
      }
    }
    XCTAssertLessThan(refused, 90)
  }
}
