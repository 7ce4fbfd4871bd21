import Fieldwork
import XCTest

/// The digest that the database computes is the one of the results that are read.
final class DigestTests: XCTestCase {
  private func assertSameDigest(
    _ objective: Objective?,
    _ store: DatabaseStore,
    line: UInt = #line
  ) throws -> ResultDigest {
    let computed = try store.digest(of: objective)
    let read = try store.contents().digest(of: objective)
    XCTAssertEqual(computed.best?.config, read.best?.config, line: line)
    XCTAssertEqual(computed.best?.count, read.best?.count, line: line)
    XCTAssertEqual(computed.best?.mean ?? 0, read.best?.mean ?? 0, accuracy: 1e-12, line: line)
    XCTAssertEqual(computed.failures.map(\.failure), read.failures.map(\.failure), line: line)
    XCTAssertEqual(computed.failures.map(\.count), read.failures.map(\.count), line: line)
    XCTAssertEqual(computed.failures.map(\.exampleID), read.failures.map(\.exampleID), line: line)
    XCTAssertEqual(
      computed.failures.map(\.exampleConfig),
      read.failures.map(\.exampleConfig),
      line: line
    )
    return computed
  }

  func testDigests() async throws {
    struct TooLarge: Error {}
    struct Odd: Error {}
    let store = try DatabaseStore.inMemory()
    let named: [Alias<Int>] = [Alias("one", 1), Alias("uno", 1), 2, 3, 4]
    _ = try await Research("digest", repetitions: 3, iterations: 2, seed: 1) {
      Domain("x" <- named)
      Unit("loss", saving: "loss") { run -> Double? in
        let x = try run["x", as: Int.self]
        if x == 3 && run.repetition > 0 { throw TooLarge() }
        if x == 4 { throw Odd() }
        if x == 2 && run.repetition == 2 { return .nan }
        return Double(x + run.iteration + run.repetition)
      }
      Unit("word", saving: "word") { "w" }
    }.run(store: store)
    let least = try XCTUnwrap(assertSameDigest(.minimize("loss"), store).best)
    XCTAssertEqual(least.config.description, "{x: one}", "of equal ones the first")
    XCTAssertEqual([least.mean, Double(least.count)], [3, 3])
    let most = try XCTUnwrap(assertSameDigest(.maximize("loss"), store).best)
    XCTAssertEqual(most.config.description, "{x: 3}")
    XCTAssertEqual([most.mean, Double(most.count)], [4, 1], "failed experiments are left out")
    XCTAssertNil(try assertSameDigest(.minimize("word"), store).best, "a text is no number")
    XCTAssertNil(try assertSameDigest(.minimize("nothing"), store).best)
    let failures = try assertSameDigest(nil, store).failures
    XCTAssertEqual(failures.map(\.failure.kind), ["Odd", "TooLarge"])
    XCTAssertEqual(failures.map(\.count), [3, 2])
  }

  func testFailuresThatDifferInNumbersAreOneGroup() async throws {
    struct Bad: Error, CustomStringConvertible {
      let description: String
    }
    let store = try DatabaseStore.inMemory()
    _ = try await Research("digest", seed: 1) {
      Domain("x" <- 0..<9)
      Unit("f") { run in
        let x = try run["x", as: Int.self]
        switch x % 3 {
        case 0: throw Bad(description: "step \(x): loss is \(Double(x) / 7 - 1)")
        case 1: throw Bad(description: "step one: loss is \(x)")
        default: throw Bad(description: x == 2 ? "no step" : "no steps")
        }
      }
    }.run(store: store)
    let failures = try assertSameDigest(nil, store).failures
    XCTAssertEqual(failures.map(\.count), [3, 3, 1, 2])
    XCTAssertEqual(failures.map(\.failure.message).first, "step 0: loss is -1.0", "the first one's")
    XCTAssertEqual(
      failures.map(\.exampleConfig.description),
      ["{x: 0}", "{x: 1}", "{x: 2}", "{x: 5}"]
    )
  }
}
