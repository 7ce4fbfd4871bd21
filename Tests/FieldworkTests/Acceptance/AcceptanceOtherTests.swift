import Fieldwork
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Rows 192 to 197, and 199: profiles, progress, output, random numbers, logs.
final class AcceptanceOtherTests: AcceptanceRunCase {
  // MARK: Profiles

  /// Two units, one of them twice in an experiment, the other one once.
  private func profiled() async throws -> Profile {
    let research = Research("profile", iterations: 2, seed: 1, profile: .detailed) {
      Domain("x" <- [1, 2, 3])
      Unit("f", saving: "y", { (x: Int) in x }, EC("x"))
      Save("z", O<Int>("f"), when: .last)
    }
    try await runInFolder(research)
    return try Research.load(folder("profile").path).profile()
  }

  func testRow192_aRowForEachTurnOfAUnit() async throws {
    let profile = try await profiled()
    let frame = profile.frame
    XCTAssertEqual(
      frame.columnNames,
      [
        "unit", "iteration", "total_time", "unit_time", "experiment", "evaluation_time",
        "cpu_time", "memory",
      ]
    )
    let turn: [Value?] = ["f", "f", "save z"]
    XCTAssertEqual(try frame["unit"], turn + turn + turn)
    XCTAssertEqual(try frame["iteration"], [0, 1, 1, 0, 1, 1, 0, 1, 1])
    let ids = profile.experiments.flatMap { experiment in
      Array(repeating: Value.string(experiment.id), count: 3)
    }
    XCTAssertEqual(try frame["experiment"], ids)
    for timing in profile.calls.map(\.timing) {
      XCTAssertGreaterThanOrEqual(timing.total, timing.call)
      XCTAssertEqual(timing.evaluation == nil, timing.unit != "f", "only f has arguments")
    }
  }

  func testRow193_whatAProfileShows() async throws {
    let profile = try await profiled()
    /// The rows of columns that tell no time.
    func rows(_ options: ProfileOptions) throws -> [String] {
      let table = try profile.summary(options)
      return (0..<table.count).map { row in
        table.columns.map { $0.cells[row]?.description ?? "" }.joined(separator: " ")
      }
    }
    let units = ["unit", "calls"]
    XCTAssertEqual(
      try rows(ProfileOptions(columns: units, sortedBy: "unit")),
      ["f 6", "save z 3"]
    )
    XCTAssertEqual(
      try rows(ProfileOptions(per: [.iteration], columns: ["iteration"] + units, sortedBy: "unit")),
      ["0 f 3", "1 f 3", "1 save z 3"]
    )
    XCTAssertEqual(
      try rows(ProfileOptions(per: [.experiment], columns: units, sortedBy: "calls", limit: 4))
        .map { String($0.drop { $0 != " " }.dropFirst()) },
      ["f 2", "f 2", "f 2", "save z 1"],
      "sorted, and no more than so many"
    )
    XCTAssertEqual(
      try rows(ProfileOptions(groupedBy: ["x"], columns: ["x"] + units, sortedBy: "calls")),
      ["1 f 2", "2 f 2", "3 f 2", "1 save z 1", "2 save z 1", "3 save z 1"]
    )
    let details = ["evaluation_time_sum", "cpu_time_sum", "memory_max"]
    XCTAssertTrue(Set(try profile.summary().columnNames).isSuperset(of: details), "detailed")
    let usual = Set(try profile.summary().columnNames)
    XCTAssertTrue(
      usual.isSuperset(of: [
        "unit", "total_time_sum", "total_time_mean", "total_time_max", "unit_time_sum",
        "unit_time_mean", "unit_time_max",
      ])
    )
    await assertFails(.missingParameter, "bogus") {
      try profile.summary(ProfileOptions(sortedBy: "bogus"))
    }
  }

  // MARK: Progress

  func testRow194_progressCountsAndShowsFailures() throws {
    let gate = directory.appendingPathComponent("gate").path
    XCTAssertEqual(mkfifo(gate, 0o600), 0)
    let terminal = try PseudoTerminal()
    let run = try start(research: "waiting", gate: gate, standardError: terminal.writer)
    try terminal.writer.close()
    var text = terminal.read(until: "worker 1: iteration 1/3 {size: 2}")
    // The failure of the other experiment is shown once it is stored.
    for part in ["1/2", "as asked", "1 failed"] where !text.contains(part) {
      text += terminal.read(until: part)
    }
    XCTAssertTrue(text.contains("1/2"), "experiments: \(text)")
    XCTAssertTrue(text.contains("3 it"), "iterations: \(text)")
    XCTAssertTrue(text.contains("1 failed"), "failures: \(text)")
    XCTAssertTrue(text.contains("█"), "a bar: \(text)")
    XCTAssertTrue(text.contains("as asked"), "the first failure of its kind: \(text)")
    let handle = try XCTUnwrap(FileHandle(forWritingAtPath: gate))
    try handle.write(contentsOf: Data([1]))
    try handle.close()
    _ = terminal.read(until: nil)
    XCTAssertEqual(try run.finish().status, 1)
  }

  // MARK: Output

  func testRow195_outputIsKeptAsItWasAndByExperiment() throws {
    let run = try runPlaybook(
      "--parallel",
      "serial",
      "--stdout",
      "both",
      "--stderr",
      "both",
      research: "printing"
    )
    XCTAssertEqual(run.status, 0, run.error)
    let results = try ResearchResults.load(folder("printing").path)
    for stream in ["stdout", "stderr"] {
      var all = ""
      for experiment in results.experiments {
        let size = try experiment.config["size", as: Int.self]
        let printed = "\(stream) of \(size)\n  no newline at the end|"
        let file = "\(folder("printing").experimentPath(experiment.id))/\(stream).txt"
        XCTAssertEqual(try text(file), printed)
        all += printed
      }
      XCTAssertEqual(try text("\(folder("printing").path)/\(stream).txt"), all)
    }
  }

