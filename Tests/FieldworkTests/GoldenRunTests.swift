import Fieldwork
import FieldworkStore
import XCTest

/// Recorded runs of whole researches.
final class GoldenRunTests: XCTestCase {
  func testRuns() async throws {
    for item in try GoldenFile("runs").cases {
      do {
        try await check(item, .sequential)
        try await check(item, .concurrent)
      } catch {
        XCTFail("runs, case '\(item.name)': \(error)")
      }
    }
  }

  private func check(_ item: GoldenCase, _ execution: BranchExecution) async throws {
    let golden = GoldenResearch(item)
    let research = try golden.research(execution)
    let outcome = try item.part("outcome")
    let name = "\(item.name), \(execution)"
    let isDebugged = try item.part("run").optional("debug") ?? false
    let results: ResearchResults
    do {
      results = try await research.run(debug: isDebugged)
      XCTAssertFalse(outcome.has("raised"), "\(name): an error was to come out")
    } catch {
      XCTAssertTrue(outcome.has("raised"), "\(name): \(error)")
      return
    }
    try checkExperiments(results, outcome, name)
    XCTAssertEqual(try rows(results), try outcome.get("rows", as: [Value].self), "\(name): rows")
    try checkExceptions(results, outcome, name)
    try checkOrder(golden.log, results, outcome, execution, name)
  }

  private func checkExperiments(
    _ results: ResearchResults,
    _ outcome: GoldenCase,
    _ name: String
  ) throws {
    let expected = try outcome.list("experiments")
    XCTAssertEqual(results.experiments.count, expected.count, "\(name): experiments")
    for (record, item) in zip(results.experiments, expected) {
      let config = record.config
      XCTAssertEqual(.dictionary(config.plainValues), try item.value("config"), "\(name): config")
      var shown: [String: Value] = [:]
      for entry in config.entries {
        let text =
          entry.value.isNamed
          ? entry.value.name : entry.value.plain?.pythonText ?? entry.value.name
        shown[entry.name.alias] = .string(text)
      }
      XCTAssertEqual(.dictionary(shown), try item.value("alias"), "\(name): aliases")
      XCTAssertEqual(record.repetition, try item.get("repetition"), "\(name): repetition")
      XCTAssertEqual(record.updates, try item.get("updates"), "\(name): updates")
      XCTAssertEqual(record.iterations, try item.get("iterations"), "\(name): iterations")
      if let prefix: String = try item.optional("id_prefix") {
        XCTAssertEqual(String(record.id.dropLast(16)), prefix, "\(name): id prefix")
      }
    }
  }

  /// The table as it was recorded: a row for each iteration that saved something.
  private func rows(_ results: ResearchResults) throws -> [Value] {
    results.experiments.enumerated().flatMap { index, record -> [Value] in
      var values: [Int: [String: Value]] = [:]
      for variable in results.variables {
        for (iteration, value) in results.values(of: variable, in: record.id) {
          values[iteration, default: [:]][variable] = value
        }
      }
      return values.sorted { $0.key < $1.key }.map { iteration, saved in
        .dictionary([
          "experiment": .int(index), "iteration": .int(iteration),
          "config": .dictionary(record.config.plainValues),
          "repetition": .int(record.repetition), "updates": .int(record.updates),
          "values": .dictionary(saved),
        ])
      }
    }
  }

  /// A root unit's failure is recorded for every branch; in the recorded cases it is the first one's.
  private func checkExceptions(
    _ results: ResearchResults,
    _ outcome: GoldenCase,
    _ name: String
  ) throws {
    var found: Set<String> = []
    for (index, record) in results.experiments.enumerated() {
      for failure in record.failures {
        found.insert("\(index) \(failure.iteration) \(failure.unit)")
      }
    }
    let expected = Set(
      try outcome.list("exceptions").map { item in
        let unit: String = try item.get("unit")
        return "\(try item.value("experiment")) \(try item.value("iteration")) \(unit)"
      }
    )
    XCTAssertEqual(found, expected, "\(name): exceptions")
  }

  private func checkOrder(
    _ log: AttemptLog,
    _ results: ResearchResults,
    _ outcome: GoldenCase,
    _ execution: BranchExecution,
    _ name: String
  ) throws {
    let indices = Dictionary(
      results.experiments.enumerated().map { ($1.id, $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let found = log.attempts.map { attempt -> Value in
      .list([
        .int(indices[attempt.id] ?? -1), .int(attempt.iteration), .string(attempt.unit),
      ])
    }
    let expected: [Value] = try outcome.get("order")
    if execution == .sequential {
      XCTAssertEqual(found, expected, "\(name): order")
      return
    }
    for index in results.experiments.indices {
      XCTAssertEqual(
        found.filter { isOf(index, $0) },
        expected.filter { isOf(index, $0) },
        "\(name): order in experiment \(index)"
      )
    }
  }

  private func isOf(_ experiment: Int, _ attempt: Value) -> Bool {
    if case .list(let parts) = attempt { parts.first == .int(experiment) } else { false }
  }
}
