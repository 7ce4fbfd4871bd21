@testable import FieldworkCore
import XCTest

final class CheckpointableTests: XCTestCase {
  private struct Model: Codable, Checkpointable, Equatable {
    var weights: [Double] = []
    var label: String?
    var count: UInt64 = 0
    var rate: Float = 0
  }

  private final class Shared: Codable, Checkpointable {
    var count = 0
  }

  func testAStructureThatIsCodable() throws {
    let model = Model(
      weights: [0.1, -0.0, .infinity, .nan, .pi, .leastNonzeroMagnitude],
      label: "a\n\"b\"",
      count: .max,
      rate: 0.1
    )
    var other = Model()
    try other.restore(from: try model.checkpoint())
    XCTAssertEqual(other.weights.count, model.weights.count)
    for (a, b) in zip(other.weights, model.weights) where !b.isNaN {
      XCTAssertEqual(a.bitPattern, b.bitPattern)
    }
    XCTAssertTrue(other.weights[3].isNaN)
    XCTAssertEqual(other.label, model.label)
    XCTAssertEqual(other.count, model.count)
    XCTAssertEqual(other.rate, model.rate)
    XCTAssertThrowsError(try other.restore(from: [1, 2, 3]))
  }

  /// Others may hold the object.
  func testAClassIsNotReplaced() {
    assertThrows(.invalidDefinition, containing: "Shared is a class", "CheckpointCoder") {
      try Shared().checkpoint()
    }
  }

  /// Wherever a stream is in its blocks, it goes on there.
  func testARandomStreamGoesOn() throws {
    for count in 0..<20 {
      let stream = RandomStream(seed: 7)
      for _ in 0..<count { _ = stream.next() }
      let other = RandomStream(seed: 8)
      try other.restore(from: try stream.checkpoint())
      XCTAssertEqual((0..<9).map { _ in other.next() }, (0..<9).map { _ in stream.next() })
    }
    for words in [[], [1, 2], [UInt64](repeating: 5, count: 11)] {
      assertThrows(.store) { try RandomStream(seed: 1).restore(words) }
    }
  }

  func testStreamsThatWereSplitOffWhileBuilding() throws {
    func built() -> (StreamRegistry, RandomStream, [RandomStream?]) {
      let root = RandomStream(seed: 1)
      let registry = StreamRegistry(root)
      root.register(in: registry)
      registry.isBuilding = true
      let first = root.split("a")
      let streams = [first, root.split("a"), first.split("b")]
      registry.isBuilding = false
      return (registry, root, streams)
    }
    var (registry, root, streams) = built()
    for (index, stream) in streams.enumerated() { for _ in 0...index { _ = stream?.next() } }
    _ = root.split("passing")
    streams[1] = nil
    let states = try registry.states()
    XCTAssertEqual(states.map(\.path), ["a", "a", "a/b"])
    XCTAssertEqual(states.map { $0.words == nil }, [false, true, false])
    let (again, _, others) = built()
    try again.restore(states)
    XCTAssertEqual(others[0]?.next(), streams[0]?.next())
    XCTAssertEqual(others[2]?.next(), streams[2]?.next())
    XCTAssertThrowsError(try again.restore(Array(states.dropLast())))
    let late = root.split("late")
    assertThrows(.invalidDefinition, containing: "'late'") { try registry.states() }
    _ = late.next()
  }
}