  // MARK: Random numbers

  /// The random numbers of each experiment, by its config and repetition.
  private func numbers(
    _ domain: Domain,
    seed: UInt64 = 3,
    repetitions: Int = 2,
    workers: Int = 1,
    branches: Int = 1,
    parallel: Parallelism = .threads,
    drawing count: Int = 2
  ) async throws -> [String: [Value?]] {
    let results = try await Research(
      "random",
      repetitions: repetitions,
      seed: seed,
      workers: .count(workers),
      branches: .count(branches),
      parallel: parallel
    ) {
      domain
      Unit("f", saving: "y") { run in (0..<count).map { _ in run.random.uniform() } }
    }.run()
    let pairs = zip(results.experiments, results.lastValues(of: "y")).map { experiment, value in
      let key = "\(experiment.config) \(experiment.repetition)"
      guard case .list(let values) = value else { return (key, [Value?]()) }
      return (key, values)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  func testRow196_randomNumbersDependOnSeedConfigAndRepetitionAlone() async throws {
    let domain = Domain("x" <- 0..<6)
    let serial = try await numbers(domain, parallel: .serial)
    XCTAssertEqual(serial.count, 12)
    XCTAssertEqual(Set(serial.values).count, 12, "each experiment has its own")
    for (workers, branches) in [(1, 1), (4, 1), (1, 4), (3, 2)] {
      let found = try await numbers(domain, workers: workers, branches: branches)
      XCTAssertEqual(found, serial, "\(workers) workers, \(branches) branches")
    }
    let others = try await numbers(Domain("x" <- [9, 4, 2]), repetitions: 1)
    XCTAssertEqual(others["{x: 4} 0"], serial["{x: 4} 0"], "whatever other configs there are")
    let more = try await numbers(domain, drawing: 3)
    XCTAssertEqual(
      more["{x: 1} 1"].map { Array($0.prefix(2)) },
      serial["{x: 1} 1"],
      "whatever others have drawn"
    )
    let seed = try await numbers(domain, seed: 4)
    XCTAssertTrue(Set(seed.values).isDisjoint(with: serial.values))
  }

  // MARK: Logs

  func testRow197_theLogsOfResearchAndExperiment() async throws {
    try await runInFolder(
      Research("logged", seed: 1, logLevel: .info) {
        Domain("x" <- [1])
        Unit("f") { run in
          let x: Int = try run["x"]
          run.logger.info("hello", metadata: ["x": "\(x)"])
          run.logger.debug("left out")
        }
      }
    )
    let id = try XCTUnwrap(ResearchResults.load(folder("logged").path).experiments.first?.id)
    /// The lines without their times.
    func lines(_ path: String) throws -> [String] {
      try text(path).split(separator: "\n").map { line in
        line.split(separator: " ").dropFirst(2).joined(separator: " ")
      }
    }
    let own = try lines(folder("logged").experimentPath(id) + "/experiment.log")
    XCTAssertEqual(own.count, 3)
    XCTAssertTrue(own[0].hasPrefix("INFO logged.\(id) experiment started config="), own[0])
    XCTAssertEqual(own[1], "INFO logged.\(id) hello x=1")
    XCTAssertEqual(
      own[2],
      "INFO logged.\(id) experiment ended ending=complete iterations=1 worker=0"
    )
    let all = try lines(folder("logged").path + "/research.log")
    XCTAssertEqual(all.count, 5)
    XCTAssertTrue(all[0].hasPrefix("NOTICE logged run started"), all[0])
    XCTAssertEqual(Array(all[1...3]), own, "those of the experiment among the others")
    XCTAssertTrue(all[4].hasPrefix("NOTICE logged run ended"), all[4])
    let first = try XCTUnwrap(
      text(folder("logged").path + "/research.log").split(separator: "\n").first
    )
    let time = first.split(separator: " ").prefix(2).joined(separator: " ")
    XCTAssertNotNil(
      time.range(
        of: #"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$"#,
        options: .regularExpression
      ),
      time
    )
  }

  // MARK: Values of any type

  private protocol Shape: Sendable {
    init(_ side: Double)
    var area: Double { get }
  }

  private struct Square: Shape {
    let side: Double
    init(_ side: Double) { self.side = side }
    var area: Double { side * side }
  }

  private struct Half: Shape {
    let side: Double
    init(_ side: Double) { self.side = side }
    var area: Double { side * side / 2 }
  }

  func testRow199_functionsAndTypesAsValues() async throws {
    let double: @Sendable (Double) -> Double = { 2 * $0 }
    let root: @Sendable (Double) -> Double = { $0.squareRoot() }
    let research = Research("values", seed: 1) {
      Domain("function" <- [Alias("double", double), Alias("root", root)])
        * Domain(
          "shape" <- [
            Alias<any Shape.Type>(Square.self), Alias<any Shape.Type>("half", Half.self),
          ]
        )
      Unit("f", saving: "y") { run in
        let function: @Sendable (Double) -> Double = try run["function"]
        let shape: any Shape.Type = try run["shape"]
        return shape.init(function(9)).area
      }
    }
    try await runInFolder(research)
    let results = try ResearchResults.load(folder("values").path)
    let table = results.table(TableOptions(usesAliases: true))
    XCTAssertEqual(try table["function"], ["double", "double", "root", "root"])
    XCTAssertEqual(try table["shape"], ["Square", "half", "Square", "half"])
    XCTAssertEqual(try table["y"], [324.0, 162.0, 9.0, 4.5])
    let again = try await runInFolder(research)
    XCTAssertEqual([again.skipped, again.done], [4, 0], "their names identify them")
  }
}
