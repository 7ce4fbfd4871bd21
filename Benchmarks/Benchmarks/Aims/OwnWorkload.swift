import ArgumentParser
import Fieldwork
import FieldworkCore
import FieldworkRuntime
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `workload`: does one of the things that `aims` and `growth` time, and prints how long it took.
///
/// It is Fieldwork's side of `Benchmarks/peers/peers.py`: a process for each measurement, one line of JSON
/// with `n` and `seconds`, and no time of the start of the process in it.
struct OwnWorkload: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workload",
    abstract: "Does one of the things that aims and growth time, and prints one JSON line.",
    shouldDisplay: false
  )

  enum Name: String, CaseIterable, ExpressibleByArgument {
    /// Iterations of one experiment, each of which saves a number on disk.
    case iterations
    /// The configs of a grid of three parameters, 100 × 100 × n / 10,000 of them.
    case configs
    /// Configs of 10^12, by their index.
    case access
    /// Experiments of a plan, with their identity.
    case plan
    /// The results in a folder, as a table.
    case table
    /// A run over a folder in which all experiments are done.
    case again
    /// Experiments that sleep for 10 ms, on two worker processes.
    case sleeps
    /// The same sleeps in a loop, without Fieldwork.
    case loop
    /// Experiments whose configs have many parameters, and which save a number each on disk.
    case wideRun
    /// The configs of these experiments.
    case wideGrid
    /// As many configs, of values that are drawn.
    case wideDraws
    /// Experiments that save many numbers on disk, each under a name of its own.
    case names
  }

  /// How long a sleep is, in microseconds.
  static let sleep: UInt32 = 10_000

  @Argument(help: "What to do.")
  var name: Name

  @Option(name: .customLong("n"), help: "How many.")
  var count: Int

  @Option(help: "How many parameters or names an experiment has, where the workload has many.")
  var width = 1

  @Option(help: "The folder of results that is read or, for a time, written.")
  var store: String?

  @Flag(name: .customLong("as-worker"), help: "Run what another process asks for.")
  var isWorker = false

  func run() async throws {
    if isWorker {
      try await WorkerServer(research).run()
      return
    }
    let (count, elapsed) = try await measured()
    let values: Value = [
      "workload": .string(name.rawValue), "n": .int(count),
      "seconds": .double(elapsed / .seconds(1)),
    ]
    print(values.jsonText)
  }

  /// Does the work.
  /// - Returns: how many there were, and the time that they took.
  private func measured() async throws -> (Int, Duration) {
    let clock = ContinuousClock()
    let begin = clock.now
    var made = count
    switch name {
    case .iterations, .sleeps, .wideRun, .names:
      let store = try DatabaseStore.open(try folder)
      let summary = try await runner(store).run()
      try store.close()
      precondition(summary.done == (name == .iterations ? 1 : count))
      made = count * width
    case .again:
      let store = try DatabaseStore.open(try folder)
      defer { try? store.close() }
      let begin = clock.now
      let summary = try await runner(store).run()
      precondition(summary.done == 0)
      return (summary.skipped, clock.now - begin)
    case .configs:
      made = 0
      for config in Self.grid(count) {
        precondition(config.count == 3)
        made += 1
      }
    case .access:
      let side = 1_000_000
      let domain = Domain("a" <- 1...side) * Domain("b" <- 1...side)
      for number in 0..<count {
        // A stride that is a prime number, so that all indexes differ and lie far from each other.
        let index = number % (side * side) * 999_983 % (side * side)
        precondition(domain[index].count == 2)
      }
    case .plan:
      var plan = try ExperimentPlan(research, seed: 1)
      made = 0
      while let experiment = try plan.next() {
        precondition(experiment.id.count == 16)
        made += 1
      }
    case .table: made = try ResearchResults.load(try folder.path).table().count
    case .wideGrid, .wideDraws:
      let domain = name == .wideGrid ? wideGrid : wideDraws
      for config in domain.prefix(count) { precondition(config.count == width) }
      made = count * width
    case .loop: for _ in 0..<count { usleep(Self.sleep) }
    }
    return (made, clock.now - begin)
  }

  private var folder: ResearchFolder {
    get throws {
      guard let store else { throw ValidationError("give --store") }
      return ResearchFolder(path: store)
    }
  }

  private func runner(_ store: DatabaseStore) -> ResearchRunner {
    ResearchRunner(
      research,
      store: store,
      workerCommand: WorkerCommand(
        arguments: ["workload", name.rawValue, "--n", "\(count)", "--as-worker"]
      )
    )
  }

  private var research: Research {
    switch name {
    case .again: BenchmarkPlaybook.finished(count)
    case .sleeps:
      Research("sleeps", seed: 1, workers: 2) {
        Domain("x" <- 0..<count)
        Unit("sleep", saving: "y") { Int(usleep(Self.sleep)) }
      }
    case .iterations:
      Research("iterations", iterations: count, seed: 1, parallel: .serial) {
        Unit("point", saving: "x") { run in Double(run.iteration) }
      }
    case .wideRun:
      Research("wide", seed: 1, parallel: .serial) {
        wideGrid
        Unit("noop", saving: "y") { 1 }
      }
    case .names:
      Research("names", seed: 1, parallel: .serial) {
        Domain("x" <- 0..<count)
        let values = Array(0..<width)
        Unit("noop", saving: Saving(values.map { "y\($0)" })) { values }
      }
    case .configs, .access, .plan, .table, .loop, .wideGrid, .wideDraws:
      Research("plan") {
        Self.grid(count)
        Unit("nothing") {}
      }
    }
  }

  /// A grid of many parameters, of which the first has many values.
  private var wideGrid: Domain {
    Domain(["p0" <- 0..<count] + (1..<width).map { "p\($0)" <- [$0] })
  }

  /// A domain without end, with a sampler for each parameter.
  private var wideDraws: Domain {
    Domain((0..<width).map { "p\($0)" <- .uniform(0...1) })
  }

  /// A grid of three parameters; its size is rounded down to a multiple of 10,000.
  private static func grid(_ count: Int) -> Domain {
    Domain("a" <- 1...100) * Domain("b" <- 1...100) * Domain("c" <- 1...max(1, count / 10_000))
  }
}
