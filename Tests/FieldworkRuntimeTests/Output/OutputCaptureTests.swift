import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

final class OutputCaptureTests: OutputCaptureTestCase {
  /// Writes a digit at each place where something can be written.
  private func writeEverywhere(_ capture: OutputCapture) {
    func put(_ digit: Int) {
      self.put("\(digit)")
      self.put("\(digit)", error: true)
    }
    put(0)
    capture.begin()
    put(1)
    capture.enter("a")
    put(2)
    capture.leave()
    put(3)
    capture.enter("b")
    put(4)
    // Without leaving first.
    capture.enter("a")
    put(5)
    capture.leave()
    put(6)
    capture.end()
    put(7)
  }

  /// What is where after ``writeEverywhere(_:)``.
  private struct Places: Equatable {
    var terminal: String?
    var common: String?
    var a: String?
    var b: String?

    init(_ mode: OutputMode) {
      switch mode {
      case .terminal: terminal = "01234567"
      case .common: (terminal, common) = ("07", "123456")
      case .experiment: (terminal, a, b) = ("01367", "25", "4")
      case .both: (terminal, common, a, b) = ("07", "123456", "25", "4")
      }
    }

    init(terminal: String?, common: String?, a: String?, b: String?) {
      (self.terminal, self.common, self.a, self.b) = (terminal, common, a, b)
    }
  }

  func testEveryModeOfBothStreams() throws {
    for outputMode in OutputMode.allCases {
      for errorMode in OutputMode.allCases {
        try setUpAgain()
        writeEverywhere(try makeCapture(outputMode, errorMode))
        for (mode, file) in [(outputMode, "output"), (errorMode, "error")] {
          let name = file == "output" ? "stdout.txt" : "stderr.txt"
          let found = Places(
            terminal: text("terminal-\(file)"),
            common: text("test/\(name)"),
            a: experimentText("a", name),
            b: experimentText("b", name)
          )
          XCTAssertEqual(found, Places(mode), "\(outputMode), \(errorMode): \(file)")
        }
        XCTAssertFalse(everyFile().contains { $0.hasPrefix(".") }, "\(everyFile())")
      }
    }
    XCTAssertEqual(failures.value.map(\.message), [])
  }

  private func setUpAgain() throws {
    try tearDownWithError()
    try setUpWithError()
  }

  func testInMemory() throws {
    let capture = try makeCapture(.experiment, .experiment, inMemory: true)
    writeEverywhere(capture)
    let (a, b) = (capture.take("a"), capture.take("b"))
    XCTAssertEqual([a.stdout, a.stderr, b.stdout, b.stderr], ["25", "25", "4", "4"])
    XCTAssertEqual(capture.take("a").stdout, "", "taken already")
    XCTAssertEqual(text("terminal-output"), "01367")
    XCTAssertEqual(everyFile(), [])
  }

  func testTakingAgainAndAgain() throws {
    let capture = try makeCapture(.experiment, inMemory: true)
    capture.begin()
    capture.enter("a")
    put("1")
    XCTAssertEqual(capture.take("a").stdout, "1")
    put("2")
    capture.leave()
    capture.enter("a")
    put([0x33, 0xFF, 0x00])
    capture.leave()
    XCTAssertEqual(capture.take("a").stdout, "23\u{FFFD}\0")
    XCTAssertEqual(capture.take("other").stdout, "")
  }

  func testCommonFilesNeedAFolder() async {
    for mode in [OutputMode.common, .both] {
      await assertThrows(
        .invalidDefinition,
        "stderr cannot go to '\(mode.rawValue)'",
        "'experiment'"
      ) {
        try makeCapture(.experiment, mode, inMemory: true)
      }
    }
    await assertThrows(.invalidDefinition, "stdout", "stderr") {
      try makeCapture(.both, .common, inMemory: true)
    }
  }

  func testBytesAreNotAltered() throws {
    var bytes = (0...255).map { UInt8($0) }
    bytes += bytes.reversed()
    let capture = try makeCapture(.both)
    capture.begin()
    capture.enter("a")
    put(bytes)
    capture.end()
    XCTAssertEqual(self.bytes("test/experiments/a/stdout.txt"), bytes)
    XCTAssertEqual(self.bytes("test/stdout.txt"), bytes)
  }

  func testNothingWrittenMakesNoFiles() throws {
    for mode in OutputMode.allCases {
      let capture = try makeCapture(mode, mode)
      capture.begin()
      for number in 0..<1000 {
        capture.enter("e\(number)")
        capture.leave()
      }
      capture.end()
      XCTAssertEqual(everyFile(), [], "\(mode)")
    }
  }

