import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import Logging
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

final class RunLogTests: LogTestCase {
  func testRecordsOfTheResearchAndOfExperiments() {
    let book = makeBook(.info)
    book.write(.info, "one")
    book.write(.warning, "two", metadata: ["k": "v"], experiment: "a")
    book.write(.error, "three\nfour", experiment: "b")
    XCTAssertEqual(
      lines("research.log"),
      ["INFO test one", "WARNING test.a two k=v", "ERROR test.b three", "    four"]
    )
    XCTAssertEqual(experimentLines("a"), ["WARNING test.a two k=v"])
    XCTAssertEqual(experimentLines("b"), ["ERROR test.b three", "    four"])
    XCTAssertEqual(failures.value.map(\.message), [])
  }

  func testRunsAppend() {
    for run in 1...3 { makeBook(.info).write(.info, "run \(run)", experiment: "a") }
    let expected = (1...3).map { "INFO test.a run \($0)" }
    XCTAssertEqual(lines("research.log"), expected)
    XCTAssertEqual(experimentLines("a"), expected)
  }

  /// Two books write as two processes do.
  func testRecordsFromManyThreadsAreWhole() {
    let books = [makeBook(.info), makeBook(.info)]
    let long = String(repeating: "x", count: 5000)
    DispatchQueue.concurrentPerform(iterations: 400) { number in
      books[number % 2].write(.info, "\(long) \(number)", experiment: "e\(number % 10)")
    }
    let expected = Set((0..<400).map { "INFO test.e\($0 % 10) \(long) \($0)" })
    XCTAssertEqual(lines("research.log")?.count, 400)
    XCTAssertEqual(lines("research.log").map(Set.init), expected)
    for id in 0..<10 { XCTAssertEqual(experimentLines("e\(id)")?.count, 40) }
  }

  func testDescriptorsAreBoundedAndGivenBack() throws {
    func count() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/dev/fd").count
    }
    let before = try count()
    do {
      let book = makeBook(.info)
      for number in 0..<100 { book.write(.info, "m", experiment: "e\(number)") }
      XCTAssertEqual(try count(), before + 1)
    }
    XCTAssertEqual(try count(), before)
  }

  func testToADescriptor() throws {
    let file = open(folder.path + "/stderr", O_WRONLY | O_CREAT, 0o600)
    do {
      let book = makeBook(.error, .descriptor(file))
      book.write(.error, "failed", experiment: "a")
    }
    XCTAssertEqual(close(file), 0, "still open")
    XCTAssertEqual(lines("stderr"), ["ERROR test.a failed"])
    XCTAssertEqual(FileManager.default.subpaths(atPath: folder.path), ["stderr"])
  }

  // MARK: Failures

  func testAFullDiskIsToldOnce() throws {
    try requireFullDevice()
    let path = folder.path + "/research.log"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
    let book = makeBook(.info)
    for _ in 0..<3 { book.write(.info, "m", experiment: "a") }
    XCTAssertEqual(failures.value.count, 1)
    XCTAssertEqual(failures.value.first?.code, .store)
    XCTAssertTrue(failures.value.first?.message.contains("research.log") ?? false)
    XCTAssertEqual(experimentLines("a")?.count, 3, "the other log is written")
  }

  func testWithoutAFolder() throws {
    try FileManager.default.removeItem(atPath: folder.path)
    let book = makeBook(.info)
    for _ in 0..<3 { book.write(.info, "m") }
    XCTAssertEqual(failures.value.count, 1)
  }

  /// The function that takes a failure may write to the log.
  func testReportingAFailureMayLog() throws {
    let reports = Shared(0)
    let folder = ResearchFolder(directory: directory, name: "missing")
    let books = Shared<[RunLog]>([])
    let book = RunLog(name: "test", .folder(folder), threshold: .info) { _ in
      reports.change { $0 += 1 }
      books.value.first?.write(.error, "again")
    }
    books.change { $0 = [book] }
    book.write(.info, "m")
    XCTAssertEqual(reports.value, 1)
    books.change { $0 = [] }
  }
}
