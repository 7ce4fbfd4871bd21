import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Cached units of experiments in worker processes.
final class CommandLineCacheTests: CommandLineTestCase {
  private var count: URL { directory.appendingPathComponent("count") }

  private func environment(_ more: [String: String] = [:]) -> [String: String] {
    ["CACHING_COUNT": count.path].merging(more) { $1 }
  }

  private func cachingRun(_ arguments: String..., environment more: [String: String] = [:]) throws
    -> ProcessRun
  {
    try runPlaybook(
      ["run", "--no-progress"] + arguments,
      research: "caching",
      environment: environment(more)
    )
  }

  /// The lines of the file that counts, sorted.
  private var lines: [String] {
    let text = (try? String(contentsOf: count, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init).sorted()
  }

  private let once = ["folder a", "folder b", "folder c", "value a", "value b", "value c"]

  private func assertResults(line: UInt = #line) throws {
    let results = try ResearchResults.load(directory.path + "/caching")
    XCTAssertEqual(results.experiments.count { $0.state == .done }, 60, line: line)
    for experiment in results.experiments {
      let data = try experiment.config["data", as: String.self]
      let x = try experiment.config["x", as: Double.self]
      let sum = 499_500.0 + 1000 * Double(data.utf8.first ?? 0) + x
      XCTAssertEqual(
        results.values(of: "sum", in: experiment.id).map(\.value),
        [.double(sum)],
        line: line
      )
      XCTAssertEqual(
        results.values(of: "text", in: experiment.id).map(\.value),
        [.string(data + data)],
        line: line
      )
    }
  }

  func testEachInputIsPreparedOnceAtAnyNumberOfWorkers() throws {
    for workers in ["1", "2", "8"] {
      try? FileManager.default.removeItem(at: count)
      let cache = directory.path + "/cache-\(workers)"
      let run = try cachingRun("--workers", workers, "--cache", cache, "--fresh", "--yes")
      XCTAssertEqual(run.status, 0, run.error)
      XCTAssertEqual(lines, once, "\(workers) workers")
      try assertResults()
    }
    // Another research with the same units.
    let other = try cachingRun("--name", "other", "--cache", directory.path + "/cache-2")
    XCTAssertEqual(other.status, 0, other.error)
    XCTAssertEqual(lines, once)
  }

  func testKillsCostNoEntryAndLeaveNoLock() throws {
    let mark = ProcessMark()
    let more = mark.environment.merging(["CACHING_PAUSE": "0.6"]) { $1 }
    // In the middle of the first value, of the first folder, and later.
    for delay in [0.5, 1.0, 1.4] {
      let run = try start(
        "run",
        "--no-progress",
        "--workers",
        "4",
        research: "caching",
        environment: environment(more)
      )
      usleep(UInt32(delay * 1e6))
      let workers = mark.children(of: run.process.id)
      if let victim = workers.first { kill(victim, SIGKILL) }
      usleep(50_000)
      run.signal(SIGKILL)
      XCTAssertEqual(mark.waitUntilGone(), [])
      _ = try run.finish()
    }
    let whole = try cachingRun("--workers", "4", environment: ["CACHING_PAUSE": "0.1"])
    XCTAssertEqual(whole.status, 0, whole.error)
    try assertResults()
    let before = lines
    XCTAssertEqual(Set(before), Set(once))
    // All is there now.
    let again = try cachingRun("--workers", "4", "--fresh", "--yes")
    XCTAssertEqual(again.status, 0, again.error)
    XCTAssertEqual(lines, before)
    let left = try FileManager.default.contentsOfDirectory(
      atPath: directory.path + "/caching/cache/new"
    )
    XCTAssertEqual(left, [])
  }

  func testListAndRemove() throws {
    XCTAssertEqual(try cachingRun().status, 0)
    func cache(_ arguments: String...) throws -> ProcessRun {
      try runPlaybook(["cache"] + arguments, research: "caching", environment: [:])
    }
    let list = try cache("list")
    XCTAssertEqual(list.status, 0, list.error)
    XCTAssertEqual(list.output.split(separator: "\n").count, 8)
    XCTAssertTrue(list.output.contains("prepare"), list.output)
    XCTAssertTrue(list.output.contains("[\"a\"]"), list.output)
    XCTAssertTrue(list.error.contains("6 outputs"), list.error)
    let json = try cache("list", "--json").output.split(separator: "\n")
    XCTAssertEqual(json.count, 6)
    let entry = try XCTUnwrap(json.first.flatMap { try? Value(parsing: String($0)) })
    guard case .dictionary(let values) = entry, case .string(let key)? = values["key"] else {
      return XCTFail("\(entry)")
    }
    XCTAssertEqual(try cache("remove", String(key.prefix(8))).status, 0)
    XCTAssertEqual(try cache("remove", "prepare").status, 0)
    XCTAssertEqual(try cache("remove", "prepare").status, 1)
    XCTAssertEqual(try cache("remove", "--all").status, 0)
    XCTAssertEqual(try cache("list").output, "")
    try assertRefused(
      "cache",
      "remove",
      research: "caching",
      saying: "error: 'cache remove' needs a unit, the beginning of a key, or --all"
    )
  }

  func testAnotherVersionAndNoCache() throws {
    XCTAssertEqual(try cachingRun().status, 0)
    let version = try cachingRun(environment: ["CACHING_VERSION": "2"])
    XCTAssertTrue(version.output.contains("60 experiments done"), version.output)
    XCTAssertEqual(lines.count, 12)
    let off = try cachingRun("--no-cache", "--fresh", "--yes", environment: ["CACHING_PAUSE": "0"])
    XCTAssertEqual(off.status, 0, off.error)
    XCTAssertEqual(lines.count, 12 + 120)
    try assertResults()
  }
}
