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

final class LogBookTests: LogTestCase {
  func testRecordsOfTheResearchAndOfExperiments() {
    let book = makeBook(.info)
    book.logger().info("one")
    book.logger(experiment: "a").warning("two", metadata: ["k": "v"])
    book.logger(experiment: "b").error("three\nfour")
    XCTAssertEqual(
      lines("research.log"),
      ["INFO test one", "WARNING test.a two k=v", "ERROR test.b three", "    four"]
    )
    XCTAssertEqual(experimentLines("a"), ["WARNING test.a two k=v"])
    XCTAssertEqual(experimentLines("b"), ["ERROR test.b three", "    four"])
    XCTAssertEqual(failures.value.map(\.message), [])
  }

  func testEveryThreshold() throws {
    for threshold in Logger.Level.allCases {
      try tearDownWithError()
      try setUpWithError()
      let book = makeBook(threshold)
      for level in Logger.Level.allCases { book.logger(experiment: "a").log(level: level, "m") }
      let expected = Logger.Level.allCases.filter { $0 >= threshold }
        .map { "\($0.rawValue.uppercased()) test.a m" }
      XCTAssertEqual(lines("research.log"), expected)
      XCTAssertEqual(experimentLines("a"), expected)
    }
  }

  func testNothingIsMadeWithoutARecord() {
    let book = makeBook(.notice)
    var evaluations = 0
    func text() -> Logger.Message {
      evaluations += 1
      return "m"
    }
    for number in 0..<100 { book.logger(experiment: "e\(number)").info(text()) }
    book.logger().debug(text())
    XCTAssertEqual(evaluations, 0)
    XCTAssertEqual(FileManager.default.subpaths(atPath: folder.path), [])
  }

  func testMetadataOfLoggersAndErrors() {
    var logger = makeBook(.info).logger()
    logger[metadataKey: "a"] = "1"
    logger[metadataKey: "b"] = "2"
    var other = logger
    other[metadataKey: "a"] = "3"
    other.logLevel = .critical
    logger.info("m", metadata: ["b": "4"])
    other.info("left out")
    other.critical("n")
    logger.error("o", error: TestError("why"))
    XCTAssertEqual(
      lines("research.log"),
      ["INFO test m a=1 b=4", "CRITICAL test n a=3 b=2", "ERROR test o a=1 b=2 error=why"]
    )
  }

  func testRunsAppend() {
    for run in 1...3 { makeBook(.info).logger(experiment: "a").info("run \(run)") }
    let expected = (1...3).map { "INFO test.a run \($0)" }
    XCTAssertEqual(lines("research.log"), expected)
    XCTAssertEqual(experimentLines("a"), expected)
  }

  /// Two books write as two processes do.
  func testRecordsFromManyThreadsAreWhole() {
    let books = [makeBook(.info), makeBook(.info)]
    let long = String(repeating: "x", count: 5000)
    DispatchQueue.concurrentPerform(iterations: 400) { number in
      books[number % 2].logger(experiment: "e\(number % 10)").info("\(long) \(number)")
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
      for number in 0..<100 { book.logger(experiment: "e\(number)").info("m") }
      XCTAssertEqual(try count(), before + 1)
    }
    XCTAssertEqual(try count(), before)
  }

  func testToADescriptor() throws {
    let file = open(folder.path + "/stderr", O_WRONLY | O_CREAT, 0o600)
    do {
      let book = makeBook(.error, .descriptor(file))
      book.logger().notice("left out")
      book.logger(experiment: "a").error("failed")
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
    for _ in 0..<3 { book.logger(experiment: "a").info("m") }
    XCTAssertEqual(failures.value.count, 1)
    XCTAssertEqual(failures.value.first?.code, .store)
    XCTAssertTrue(failures.value.first?.message.contains("research.log") ?? false)
    XCTAssertEqual(experimentLines("a")?.count, 3, "the other log is written")
  }

  func testWithoutAFolder() throws {
    try FileManager.default.removeItem(atPath: folder.path)
    let book = makeBook(.info)
    for _ in 0..<3 { book.logger().info("m") }
    XCTAssertEqual(failures.value.count, 1)
  }

  /// Who is told of a failure may write to the log.
  func testTellingAFailureMayLog() throws {
    let told = Shared(0)
    let folder = ResearchFolder(directory: directory, name: "missing")
    let loggers = Shared<[Logger]>([])
    let book = LogBook(name: "test", .folder(folder), threshold: .info) { _ in
      told.change { $0 += 1 }
      loggers.value.first?.error("again")
    }
    loggers.change { $0 = [book.logger()] }
    book.logger().info("m")
    XCTAssertEqual(told.value, 1)
    loggers.change { $0 = [] }
  }
}
