import ArgumentParser
import Fieldwork
import FieldworkRuntime
import Foundation

/// `noop`: experiments that do nothing and save one number each, durable in a store on disk.
struct NoopWorkload: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "noop",
    abstract: "Experiments that save one number each, in a store on disk, a line for each mode."
  )

  @Option(name: .customLong("n"), help: "How many experiments.")
  var count = 100_000

  @Option(help: "How many workers, where they run beside each other.")
  var workers = 2

  @Option(
    help: "Only this mode: serial, threads or processes.",
    transform: { text in
      guard let mode = Parallelism(rawValue: text) else {
        throw ValidationError("'\(text)' is none of serial, threads, processes")
      }
      return mode
    }
  )
  var mode: Parallelism?

  @Option(help: "How often to run each mode; the fastest run counts.")
  var rounds = 3

  @Option(help: "Where the stores go, for the time of a run; the temporary directory by default.")
  var directory: String?

  @Flag(help: "Print JSON, an object for each line.")
  var json = false

  @Flag(
    help: """
      With one --mode, one round and --json: also the peak memory of this process after a quarter of the \
      experiments and after the run, in bytes.
      """
  )
  var memory = false

  @Flag(
    name: .customLong("as-worker"),
    help: ArgumentHelp("Run what another process asks for.", visibility: .private)
  )
  var isWorker = false

  func validate() throws {
    guard count > 0, workers > 0, rounds > 0 else {
      throw ValidationError("--n, --workers and --rounds are numbers from 1 up")
    }
    if memory, mode == nil || rounds != 1 || !json {
      throw ValidationError("--memory is of one run: give --mode, --rounds 1 and --json")
    }
  }

  func run() async throws {
    if isWorker {
      try await WorkerServer(research(.processes)).run()
      return
    }
    for mode in mode.map({ [$0] }) ?? Parallelism.allCases {
      var best = Double.infinity
      let watch = memory ? PeakMemoryWatch(count) : nil
      for _ in 0..<rounds { best = min(best, try await seconds(mode, watch)) }
      print(line(mode, best, watch))
    }
  }

  private func research(_ mode: Parallelism) -> Research {
    Research("noop", seed: 1, workers: .count(mode == .serial ? 1 : workers), parallel: mode) {
      Domain("x" <- 0..<count)
      Unit("noop", saving: "y", { (x: Int) in x }, EC("x"))
    }
  }

  /// How long a run takes, from the opening of the store to its closing.
  private func seconds(_ mode: Parallelism, _ watch: PeakMemoryWatch?) async throws -> Double {
    let parent = directory ?? FileManager.default.temporaryDirectory.path
    let path = "\(parent)/fieldwork-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let research = research(mode)
    let elapsed = try await ContinuousClock().measure {
      let store = try DatabaseStore.open(ResearchFolder(directory: path, name: research.name))
      let summary = try await ResearchRunner(
        research,
        store: store,
        workerCommand: WorkerCommand(
          arguments: ["noop", "--as-worker", "--n", "\(count)", "--workers", "\(workers)"]
        ),
        observers: watch.map { [$0] } ?? []
      ).run()
      precondition(summary.done == count)
      try store.close()
    }
    return elapsed / .seconds(1)
  }

  private func line(
    _ mode: Parallelism,
    _ seconds: Double,
    _ watch: PeakMemoryWatch?
  ) -> String {
    let rate = Double(count) / seconds
    guard json else {
      return "noop, \(mode): \(count) experiments in \(seconds) s, \(Int(rate)) per second"
    }
    var values: [String: Value] = [
      "workload": "noop", "mode": .string(mode.rawValue), "n": .int(count),
      "seconds": .double(seconds), "per_second": .double(rate.rounded()),
    ]
    if let watch {
      values["peak_at_quarter"] = watch.atQuarter.map(Value.int)
      values["peak"] = PeakMemoryWatch.peak.map(Value.int)
    }
    return Value.dictionary(values).jsonText
  }
}