  func testDescriptorsAreBoundedAndGivenBack() throws {
    for isInMemory in [false, true] {
      let before = try descriptorCount()
      do {
        let capture = try makeCapture(.experiment, .experiment, inMemory: isInMemory)
        capture.begin()
        var most = 0
        for number in 0..<100 {
          capture.enter("e\(number)")
          if number % 3 == 0 { put("x") }
          if number % 2 == 0 { put("x", error: true) }
          capture.leave()
          most = max(most, try descriptorCount())
        }
        XCTAssertLessThan(most, before + 30)
        capture.end()
        XCTAssertEqual(try descriptorCount(), before + 2, "those of the terminal")
      }
      XCTAssertEqual(try descriptorCount(), before)
    }
  }

  func testEndsWhenItIsForgotten() throws {
    do {
      let capture = try makeCapture(.both)
      capture.begin()
      capture.enter("a")
      put("1")
    }
    put("2")
    XCTAssertEqual(text("terminal-output"), "2")
    XCTAssertEqual(text("test/stdout.txt"), "1")
    XCTAssertEqual(
      everyFile(),
      ["experiments", "experiments/a", "experiments/a/stdout.txt", "stdout.txt"]
    )
  }

  func testRunsAppend() throws {
    for run in 1...3 {
      let capture = try makeCapture(.both)
      capture.begin()
      put("run \(run)\n")
      capture.enter("a")
      put("a in run \(run)\n")
      capture.leave()
      capture.end()
      // One object may also do it again.
      capture.begin()
      put("again\n")
      capture.end()
    }
    XCTAssertEqual(experimentText("a"), "a in run 1\na in run 2\na in run 3\n")
    XCTAssertEqual(
      text("test/stdout.txt"),
      (1...3).map { "run \($0)\na in run \($0)\nagain\n" }.joined()
    )
  }

  /// More than have their files open at once, as branches would.
  func testManyExperimentsTakeTurns() throws {
    let ids = (0..<20).map { "e\($0)" }
    for isInMemory in [false, true] {
      let capture = try makeCapture(isInMemory ? .experiment : .both, inMemory: isInMemory)
      capture.begin()
      for turn in 0..<3 {
        // Some write in later turns only, some never.
        for (number, id) in ids.enumerated() {
          capture.enter(id)
          if number % 4 <= turn { put("\(id) \(turn)\n") }
          capture.leave()
        }
      }
      capture.end()
      for (number, id) in ids.enumerated() {
        let expected = (0..<3).filter { number % 4 <= $0 }.map { "\(id) \($0)\n" }.joined()
        let found = isInMemory ? capture.take(id).stdout : experimentText(id) ?? ""
        XCTAssertEqual(found, expected, id)
        if expected.isEmpty { XCTAssertNil(bytes("test/experiments/\(id)")) }
      }
    }
    let common = (0..<3).flatMap { turn in
      ids.enumerated().filter { $0.offset % 4 <= turn }.map { "\($0.element) \(turn)\n" }
    }
    XCTAssertEqual(text("test/stdout.txt"), common.joined())
    XCTAssertFalse(everyFile().contains { $0.hasPrefix(".") })
  }

  func testFilesAreSeenFromTheEndOfTheTurnOn() throws {
    let capture = try makeCapture(.both)
    capture.begin()
    put("outside ")
    capture.enter("a")
    XCTAssertEqual(text("test/stdout.txt"), "outside ")
    put("1")
    XCTAssertNil(experimentText("a"))
    capture.leave()
    XCTAssertEqual(experimentText("a"), "1")
    XCTAssertEqual(text("test/stdout.txt"), "outside 1")
    capture.enter("a")
    put("2")
    XCTAssertEqual(experimentText("a"), "12", "as it is written, once there is a file")
    capture.end()
  }

  func testTheTerminalCanBeWrittenMeanwhile() throws {
    let capture = try makeCapture(.common, .experiment)
    capture.begin()
    capture.enter("a")
    XCTAssertEqual(write(capture.terminalOutput, "output", 6), 6)
    XCTAssertEqual(write(capture.terminalError, "error", 5), 5)
    XCTAssertNotEqual(fcntl(capture.terminalError, F_GETFD) & FD_CLOEXEC, 0)
    XCTAssertEqual(fcntl(output, F_GETFD) & FD_CLOEXEC, 0, "programs write to it")
    capture.end()
    XCTAssertEqual(text("terminal-output"), "output")
    XCTAssertEqual(text("terminal-error"), "error")
  }

  func testAProcessWithoutTheStream() throws {
    close(output)
    let capture = try makeCapture(.experiment)
    capture.begin()
    capture.enter("a")
    put("1")
    capture.leave()
    put("into nothing")
    capture.end()
    XCTAssertEqual(experimentText("a"), "1")
    XCTAssertEqual(failures.value.map(\.message), [])
  }
}
