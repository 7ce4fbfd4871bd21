import ArgumentParser
import Fieldwork
import FieldworkCore
import FieldworkRuntime
import Foundation

/// `engine`: times what the parts of the engine cost.
///
/// Each figure is the best of several runs, since noise only ever adds.
struct EngineFigures: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "What configs, experiments, iterations and the display cost, one by one."
  )

  @Argument(help: "Only the figures whose names contain this.")
  var wanted = ""

  func run() async throws {
    let clock = ContinuousClock()
    let wanted = wanted
    func best(_ name: String, per count: Int, _ body: () async throws -> Void) async throws {
      guard wanted.isEmpty || name.contains(wanted) else { return }
      var best = Duration.seconds(1e9)
      for _ in 0..<3 {
        let elapsed = try await clock.measure(body)
        best = min(best, elapsed)
      }
      let nanoseconds = best / .nanoseconds(1) / Double(count)
      let rate = Int(1e9 / nanoseconds)
      print("\(name): \(Int(nanoseconds)) ns each, \(rate) per second")
    }

    let grid = Domain("a" <- 1...100) * Domain("b" <- 1...100) * Domain("c" <- 1...10)
    try await best("configs of a grid", per: 100_000) {
      for config in grid { precondition(config.count == 3) }
    }
    let sampled = Domain("a" <- 1...100_000) * Domain("b" <- .normal())
    try await best("configs with a sampler", per: 100_000) {
      for config in sampled { precondition(config.count == 2) }
    }
    let huge = Domain("a" <- 1...1_000_000) * Domain("b" <- 1...1_000_000)
    try await best("random access in 10^12 configs", per: 10_000) {
      for index in 0..<10_000 { precondition(huge[index * 99_999_999].count == 2) }
    }
    try await best("planned experiments", per: 100_000) {
      let research = Research("plan") {
        grid; Unit("nothing") {}
      }
      var plan = try ExperimentPlan(research, seed: 1)
      while let experiment = try plan.next() { precondition(experiment.id.count == 16) }
    }
    for parallelism in [Parallelism.serial, .threads] {
      let research = Research("run", parallel: parallelism) {
        Domain("a" <- 1...10_000)
        Unit("nothing", saving: "x") { 1 }
      }
      try await best("no-op experiments in memory, \(parallelism)", per: 10_000) {
        _ = try await research.run()
      }
      try await best("no-op experiments on disk, \(parallelism)", per: 10_000) {
        try await Self.onDisk(research)
      }
    }
    if wanted.isEmpty { try await Self.reading() }
    let shown: [(String, Int, @Sendable () async throws -> [RunRecord])] = [
      ("experiments", ProgressBenchmarks.experiments, ProgressBenchmarks.manyExperiments),
      ("iterations", ProgressBenchmarks.iterations, ProgressBenchmarks.manyIterations),
      ("failures", ProgressBenchmarks.experiments, ProgressBenchmarks.manyFailures),
    ]
    for (name, count, record) in shown where wanted.isEmpty || "progress".contains(wanted) {
      let events = try await record()
      try await best("progress of \(name)", per: count) { ProgressBenchmarks.show(events) }
    }
    let points = Research("points", iterations: 10_000, parallel: .serial) {
      Domain("a" <- 1...10)
      Unit("point", saving: "x") { run in Double(run.iteration) }
    }
    try await best("iterations with a saved value, on disk", per: 100_000) {
      try await Self.onDisk(points)
    }
  }

  /// Reads the results of many experiments into one table.
  private static func reading() async throws {
    let store = try DatabaseStore.inMemory()
    let research = Research("reading", parallel: .serial) {
      Domain("a" <- 1...50_000, "b" <- ["x"])
      Unit("value", saving: ["x", "y"]) { (1, 2.5) }
    }
    try await ResearchRunner(research, store: store).run()
    let clock = ContinuousClock()
    let elapsed = try clock.measure {
      let table = try store.contents().table()
      precondition(table.count == 50_000)
    }
    print("a table of 50,000 experiments: \(elapsed)")
  }

  private static func onDisk(_ research: Research) async throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-benchmark-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let store = try DatabaseStore.open(
      ResearchFolder(directory: directory.path, name: research.name)
    )
    _ = try await ResearchRunner(research, store: store).run()
    try store.close()
  }
}
