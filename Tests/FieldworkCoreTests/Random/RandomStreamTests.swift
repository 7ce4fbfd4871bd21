import FieldworkCore
import XCTest

final class RandomStreamTests: XCTestCase {
  func testIntegerRanges() {
    let random = RandomStream(seed: 1)
    for range in [0...0, -3...3, 5...6, Int.min...Int.min, Int.max...Int.max, -1...0] {
      let values = (0..<2000).map { _ in random.integer(range) }
      XCTAssertTrue(values.allSatisfy(range.contains), "\(range)")
      XCTAssertEqual(Set(values).count, range.count, "\(range)")
    }
  }

  func testWideIntegerRanges() {
    let random = RandomStream(seed: 2)
    for range in [Int.min...Int.max, 0...Int.max, Int.min...0, Int.min...(Int.max - 1)] {
      let values = (0..<4000).map { _ in random.integer(range) }
      XCTAssertTrue(values.allSatisfy(range.contains), "\(range)")
      let low = Double(range.lowerBound)
      let width = Double(range.upperBound) - low
      assertDistribution(values.map(Double.init), "\(range)") { ($0 - low) / width }
    }
  }

  func testIntegersAreUniform() {
    let random = RandomStream(seed: 3)
    let values = (0..<30_000).map { _ in random.integer(-2...4) }
    assertProbabilities(values, in: -2...4, "-2...4") { _ in 1.0 / 7 }
  }

  func testUniformAndNormal() {
    let random = RandomStream(seed: 4)
    assertDistribution((0..<20_000).map { _ in random.uniform() }, "uniform") { $0 }
    let ranged = (0..<20_000).map { _ in random.uniform(-2...6) }
    assertDistribution(ranged, "uniform(-2...6)") { ($0 + 2) / 8 }
    let normal = (0..<20_000).map { _ in random.normal(mean: 3, deviation: 2) }
    assertDistribution(normal, "normal") { Theory.normal(($0 - 3) / 2) }
  }

  func testShufflingGivesEveryPermutationAlikeOften() {
    let random = RandomStream(seed: 5)
    XCTAssertEqual(random.shuffled([Int]()), [])
    XCTAssertEqual(random.shuffled([1]), [1])
    var codes: [Int] = []
    for _ in 0..<12_000 {
      let order = random.shuffled(0..<4)
      XCTAssertEqual(order.sorted(), [0, 1, 2, 3])
      codes.append(order.reduce(0) { $0 * 4 + $1 })
    }
    XCTAssertEqual(Set(codes).count, 24)
    let ranks = Dictionary(
      uniqueKeysWithValues: Set(codes).sorted().enumerated().map { ($1, $0) }
    )
    assertProbabilities(codes.map { ranks[$0]! }, in: 0...23, "permutations") { _ in 1.0 / 24 }
  }

  func testReproducible() {
    let streams = [RandomStream(seed: 6), RandomStream(seed: 6)]
    let draws = streams.map { stream in (0..<50).map { _ in stream.integer(0...1000) } }
    XCTAssertEqual(draws[0], draws[1])
    XCTAssertNotEqual(draws[0], (0..<50).map { _ in streams[0].integer(0...1000) })
  }

  func testSplittingDoesNotDependOnWhatWasDrawn() throws {
    let first = RandomStream(seed: 7)
    let early = first.split("data")
    for _ in 0..<13 { _ = first.uniform() }
    let late = first.split("data")
    XCTAssertEqual((0..<9).map { _ in early.next() }, (0..<9).map { _ in late.next() })
    XCTAssertNotEqual(first.split("a").next(), first.split("b").next())
  }

  func testSplitStreamsAreIndependent() {
    let parent = RandomStream(seed: 8)
    let (first, second) = (parent.split("1"), parent.split("2"))
    let sums = (0..<20_000).map { _ in first.uniform() + second.uniform() }
    assertDistribution(sums, "sum of two") { $0 < 1 ? $0 * $0 / 2 : 1 - (2 - $0) * (2 - $0) / 2 }
  }

  func testSharedByReference() {
    let random = RandomStream(seed: 9)
    var shared = random
    let first = random.next()
    XCTAssertNotEqual(Int.random(in: 0...(.max), using: &shared), Int(truncatingIfNeeded: first))
    let fresh = RandomStream(seed: 9)
    _ = fresh.next()
    _ = fresh.next()
    XCTAssertEqual(random.next(), fresh.next())
  }

  func testSampling() throws {
    let random = RandomStream(seed: 10)
    XCTAssertTrue((1...6).contains(try random.sample(.integers(1...6))))
    assertThrows(.invalidDefinition) { try random.sample(.choice([Int]())) }
  }
}
