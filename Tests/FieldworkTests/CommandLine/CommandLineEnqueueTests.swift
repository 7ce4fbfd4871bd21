import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Configs that are added from the command line, equal configs, and drawn values.
final class CommandLineEnqueueTests: CommandLineTestCase {
  private func doubles(_ arguments: String..., environment: [String: String] = [:]) throws
    -> ProcessRun
  {
    try runPlaybook(arguments, research: "doubles", environment: environment)
  }

  private func products() throws -> [Double] {
    let results = try ResearchResults.load(directory.path + "/doubles")
    return results.experiments.filter { $0.state == .done }.compactMap {
      results.values(of: "y", in: $0.id).last?.value.number
    }.map { ($0 * 100).rounded() / 100 }.sorted()
  }

  private func ids(_ result: ProcessRun) -> [String] {
    result.output.split(separator: "\n").compactMap { line in
      guard case .dictionary(let values)? = try? Value(parsing: String(line)),
        case .string(let id)? = values["id"]
      else { return nil }
      return id
    }
  }

  // MARK: Equal configs

  func testEqualConfigsRunOnce() throws {
    let both = try doubles("run", "--no-progress")
    XCTAssertTrue(both.output.contains("6 experiments done"), both.output)
    let skip = ["DOUBLES_SKIP": "1"]
    let listed = try doubles("configs", "--json", environment: skip)
    let ids = ids(listed)
    XCTAssertEqual(ids.count, 6, "each place of the plan is shown")
    XCTAssertEqual(ids[4], ids[3])
    XCTAssertEqual(Set(ids).count, 5)
    let text = try doubles("configs", environment: skip)
    XCTAssertTrue(text.output.contains("5 experiments\n"), text.output)
    XCTAssertTrue(text.output.contains("more than once, but each runs once"), text.output)
    let once = try doubles("run", "--no-progress", "--fresh", "--yes", environment: skip)
    XCTAssertTrue(once.output.contains("5 experiments done"), once.output)
    XCTAssertFalse(once.error.contains("more than once"), once.error)
    XCTAssertEqual(try products(), [0.1, 0.2, 0.2, 0.4, 0.6])
    let dry = try doubles("run", "--dry-run", environment: skip)
    XCTAssertTrue(dry.output.contains("5"), dry.output)
  }

  // MARK: Added configs

  func testAddedConfigsRunFirstAndStay() throws {
    let run = try doubles(
      "run",
      "--no-progress",
      "--add",
      "rate=0.5 width=7",
      "--add",
      "width=2 rate=0.1"
    )
    XCTAssertEqual(run.status, 0, run.error)
    // The second one is one of the domain, too, and runs once.
    XCTAssertTrue(run.output.contains("7 experiments done"), run.output)
    let table = try doubles("results", "--format", "csv")
    XCTAssertEqual(rows(table.output).count, 7)
    let again = try doubles("run", "--no-progress")
    XCTAssertTrue(again.output.contains("0 experiments done, 7 already stored"), again.output)
    let more = try doubles("run", "--no-progress", "--add", "rate=0.5 width=8")
    XCTAssertTrue(more.output.contains("1 experiment done, 7 already stored"), more.output)
    XCTAssertEqual(try products(), [0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 3.5, 4])
    let first = ids(try doubles("configs", "--json"))
    XCTAssertEqual(first.count, 8)
    let results = try ResearchResults.load(directory.path + "/doubles")
    let added = try results.experiments.filter { try $0.config["rate", as: Double.self] == 0.5 }
    XCTAssertTrue(first.prefix(3).contains(added[0].id))
  }

  func testEnqueueIntoARun() throws {
    let pause = ["DOUBLES_PAUSE": "0.7"]
    let run = try start(
      "run",
      "--no-progress",
      "--workers",
      "1",
      research: "doubles",
      environment: pause
    )
    usleep(1_200_000)
    let added = try doubles("enqueue", "rate=0.5 width=7", "rate=0.1 width=1")
    XCTAssertEqual(added.status, 0, added.error)
    XCTAssertTrue(added.output.contains("'rate=0.5 width=7' runs next"), added.output)
    XCTAssertTrue(added.output.contains("'rate=0.1 width=1' is"), added.output)
    let refused = try doubles("enqueue", "rate=x width=7")
    XCTAssertEqual(refused.status, 2)
    let result = try run.finish()
    XCTAssertEqual(result.status, 0, result.error)
    XCTAssertTrue(result.output.contains("7 experiments done"), result.output)
    XCTAssertEqual(try products(), [0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 3.5])
    let idle = try doubles("enqueue", "rate=0.5 width=9")
    XCTAssertTrue(idle.output.contains("runs first in the next run"), idle.output)
    let known = try doubles("enqueue", "rate = 0.5, width = 7", "rate=0.5 width=9")
    XCTAssertTrue(known.output.contains("'rate = 0.5, width = 7' is done already"), known.output)
    XCTAssertTrue(known.output.contains("'rate=0.5 width=9' was added before"), known.output)
    let swapped = try doubles("enqueue", "width=9, rate=0.5")
    XCTAssertTrue(swapped.output.contains("'width=9, rate=0.5' was added before"), swapped.output)
    let next = try doubles("run", "--no-progress")
    XCTAssertTrue(next.output.contains("1 experiment done, 7 already stored"), next.output)
  }

