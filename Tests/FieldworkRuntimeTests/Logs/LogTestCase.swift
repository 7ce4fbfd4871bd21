import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import Logging
import XCTest

/// Tests with logs in a folder of their own.
class LogTestCase: RuntimeTestCase {
  let failures = Shared<[FieldworkError]>([])

  var folder: ResearchFolder { ResearchFolder(directory: directory, name: "test") }

  override func setUpWithError() throws {
    try super.setUpWithError()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
  }

  func makeBook(
    _ threshold: Logger.Level,
    name: String = "test",
    _ place: RunLog.Place? = nil
  ) -> RunLog {
    RunLog(name: name, place ?? .folder(folder), threshold: threshold) { [failures] failure in
      failures.change { $0.append(failure) }
    }
  }

  /// The lines of a log without their times, of which it checks the form; nil if there is no log.
  func lines(_ path: String, file: StaticString = #filePath, line: UInt = #line) -> [String]? {
    guard let data = FileManager.default.contents(atPath: "\(folder.path)/\(path)") else {
      return nil
    }
    let text = String(decoding: data, as: UTF8.self)
    XCTAssertTrue(text.isEmpty || text.hasSuffix("\n"), text, file: file, line: line)
    return text.split(separator: "\n").map { entry in
      let pattern = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z (.*)/
      guard let match = entry.wholeMatch(of: pattern) else { return String(entry) }
      return String(match.1)
    }
  }

  func experimentLines(_ id: String) -> [String]? { lines("experiments/\(id)/experiment.log") }
}
