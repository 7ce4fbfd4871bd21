import Fieldwork
import Foundation
import XCTest

/// No annotations, as in a user's file.
private final class Lattice {
  private(set) var energy = 0.0

  func sweep() { energy += 1 }
}

private final class Model {
  private(set) var weight: Double

  init(width: Int, random: RandomStream) { weight = Double(width) + random.uniform() }

  func train(_ rate: Double) { weight -= rate }
  func fit(_ rate: Double) -> Double { weight * rate }
}

private struct Training: Sequence, IteratorProtocol {
  let rate: Double
  private var loss = 1.0

  init(rate: Double) { self.rate = rate }

  mutating func next() -> Double? {
    loss *= rate
    return loss
  }
}

@Sendable private func step(_ rate: Double, _ data: Double) -> Double { rate * data }
@Sendable private func best(_ values: [Double]) -> Double { values.max() ?? 0 }
@Sendable private func bowl(_ x: Double) -> Double { (x - 1) * (x - 1) }
@Sendable private func add(_ count: Int) -> Int { (0..<count).reduce(0, +) }

/// What docs/language.md shows of units and runs does what it says. `DocumentedExamplesTests` compares
/// both.
final class LanguageDocumentRunTests: XCTestCase {
  private var directory = ""

  override func setUpWithError() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-language-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(atPath: directory)
  }

  private func assertNoFailures(
    _ results: ResearchResults,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    XCTAssertEqual(results.failures.map(\.failure.message), [], file: file, line: line)
  }

  func testUnits() async throws {
    @Sendable func train(_ lr: Double, _ layers: Int) -> Double { lr * Double(layers) }
    let rate = Parameter<Double>("rate")
    let width = Parameter<Int>("width")
    let results = try await Research("units", iterations: 20, seed: 1) {
      Domain(rate <- [0.5], width <- [3], Parameter<Int>("layers") <- [2])
      let lattice = Instance("lattice") { _ in Lattice() }
      lattice
      let model = Instance("model") { run in Model(width: try run[width], random: run.random) }
      model
      Unit("train", on: model, Model.train, EC(rate))
      Unit("test") { [0.25, 0.75] }
      Unit("train", when: .every(10) | .last, saving: "loss", train, EC(rate), EC("layers"))
      Unit("norm", saving: "norm") { run in try run[rate] * 2 }
      Unit("sweep", on: lattice, Lattice.sweep)
      Unit("fit", on: model, Model.fit, EC(rate))
      Unit("energy", saving: "e", on: lattice) { lattice, run in lattice.energy }
      Generator("epoch", saving: "error") { run in Training(rate: try run[rate]) }
      Save("accuracy", O<[Double]>("test")[1], when: .last)
      Dump(when: .every(100))
    }.run()
    assertNoFailures(results)
    let table = results.table()
    XCTAssertEqual(table.count, 20)
    XCTAssertEqual(
      try table["loss"].map { $0 != nil },
      (0..<20).map { [9, 19].contains($0) }
    )
    let last = table.row(19)
    XCTAssertEqual([last["loss"], last["norm"], last["e"]], [1.0, 1.0, 20.0])
    XCTAssertEqual([last["error"], last["accuracy"]], [.double(pow(0.5, 20)), 0.75])
  }

  func testPipelines() async throws {
    let scale = Parameter<Double>("scale")
    let batches = Pipeline(over: 0..<10).shuffled().batched(4)
      .map(EC(scale)) { batch, scale in batch.map { Double($0) * scale } }
      .accumulating("seen", from: 0) { seen, batch in seen += batch.count }
      .prefetched(2)
    let research = Research("pipelines", iterations: 3, seed: 1) {
      Domain(scale <- [1, 10])
      Generator("batch", variables: ["seen"], batches)
      Save("size", O<[Double]>("batch").count)
    }
    let results = try await research.run()
    assertNoFailures(results)
    XCTAssertEqual(try results.table()["seen"], [4, 8, 10, 4, 8, 10])
    XCTAssertEqual(try results.table()["size"], [4, 4, 2, 4, 4, 2])
  }

  func testBranches() async throws {
    let research = Research("branches", iterations: 2, seed: 1, branches: 2) {
      Domain("rate" <- [0.5, 2])
      Generator("data", root: true, Pipeline(over: [1.0, 3.0]))
      Unit("step", saving: "step", step, EC("rate"), O("data"))
      Unit("best", saving: "best", root: true, best, O<Double>("step").all)
    }
    let results = try await research.run()
    assertNoFailures(results)
    XCTAssertEqual(try results.table()["step"], [0.5, 1.5, 2.0, 6.0])
    XCTAssertEqual(try results.table()["best"], [2.0, 6.0, 2.0, 6.0])
  }

  func testCheckpoints() async throws {
    final class Walker: Checkpointable {
      private let random: RandomStream
      private var position = 0.0
      init(_ random: RandomStream) { self.random = random }
      func step() -> Double {
        position += random.normal()
        return position
      }
      func checkpoint() throws -> [UInt8] { try CheckpointCoder.encode(position) }
      func restore(from checkpoint: [UInt8]) throws {
        position = try CheckpointCoder.decode(checkpoint)
      }
    }
    let research = Research("walk", iterations: 1_000, seed: 1, checkpoint: .every(100)) {
      let walker = Instance("walker") { run in Walker(run.random) }
      walker
      Unit("step", saving: "position", on: walker, Walker.step)
    }
    let store = try DatabaseStore.inMemory()
    let results = try await research.run(store: store)
    assertNoFailures(results)
    XCTAssertEqual(try store.checkpoints().map(\.iteration), [999])
  }

  func testExecutors() async throws {
    struct Patient: BranchExecutor {
      func execute(_ task: any BranchTask) async throws {
        while !task.isFinished {
          await task.runIteration()
          if task.lastSaved("loss", branch: 0) == 0.125 { return }
        }
      }
    }
    let research = Research("patient", iterations: 100, seed: 1, executor: Patient()) {
      Unit("train", saving: "loss") { run in 1 / Double(1 << run.iteration) }
    }
    let results = try await research.run()
    assertNoFailures(results)
    XCTAssertEqual(try results.table()["loss"], [1.0, 0.5, 0.25, 0.125])
    XCTAssertEqual(results.experiments.map(\.ending), [.stopped])
  }

  func testUnitsRunOnGivenConfigs() async throws {
    let research = Research("given") {
      Domain("rate" <- [9.0])
      Unit("product", saving: "y", { $0 * Double($1) }, EC<Double>("rate"), EC<Int>("size"))
    }
    let results = try await research.execute(
      [["rate": 0.1], ["rate": 0.2]],
      shared: ["size": 8],
      iterations: 5
    )
    assertNoFailures(results)
    XCTAssertEqual(try results.table().lastValues()["y"], [0.8, 1.6])
    XCTAssertEqual(results.experiments.map(\.iterations), [5, 5])
  }

  func testUpdates() async throws {
    let research = Research("updates", seed: 1, objective: .minimize("y")) {
      Domain("x" <- [-4.0, 0, 4])
      Unit("bowl", saving: "y", bowl, EC("x"))
      UpdateDomain(when: .last) { update in
        guard update.updates <= 3, let best = try update.results.best(by: .minimize("y")).first
        else { return nil }
        let x = try best.config["x", as: Double.self]
        let width = 4 / Double(1 << update.updates)
        return Domain("x" <- [x - width, x + width])
      }
    }
    let results = try await research.run()
    assertNoFailures(results)
    XCTAssertEqual(try results.table()["x"], [-4.0, 0.0, 4.0, -2.0, 2.0, -1.0, 1.0, 0.5, 1.5])
    XCTAssertEqual(results.experiments.map(\.updates), [0, 0, 0, 1, 1, 2, 2, 3, 3])
  }

  func testGivenConfigsAreNotUpdated() async throws {
    let research = Research("given", seed: 1) {
      Unit("bowl", saving: "y", bowl, EC("x"))
      UpdateDomain(when: .last) { _ in Domain("x" <- [9.0]) }
    }
    let results = try await research.execute([["x": 1.0], ["x": 2.0]])
    XCTAssertEqual(try results.table()["y"], [0.0, 1.0])
  }

  func testAnUpdateMayEndAnEndlessDomain() async throws {
    let research = Research("ended", seed: 1) {
      Domain("x" <- .uniform(0...1))
      Unit("bowl", saving: "y", bowl, EC("x"))
      UpdateDomain(when: .at(4)) { _ in Domain() }
    }
    let results = try await research.run()
    XCTAssertEqual(results.experiments.count, 5)
  }

  func testDevices() async throws {
    @Sendable func train(_ x: Int, _ device: String) -> String { device }
    let research = Research("devices", seed: 1, workers: 1, branches: 2, devices: [0, 1]) {
      Domain("x" <- 1...4)
      Unit("train", saving: "on", train, EC("x"), EC("device"))
    }
    let results = try await research.run()
    assertNoFailures(results)
    XCTAssertEqual(try results.table()["on"], ["0", "1", "0", "1"])
    XCTAssertEqual(results.experiments.map(\.device), ["0", "1", "0", "1"])
  }

  func testOutputAndLogs() async throws {
    let research = Research("output", seed: 1, workers: 1, stdout: .experiment, logLevel: .info) {
      Domain("x" <- [1, 2])
      Unit("say") { run in
        print("x is", try run["x", as: Int.self])
        run.logger.info("it was said")
      }
    }
    let folder = ResearchFolder(directory: directory, name: "output")
    let store = try DatabaseStore.open(folder)
    let results = try await research.run(store: store)
    assertNoFailures(results)
    func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
    XCTAssertEqual(
      try results.experiments.map { try text("\(folder.experimentPath($0.id))/stdout.txt") },
      ["x is 1\n", "x is 2\n"]
    )
    for log in [folder.path + "/research.log"]
      + results.experiments.map({ "\(folder.experimentPath($0.id))/experiment.log" })
    {
      XCTAssertTrue(try text(log).contains("it was said"), log)
    }
    let inMemory = try DatabaseStore.inMemory()
    var quiet = research
    quiet.settings.logLevel = nil
    let ids = try await quiet.run(store: inMemory).experiments.map(\.id)
    XCTAssertEqual(try ids.map { try inMemory.output(of: $0, .stdout) }, ["x is 1\n", "x is 2\n"])
  }

  func testProfiling() async throws {
    let research = Research("profile", iterations: 3, seed: 1, profile: .detailed) {
      Domain("count" <- [1000, 2000])
      Unit("add", add, EC("count"))
    }
    let profile = try await research.run().profile()
    let units = try profile.summary()
    let counts = try profile.summary(ProfileOptions(groupedBy: ["count"]))
    let calls = profile.frame
    XCTAssertEqual(try units["calls"], [6])
    for name in ["share", "total_time_sum", "total_time_mean", "total_time_max"] {
      XCTAssertTrue(units.columnNames.contains(name), name)
    }
    XCTAssertEqual(Set(try counts["count"]), [1000, 2000])
    XCTAssertEqual(try counts["calls"], [3, 3])
    XCTAssertEqual(calls.count, 6)
    for name in ["total_time", "unit_time", "evaluation_time", "cpu_time", "memory"] {
      XCTAssertTrue(calls.columnNames.contains(name), name)
    }
  }

  func testProvenance() async throws {
    let research = Research(
      "provenance",
      seed: 1,
      provenance: [.environment, .command("answer", ["echo", "42"])]
    ) {
      Unit("nothing") { _ in }
    }
    let store = try DatabaseStore.inMemory()
    _ = try await research.run(store: store)
    let answers = try store.provenance().filter { $0.topic == "command" }
    let report = ProvenanceReport(try store.provenance()).description
    XCTAssertEqual(answers, [ProvenanceItem(run: 1, topic: "command", item: "answer", text: "42")])
    XCTAssertTrue(report.hasPrefix("run 1\n"))
    XCTAssertTrue(report.contains("answer  42"), report)
  }

  func testWatching() async throws {
    let research = Research("watched", seed: 1) {
      Domain("x" <- [1, 2, 3])
      Unit("reciprocal", saving: "y") { run in 1 / (try run["x", as: Int.self]) }
    }
    let run = try research.start()
    let running = run.monitor.counts.running
    let stored = try run.results.table()
    let summary = try await run.summary()
    let failures = run.monitor.failures
    XCTAssertTrue((0...3).contains(running))
    XCTAssertLessThanOrEqual(stored.count, 3)
    XCTAssertEqual([summary.done, run.monitor.counts.done, run.monitor.counts.queued], [3, 3, 0])
    XCTAssertEqual(failures.count, 0)
    XCTAssertEqual(try run.results.table()["y"], [1, 0, 0])
    run.terminate()
    XCTAssertFalse(summary.isCancelled, "it had ended before")
  }

  func testSearching() throws {
    let train = { @Sendable (lr: Double, width: Int) in lr * Double(width) }
    let research = Research("tuning", objective: .minimize("loss"), window: 8) {
      Domain("lr" <- .logUniform(1e-4...1e-1), "width" <- [16, 32, 64])
      Search(configs: 100, until: .noImprovement(for: 30))
      Unit("train", saving: "loss", train, EC("lr"), EC("width"))
    }
    XCTAssertEqual(research.preflight(), [])
    XCTAssertEqual(research.settings.configs, 100)
  }

  func testPruning() async throws {
    let train = SlowlyFalling()
    var research = train.research
    research.settings.parallelism = .serial
    research.settings.configs = 40
    let states = try await research.run().experiments.map(\.state)
    XCTAssertEqual(states.prefix(5), [.done, .done, .done, .done, .done], "startup")
    XCTAssertTrue(states.contains(.pruned))
  }

  private struct SlowlyFalling {
    var research: Research {
      let iteration = E().iteration
      let train: @Sendable (Double, Int) -> Double = { rate, iteration in
        exp(-10 * rate * Double(iteration))
      }
      return Research(
        "tuning",
        configs: 200,
        iterations: 50,
        objective: .minimize("loss"),
        window: 8
      ) {
        Domain("lr" <- .logUniform(1e-4...1e-1))
        Unit("train", saving: "loss", train, EC("lr"), iteration)
        Prune(.median(startup: 5, warmup: 3), by: "loss")
      }
    }
  }

  func testStoredResearches() async throws {
    let research = Research("stored", seed: 9) {
      Domain("x" <- [1, 2])
      Unit("square", saving: ["y", "z"]) { run in
        let x: Int = try run["x"]
        return (x * x, -x)
      }
    }
    let folder = ResearchFolder(directory: directory, name: "stored")
    let store = try DatabaseStore.open(folder)
    _ = try await research.run(store: store)
    try store.close()

    let found = try Research.load(folder.path)
    let table = try found.results(ResultFilter(.config(["x": 2]), names: ["y"])).table()
    let text = found.description
    let seed = found.seed
    XCTAssertEqual(table.columnNames, ["id", "x", "iteration", "y"])
    XCTAssertEqual(try table["y"], [4])
    XCTAssertEqual(text, research.description)
    XCTAssertEqual(seed, 9)
    XCTAssertEqual([found.name, "\(found.runs)"], ["stored", "1"])
    try Research.remove(folder.path)
    XCTAssertFalse(folder.hasStore)
  }

  func testCachedUnits() async throws {
    let dataset = Parameter<String>("dataset")
    let size = Parameter<Int>("size")
    let count = SharedCount()
    let load: @Sendable (String, Int) -> [Double] = { name, size in
      count.add()
      return Array(repeating: Double(name.utf8.count), count: size)
    }
    let prepare: @Sendable (String, String) throws -> Void = { path, name in
      try name.write(toFile: path + "/name", atomically: false, encoding: .utf8)
    }
    let train: @Sendable ([Double], String) throws -> Double = { numbers, path in
      numbers.reduce(0, +)
        + Double(try String(contentsOfFile: path + "/name", encoding: .utf8).utf8.count)
    }
    let results = try await Research("cached", repetitions: 3, seed: 1, parallel: .serial) {
      Domain(dataset <- ["a", "bb"]) * Domain(size <- [2])
      Unit("load", cached: .version("1"), load, EC(dataset), EC(size))
      Unit("prepare", cached: .directory("1"), prepare, EC(dataset))
      Unit("train", saving: "loss", train, O<[Double]>("load"), O<String>("prepare"))
    }.run()
    XCTAssertEqual(results.experiments.count, 6)
    XCTAssertEqual(count.value, 2)
    XCTAssertEqual(Set(results.failures.map(\.failure.message)), [])
  }

  func testCleanup() async throws {
    let results = try await Research("cleanup", seed: 1, parallel: .serial) {
      Unit("clean", when: .cleanup) { run in
        try? FileManager.default.removeItem(atPath: run.directory() + "/scratch")
      }
    }.run()
    XCTAssertEqual(results.experiments.map(\.state), [.done])
  }
}

private final class SharedCount: Sendable {
  private let count = Protected(0)
  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}
