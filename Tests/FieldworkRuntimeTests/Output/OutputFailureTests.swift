import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

final class OutputFailureTests: OutputCaptureTestCase {
  private func makeFile(_ path: String, _ text: String = "") {
    XCTAssertTrue(
      FileManager.default.createFile(atPath: "\(directory)/\(path)", contents: Data(text.utf8))
    )
  }

  private func assertToldOnce(
    _ texts: String...,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    XCTAssertEqual(failures.value.count, 1, "\(failures.value)", file: file, line: line)
    guard let failure = failures.value.first else { return }
    XCTAssertEqual(failure.code, .store, file: file, line: line)
    for text in texts {
      XCTAssertTrue(failure.message.contains(text), failure.message, file: file, line: line)
    }
  }

  func testAFullDisk() throws {
    try requireFullDevice()
    let link = folder.path + "/stdout.txt"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
    let capture = try makeCapture(.both)
    capture.begin()
    for id in ["a", "b"] {
      capture.enter(id)
      put("of \(id)")
      capture.leave()
    }
    capture.end()
    assertToldOnce("stdout.txt", "space")
    XCTAssertEqual(experimentText("a"), "of a", "what can be kept is")
    XCTAssertEqual(experimentText("b"), "of b")
  }

  func testWithoutTheFolderOutputGoesToTheTerminal() throws {
    try FileManager.default.removeItem(atPath: folder.path)
    let capture = try makeCapture(.both, .experiment)
    capture.begin()
    put("1")
    capture.enter("a")
    put("2")
    put("3", error: true)
    capture.leave()
    capture.end()
    assertToldOnce("cannot write", "another directory")
    XCTAssertEqual(text("terminal-output"), "12")
    XCTAssertEqual(text("terminal-error"), "3")
  }

  /// What cannot be seen is kept in hidden files.
  func testAFileInPlaceOfTheFolderOfExperiments() throws {
    makeFile("test/experiments")
    let capture = try makeCapture(.experiment)
    capture.begin()
    for id in ["a", "b", "a"] {
      capture.enter(id)
      put("of \(id);")
      capture.leave()
    }
    capture.end()
    assertToldOnce("experiments/a/stdout.txt")
    assertSalvageThrows()
    try FileManager.default.removeItem(atPath: folder.path + "/experiments")
    try OutputCapture.salvage(in: folder)
    XCTAssertEqual(experimentText("a"), "of a;of a;")
    XCTAssertEqual(experimentText("b"), "of b;")
    XCTAssertFalse(everyFile().contains { $0.hasPrefix(".") })
  }

  private func assertSalvageThrows() {
    XCTAssertThrowsError(try OutputCapture.salvage(in: folder)) {
      XCTAssertEqual(($0 as? FieldworkError)?.code, .store)
      XCTAssertTrue("\($0)".contains("hidden files"), "\($0)")
    }
  }

  func testAFileThatComesUpInTheTurnIsAppendedTo() throws {
    let capture = try makeCapture(.common)
    capture.begin()
    makeFile("test/stdout.txt", "other;")
    put("1")
    capture.enter("a")
    put("2")
    capture.leave()
    put("3")
    capture.end()
    XCTAssertEqual(text("test/stdout.txt"), "other;123")
    XCTAssertEqual(everyFile(), ["stdout.txt"])
  }

  func testAUnitMakesItsFileShorter() throws {
    let capture = try makeCapture(.both)
    capture.begin()
    capture.enter("a")
    put("12345")
    capture.leave()
    capture.enter("a")
    XCTAssertEqual(truncate(folder.experimentPath("a") + "/stdout.txt", 0), 0)
    put("6")
    capture.leave()
    capture.enter("a")
    put("7")
    capture.end()
    XCTAssertEqual(experimentText("a"), "67")
    XCTAssertEqual(text("test/stdout.txt")?.hasPrefix("12345"), true)
    XCTAssertEqual(text("test/stdout.txt")?.hasSuffix("7"), true)
  }

  // MARK: What dead processes have left

  func testSalvage() throws {
    makeFile("test/.a.stdout.txt.41", "a of 41")
    makeFile("test/.b.stderr.txt.41", "b of 41")
    makeFile("test/.c.stdout.txt.41")
    makeFile("test/.stdout.txt.41", "common of 41;")
    makeFile("test/.stdout.txt.42", "common of 42;")
    makeFile("test/stdout.txt", "before;")
    makeFile("test/.other.txt.41", "something else")
    try OutputCapture.salvage(in: folder, process: 41)
    XCTAssertEqual(experimentText("a"), "a of 41")
    XCTAssertEqual(experimentText("b", "stderr.txt"), "b of 41")
    XCTAssertEqual(text("test/stdout.txt"), "before;common of 41;")
    XCTAssertEqual(
      everyFile().filter { $0.hasPrefix(".") },
      [".other.txt.41", ".stdout.txt.42"]
    )
    try OutputCapture.salvage(in: folder)
    XCTAssertEqual(text("test/stdout.txt"), "before;common of 41;common of 42;")
    XCTAssertEqual(everyFile().filter { $0.hasPrefix(".") }, [".other.txt.41"])
  }

  func testNamesOfHiddenFiles() {
    for experiment in [nil, "0123456789abcdef", "1_0123", "with.dots"] {
      for stream in StandardStream.allCases {
        let hidden = HiddenOutput(experiment: experiment, stream, process: 4711)
        XCTAssertTrue(hidden.fileName.hasPrefix("."))
        XCTAssertEqual(HiddenOutput(fileName: hidden.fileName), hidden)
      }
    }
    for name in [
      "stdout.txt", ".stdout.txt", ".stdout.txt.x", ".a.stdin.txt.1", "a.stdout.txt.1", "",
    ] {
      XCTAssertNil(HiddenOutput(fileName: name), name)
    }
  }
}
