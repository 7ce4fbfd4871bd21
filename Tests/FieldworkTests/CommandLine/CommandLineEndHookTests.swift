import FieldworkRuntime
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `--on-end` runs a command when the run has ended.
final class CommandLineEndHookTests: CommandLineTestCase {
  private var summary: String { directory.appendingPathComponent("summary.json").path }

  private func values() throws -> [String: Any] {
    let data = try XCTUnwrap(FileManager.default.contents(atPath: summary))
    return try XCTUnwrap(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  func testTheCommandGetsTheSummary() throws {
    let run = try runPlaybook("run", "--on-end", "cat > '\(summary)'")
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertEqual(try values()["done"] as? Int, 4)
    XCTAssertEqual(try values()["name"] as? String, "small")
    let json = try runPlaybook("run", "--json", "--on-end", "cat > '\(summary)'")
    XCTAssertEqual(json.status, 0, json.error)
    XCTAssertEqual(try values()["stored"] as? Int, 4)
  }

  func testACommandThatFailsIsAWarning() throws {
    let run = try runPlaybook("run", "--on-end", "exit 3")
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(
      run.error.contains("--on-end did not succeed: it ended with exit code 3"),
      run.error
    )
  }

  func testTheCommandGetsTheErrorThatHasEndedTheRun() throws {
    XCTAssertEqual(try runPlaybook("run").status, 0)
    let run = try runPlaybook("run", "--where", "size == 99", "--on-end", "cat > '\(summary)'")
    XCTAssertEqual(run.status, 2, run.output + run.error)
    let error = try XCTUnwrap(try values()["error"] as? String)
    XCTAssertTrue(run.error.contains(error), error)
  }

  func testASignalEndsTheCommand() throws {
    let begun = directory.appendingPathComponent("begun").path
    let run = try start("run", "--on-end", "touch '\(begun)'; sleep 60", research: "small")
    while !FileManager.default.fileExists(atPath: begun) { usleep(10_000) }
    kill(run.process.id, SIGINT)
    let ended = try run.finish()
    XCTAssertEqual(ended.status, 0, ended.error)
    XCTAssertTrue(ended.error.contains("it was interrupted and killed"), ended.error)
  }
}
