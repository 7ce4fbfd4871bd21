import ArgumentParser
import Dispatch
import Fieldwork
import FieldworkRuntime
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `programs`: experiments that are runs of `true`, and a loop of `posix_spawn` and `waitpid` of the same width.
struct ProgramFigures: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "programs",
    abstract:
      "Experiments that run /bin/true, in a store on disk, beside a bare loop that starts it."
  )

  @Option(name: .customLong("n"), help: "How many programs.")
  var count = 1_000

  @Option(help: "How many workers, and threads of the loop.")
  var workers = 2

  @Option(help: "How often to measure both, one after the other; medians count.")
  var rounds = 7

  @Flag(
    name: .customLong("as-worker"),
    help: ArgumentHelp("Run what another process asks for.", visibility: .private)
  )
  var isWorker = false

  func validate() throws {
    guard count > 0, workers > 0, rounds > 0 else {
      throw ValidationError("--n, --workers and --rounds are numbers from 1 up")
    }
  }

  func run() async throws {
    if isWorker {
      try await WorkerServer(research).run()
      return
    }
    var (loops, runs, ratios): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<rounds {
      let (loop, run) = (loop(), try await self.run(count))
      loops.append(loop)
      runs.append(run)
      ratios.append(run / loop)
    }
    func text(_ numbers: [Double], _ unit: String) -> String {
      let sorted = numbers.sorted()
      func format(_ number: Double) -> String { String(format: "%.3f", number) }
      return
        "\(format(sorted[sorted.count / 2]))\(unit) (\(format(sorted[0]))…\(format(sorted[sorted.count - 1])))"
    }
    print("\(count) runs of /bin/true, \(workers) at once, median of \(rounds) rounds")
    print("posix_spawn and waitpid: \(text(loops, " s"))")
    print("experiments:             \(text(runs, " s"))")
    print("ratio:                   \(text(ratios, ""))")
  }

  private var research: Research {
    Research("programs", seed: 1, workers: .count(workers)) {
      Domain("x" <- 0..<count)
      Program("true", "/bin/true", output: .none)
    }
  }

  /// The seconds of a run, from the opening of the store to its closing.
  private func run(_ count: Int) async throws -> Double {
    let path =
      "\(FileManager.default.temporaryDirectory.path)/fieldwork-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let research = research
    let elapsed = try await ContinuousClock().measure {
      let store = try DatabaseStore.open(ResearchFolder(directory: path, name: research.name))
      let summary = try await ResearchRunner(
        research,
        store: store,
        workerCommand: WorkerCommand(
          arguments: ["programs", "--as-worker", "--n", "\(count)", "--workers", "\(workers)"]
        )
      ).run()
      precondition(summary.done == count)
      try store.close()
    }
    return elapsed / .seconds(1)
  }

  /// The seconds of a bare loop in each of several threads.
  private func loop() -> Double {
    let (count, workers) = (count, workers)
    let elapsed = ContinuousClock().measure {
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for _ in 0..<(count / workers) {
          var process = pid_t()
          let name = strdup("true")
          defer { free(name) }
          var words: [UnsafeMutablePointer<CChar>?] = [name, nil]
          precondition(posix_spawn(&process, "/bin/true", nil, nil, &words, environ) == 0)
          var status: Int32 = 0
          while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        }
      }
    }
    return elapsed / .seconds(1)
  }
}
