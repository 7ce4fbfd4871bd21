import FieldworkCore
import XCTest

@testable import FieldworkRuntime

final class DeviceMemoryCheckTests: RuntimeTestCase {
  /// What a check says, and the pauses that it made.
  private func check(
    _ devices: [String],
    _ reader: PreparedReader,
    ratio: Double = 0.5,
    attempts: Int = 3,
    delay: Double = 5
  ) async throws -> (isFree: Bool, pauses: [Double]) {
    let pauses = Shared<[Double]>([])
    let check = try DeviceMemoryCheck(
      ratio: ratio,
      attempts: attempts,
      delay: delay,
      reader: reader
    ) { seconds in pauses.change { $0.append(seconds) } }
    return (try await check.waitUntilFree(devices), pauses.value)
  }

  func testEnoughAtOnce() async throws {
    let reader = PreparedReader(["0": [0.5], "1": [1]])
    let result = try await check(["0", "1"], reader)
    XCTAssertTrue(result.isFree)
    XCTAssertEqual(result.pauses, [])
    XCTAssertEqual(reader.calls, ["0", "1"])
  }

  func testNoDevicesAreFree() async throws {
    let result = try await check([], PreparedReader([:]), ratio: 1)
    XCTAssertTrue(result.isFree)
    XCTAssertEqual(result.pauses, [])
  }

  /// For all sequences of busy and free of two devices: free at the first attempt at which both are,
  /// and a pause between any two attempts.
  func testAllSequences() async throws {
    for attempts in 1...3 {
      for pattern in 0..<(1 << (2 * attempts)) {
        func shares(_ device: Int) -> [Double] {
          (0..<attempts).map { pattern >> (2 * $0 + device) & 1 == 1 ? 0.8 : 0.2 }
        }
        let (first, second) = (shares(0), shares(1))
        // The second device is only asked when the first is free.
        let asked = (0..<attempts).filter { first[$0] >= 0.5 }
        let reader = PreparedReader([
          "0": first, "1": asked.isEmpty ? [0] : asked.map { second[$0] },
        ])
        let result = try await check(["0", "1"], reader, attempts: attempts, delay: 7)
        let success = (0..<attempts).first { min(first[$0], second[$0]) >= 0.5 }
        XCTAssertEqual(result.isFree, success != nil, "\(first) \(second)")
        XCTAssertEqual(
          result.pauses,
          Array(repeating: 7, count: success ?? attempts - 1),
          "\(first) \(second)"
        )
      }
    }
  }

  func testUsualNumbers() throws {
    let check = try DeviceMemoryCheck(ratio: 0.9, reader: PreparedReader([:]))
    XCTAssertEqual(check.attempts, 3)
    XCTAssertEqual(check.delay, 5)
    XCTAssertEqual(check.ratio, 0.9)
  }

  func testErrorsOfTheReaderComeOutAtOnce() async throws {
    let reader = PreparedReader(["0": [0]])
    do {
      _ = try await check(["7"], reader)
      XCTFail("nothing was thrown")
    } catch let error as TestError {
      XCTAssertEqual("\(error)", "no device 7")
    }
    XCTAssertEqual(reader.calls, ["7"])
  }

  func testCancellingEndsTheDelay() async throws {
    let (asked, continuation) = AsyncStream.makeStream(of: Void.self)
    let reader = PreparedReader(["0": [0]]) { continuation.yield() }
    let check = try DeviceMemoryCheck(ratio: 0.5, delay: 100_000, reader: reader)
    let task = Task { try await check.waitUntilFree(["0"]) }
    for await _ in asked { break }
    task.cancel()
    do {
      _ = try await task.value
      XCTFail("nothing was thrown")
    } catch is CancellationError {}
    XCTAssertEqual(reader.calls, ["0"])
  }

  func testSettingsThatMakeNoSenseAreRefused() async {
    let cases: [(Double, Int, Double, String)] = [
      (-0.1, 1, 1, "-0.1 is no share"), (1.1, 1, 1, "1.1 is no share"), (.nan, 1, 1, "no share"),
      (0.5, 0, 1, "tried 0 times"), (0.5, -1, 1, "tried -1 times"),
      (0.5, 1, -1, "every -1.0 seconds"), (0.5, 1, .infinity, "every inf seconds"),
      (0.5, 1, .nan, "every nan seconds"),
    ]
    for (ratio, attempts, delay, message) in cases {
      await assertThrows(.invalidDefinition, message) {
        try DeviceMemoryCheck(
          ratio: ratio,
          attempts: attempts,
          delay: delay,
          reader: PreparedReader([:])
        )
      }
    }
  }
}
