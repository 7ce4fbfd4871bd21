import Fieldwork
import Foundation
import XCTest

/// Rows 38 to 42, and 46 to 50: what a run records, and on what it depends.
final class AcceptanceRecordTests: AcceptanceRunCase {
  // MARK: Provenance from the command line

  func testRow038_gitFromTheCommandLine() throws {
    let repository = try GitRepository(directory.appendingPathComponent("code"))
    XCTAssertEqual(try runPlaybook("--provenance", "git:\(repository.path)").status, 0)
    let items = try Research.load(folder("small").path).provenance()
    XCTAssertEqual(Set(items.map(\.topic)), ["git code"])
    let commit = items.first { $0.item == "commit" }
    XCTAssertEqual(commit?.text, try repository.git("rev-parse", "HEAD"))
  }

  func testRow039_theEnvironmentFromTheCommandLine() throws {
    XCTAssertEqual(try runPlaybook("--provenance", "environment", "--seed", "4").status, 0)
    let items = try Research.load(folder("small").path).provenance()
    XCTAssertEqual(Set(items.map(\.topic)), ["environment", "variables"])
    let line = try XCTUnwrap(items.first { $0.item == "command line" }?.text)
    XCTAssertTrue(line.contains("TestPlaybook --provenance environment --seed 4"), line)
    XCTAssertEqual(try runPlaybook("--name", "usual").status, 0)
    let usual = Set(try Research.load(folder("usual").path).provenance().map(\.topic))
    XCTAssertTrue(usual.isSuperset(of: ["environment", "git"]), "by default: \(usual)")
  }

  // MARK: Seeds

  /// Sampled values, weights, and random numbers of experiments.
  private func random(seed: UInt64?) -> Research {
    Research("random", configs: 6, seed: seed) {
      0.5 * Domain("a" <- .uniform(0...1)) + 1.5 * Domain("b" <- .normal())
      Unit("f", saving: "y") { run in run.random.uniform() }
    }
  }

  func testRow040_theSameSeedGivesTheSameRun() async throws {
    let (first, second) = (try await random(seed: 7).run(), try await random(seed: 7).run())
    XCTAssertEqual(first.experiments.map(\.id), second.experiments.map(\.id))
    XCTAssertEqual(first.experiments.map(\.config), second.experiments.map(\.config))
    XCTAssertEqual(everything(first), everything(second))
    let other = try await random(seed: 8).run()
    XCTAssertNotEqual(first.experiments.map(\.config), other.experiments.map(\.config))
    XCTAssertNotEqual(first.lastValues(of: "y"), other.lastValues(of: "y"))
  }

  func testRow041_withoutASeedOneIsDrawnAndNoted() async throws {
    let (first, second) = (try await random(seed: nil).run(), try await random(seed: nil).run())
    XCTAssertNotEqual(first.lastValues(of: "y"), second.lastValues(of: "y"))
    guard case .string(let text) = first.notes["seed"], let seed = UInt64(text) else {
      return XCTFail("no seed in \(first.notes)")
    }
    let again = try await random(seed: seed).run()
    XCTAssertEqual(everything(again), everything(first), "so it can be repeated all the same")
  }

  // MARK: Profiles

  func testRow042_offSimpleAndDetailed() async throws {
    func timings(_ profile: Profiling) async throws -> [UnitTiming] {
      let store = try DatabaseStore.inMemory()
      _ = try await Research("profiled", iterations: 2, seed: 1, profile: profile) {
        Domain("x" <- [3])
        Unit("f", saving: "y", { (x: Int) in x }, EC("x"))
      }.run(store: store)
      return try store.profile().map(\.timing)
    }
    let off = try await timings(.off)
    XCTAssertEqual(off, [])
    let simple = try await timings(.simple)
    XCTAssertEqual(simple.map(\.iteration), [0, 1])
    XCTAssertTrue(simple.allSatisfy { $0.unit == "f" && $0.total >= $0.call && $0.call >= 0 })
    XCTAssertTrue(simple.allSatisfy { $0.evaluation == nil && $0.memory == nil })
    let detailed = try await timings(.detailed)
    XCTAssertEqual(detailed.map(\.iteration), [0, 1])
    XCTAssertTrue(detailed.allSatisfy { $0.evaluation != nil }, "\(detailed)")
    #if os(Linux)
      XCTAssertTrue(detailed.allSatisfy { $0.memory ?? 0 > 0 }, "\(detailed)")
    #endif
  }

  // MARK: Ids