  /// A run of some experiments goes through the plan as it was.
  func testEnqueueIntoARunOfSomeExperiments() throws {
    let run = try start(
      "run",
      "--no-progress",
      "--workers",
      "1",
      "--where",
      "rate == 0.2",
      research: "doubles",
      environment: ["DOUBLES_PAUSE": "0.7"]
    )
    usleep(1_200_000)
    let added = try doubles("enqueue", "rate=0.2 width=7", "rate=0.2 width=8")
    XCTAssertEqual(added.status, 0, added.error)
    XCTAssertTrue(added.output.contains("runs first in the next run"), added.output)
    let result = try run.finish()
    XCTAssertEqual(result.status, 0, result.error)
    XCTAssertEqual(try products(), [0.2, 0.4, 0.4, 0.6])
    let next = try doubles("run", "--no-progress")
    XCTAssertEqual(next.status, 0, next.error)
    XCTAssertTrue(try products().contains(1.6), next.output)
  }

  func testWorkersWithConfigsTakeNoAddedOnes() throws {
    let result = try runPlaybook(
      ["run", "--no-progress", "--add", "a=1"],
      research: "listed",
      environment: [:]
    )
    XCTAssertEqual(result.status, 2)
    XCTAssertTrue(result.error.contains("with configs for workers or branches"), result.error)
  }

  func testALargeDomainTakesAddedConfigs() throws {
    let result = try doubles(
      "run",
      "--dry-run",
      "--add",
      "rate=0.5 width=1",
      "--set",
      "width=1...1000000000"
    )
    XCTAssertEqual(result.status, 0, result.error)
  }

  func testBadConfigsAreRefused() throws {
    for (text, message) in [
      ("rate=0.5", "add width"), ("rate=0.5 width=1 depth=2", "no parameter 'depth'"),
      ("rate=fast width=1", "'fast' is not of type double"),
      ("rate 0.5", "write pairs such as rate=0.3"),
      ("rate=0.5 rate=0.6 width=1", "'rate' is given twice"),
      ("rate=0.5,0.6 width=1", "give one value for 'rate'"), ("", "write pairs such as rate=0.3"),
    ] {
      let result = try doubles("run", "--no-progress", "--add", text)
      XCTAssertEqual(result.status, 2, text)
      XCTAssertTrue(result.error.contains(message), "\(text): \(result.error)")
    }
  }

  // MARK: Drawn values

  func testSetTakesSamplersAndRanges() throws {
    let range = try doubles("configs", "--json", "--set", "width=1...10")
    XCTAssertEqual(ids(range).count, 30)
    let drawn = try doubles(
      "configs",
      "--json",
      "--set",
      "rate=logUniform(1e-4...1e-1)",
      "--set",
      "width=1...2",
      "--seed",
      "3"
    )
    XCTAssertEqual(drawn.status, 0, drawn.error)
    let rates = drawn.output.split(separator: "\n").compactMap { line -> Double? in
      guard case .dictionary(let values)? = try? Value(parsing: String(line)),
        case .dictionary(let config)? = values["config"]
      else { return nil }
      return config["rate"]?.number
    }
    XCTAssertEqual(rates.count, 4)
    XCTAssertTrue(rates.allSatisfy { (1e-4...1e-1).contains($0) }, "\(rates)")
    XCTAssertEqual(Set(rates).count, 4)
    for (text, message) in [
      ("rate=logUniform(0...1)", "'logUniform' does not take these arguments"),
      ("rate=magic(0...1)", "no sampler is named 'magic'"),
      ("width=uniform(0...1)", "draws numbers with a fraction, and 'width' has integers"),
      ("rate=integers(0...1)", "draws integers, and 'rate' has numbers with a fraction"),
      ("rate=1...3", "'rate' is no integer"), ("rate=0.1...0.3", "write uniform(0.1...0.3)"),
      ("width=3...1", "the range is empty"),
      ("rate=normal(0, 1)", "'0' is no argument of a sampler"),
    ] {
      let result = try doubles("configs", "--set", text)
      XCTAssertEqual(result.status, 2, text)
      XCTAssertTrue(result.error.contains(message), "\(text): \(result.error)")
    }
    let normal = try doubles(
      "run",
      "--no-progress",
      "--configs",
      "3",
      "--set",
      "rate=normal(mean: 1, deviation: 0.1)",
      "--set",
      "width=integers(1...5)"
    )
    XCTAssertEqual(normal.status, 0, normal.error)
    XCTAssertTrue(normal.output.contains("3 experiments done"), normal.output)
  }
}