  func testRow046_idsThatCanBeSorted() async throws {
    func prefixes(_ digits: Int, _ domain: Domain) async throws -> [String] {
      let results = try await Research("ids", repetitions: 2, seed: 1, idPrefix: digits) {
        domain
        Unit("f") { _ in 1 }
      }.run()
      let ids = results.experiments.map(\.id)
      XCTAssertTrue(ids.allSatisfy { $0.count > 16 }, "the stable id follows: \(ids)")
      return ids.map { String($0.dropLast(16)) }
    }
    let product = try await prefixes(1, Domain("a" <- ["x", "y"], "b" <- [1.5, 2.5]))
    XCTAssertEqual(
      product,
      ["0_0_0_", "0_1_0_", "1_0_0_", "1_1_0_", "0_0_1_", "0_1_1_", "1_0_1_", "1_1_1_"]
    )
    let sum = try await prefixes(2, Domain("x" <- [1, 2]) + Domain("y" <- [3]))
    XCTAssertEqual(
      sum,
      ["00_null_00_", "01_null_00_", "null_00_00_", "00_null_01_", "01_null_01_", "null_00_01_"]
    )
  }

  // MARK: Output

  /// What the playbook `printing` writes to a stream in an experiment.
  private func printed(_ stream: String, _ size: Int) -> String {
    "\(stream) of \(size)\n  no newline at the end|"
  }

  /// Where the words of a stream are found after a run.
  private struct Places: Equatable {
    let terminal: String
    let common: String?
    let experiments: [String?]
  }

  private func places(
    _ stream: StandardStream,
    _ mode: String?,
    _ more: String...
  ) throws -> Places {
    let name = "\(stream.rawValue) \(mode ?? "default") \(more.joined())"
    let other = stream == .stdout ? "stderr" : "stdout"
    let options =
      ["--parallel", "serial", "--name", name, "--no-progress", "--\(other)", "terminal"] + more
      + (mode.map { ["--\(stream.rawValue)", $0] } ?? [])
    let run = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(options),
      environment: ["TEST_PLAYBOOK": "printing"]
    )
    XCTAssertEqual(run.status, 0, run.error)
    let words = stream == .stdout ? run.output : run.error
    let file = "\(stream.rawValue).txt"
    let ids =
      exists(folder(name).databasePath)
      ? try ResearchResults.load(folder(name).path).experiments.map(\.id) : []
    return Places(
      terminal: [1, 2].map { printed(stream.rawValue, $0) }.filter(words.contains).joined(),
      common: try? text("\(folder(name).path)/\(file)"),
      experiments: ids.map { try? text("\(folder(name).experimentPath($0))/\(file)") }
    )
  }

  private func assertRedirection(
    of stream: StandardStream,
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws {
    let (one, two) = (printed(stream.rawValue, 1), printed(stream.rawValue, 2))
    let terminal = Places(terminal: one + two, common: nil, experiments: [nil, nil])
    let common = Places(terminal: "", common: one + two, experiments: [nil, nil])
    let experiment = Places(terminal: "", common: nil, experiments: [one, two])
    let both = Places(terminal: "", common: one + two, experiments: [one, two])
    for (mode, expected) in [
      ("terminal", terminal), ("0", terminal), ("common", common), ("1", common),
      ("experiment", experiment), ("2", experiment), ("both", both), ("3", both),
    ] {
      XCTAssertEqual(try places(stream, mode), expected, mode, file: file, line: line)
    }
    // What the system says of a crash is not to be hidden.
    let usual = stream == .stdout ? common : terminal
    XCTAssertEqual(try places(stream, nil), usual, "with files", file: file, line: line)
    XCTAssertEqual(
      try places(stream, nil, "--store", "memory"),
      Places(terminal: one + two, common: nil, experiments: []),
      "in memory",
      file: file,
      line: line
    )
  }

  func testRow047_whereTheOutputGoes() throws { try assertRedirection(of: .stdout) }

  func testRow048_whereErrorsGo() throws { try assertRedirection(of: .stderr) }

  func testRow049_aCommonFileNeedsFiles() throws {
    for (mode, name) in [("1", "common"), ("both", "both")] {
      try assertRefused(
        "--store",
        "memory",
        "--parallel",
        "serial",
        "--stdout",
        mode,
        research: "printing",
        saying:
          "TestPlaybook/Observed.swift:18: error: stdout cannot go to '\(name)': results in memory have no folder for its "
          + "file; choose 'experiment' or 'terminal', or keep the results in files\n"
          + "error: the research cannot be run: 1 problem"
      )
    }
  }

  // MARK: A name that is there

  func testRow050_anExistingNameIsGoneOnWith() async throws {
    func research(_ values: ClosedRange<Int>, _ unit: String = "f") -> Research {
      Research("existing", seed: 1) {
        Domain("x" <- values)
        Unit(unit, saving: "y") { run in run.random.uniform() }
      }
    }
    try await runInFolder(research(1...2))
    let first = try ResearchResults.load(folder("existing").path)
    let more = try await runInFolder(research(1...4))
    XCTAssertEqual([more.skipped, more.done], [2, 2])
    await assertFails(.invalidDefinition, "has changed since its results were begun", "--fresh") {
      try await runInFolder(research(1...4, "other"))
    }
    let last = try ResearchResults.load(folder("existing").path)
    XCTAssertEqual(last.experiments.count, 4)
    XCTAssertEqual(Array(saved("y", last).prefix(2)), saved("y", first), "nothing was lost")
  }
}
