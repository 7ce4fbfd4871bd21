import ArgumentParser
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `aims`: measures what Fieldwork is to reach, beside floors and peers.
struct AimFigures: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aims",
    abstract: "The figures that Fieldwork is to reach, and what floors and peers reach beside it.",
    discussion: """
      Each row is measured in rounds, ours and the peer's in turn, each in a process of its own. A cell shows the median \
      of the rounds, the smallest and the largest figure. The ratio says how many times as fast as the peer \
      Fieldwork is, round by round. A figure that misses its aim, or a peer that cannot run, is no error. \
      docs/performance.md says what each row measures.
      """
  )

  @Option(help: ArgumentHelp("Only rows whose names contain this.", valueName: "substring"))
  var only = ""

  @Option(help: "How often each row is measured.")
  var rounds = 5

  @Option(
    help: ArgumentHelp("What all counts are multiplied by; no aim holds for another scale than 1.")
  )
  var scale = 1.0

  @Option(
    help: ArgumentHelp(
      "The Python of the peers; .peers/bin/python by default, or python3 where that is missing.",
      valueName: "path"
    )
  )
  var python: String?

  @Flag(help: "Print JSON, an object for each line.")
  var json = false

  func validate() throws {
    guard rounds > 0 else { throw ValidationError("--rounds is a number from 1 up") }
    guard scale > 0, scale <= 100 else {
      throw ValidationError("--scale is a number above 0, up to 100")
    }
    guard AimWorkload.all.contains(where: { $0.rows.contains(where: isWanted) }) else {
      let names = AimWorkload.all.flatMap { $0.rows.map(\.name) }.joined(separator: "\n  ")
      throw ValidationError("--only: no row has '\(only)' in its name; there are\n  \(names)")
    }
  }

  private func isWanted(_ row: AimRow) -> Bool {
    only.isEmpty || row.name.range(of: only, options: .caseInsensitive) != nil
  }

  func run() throws {
    let own = ".peers/bin/python"
    let bench = AimBench(
      folder: NSTemporaryDirectory() + "fieldwork-aims-\(getpid())",
      python: python ?? (FileManager.default.isExecutableFile(atPath: own) ? own : "python3"),
      scale: scale
    )
    try FileManager.default.createDirectory(
      atPath: bench.folder,
      withIntermediateDirectories: true
    )
    defer { bench.remove(bench.folder) }
    let workloads = AimWorkload.all.filter { $0.rows.contains(where: isWanted) }
    let table = AimTable(workloads.flatMap(\.rows).filter(isWanted))
    if !json { print(table.header) }
    var hasFailed = false
    for workload in workloads {
      for outcome in outcomes(of: workload, on: bench) where isWanted(outcome.row) {
        let isJudged = scale == 1
        print(
          json
            ? AimTable.json(outcome, isJudged: isJudged)
            : table.line(outcome, isJudged: isJudged)
        )
        // Rows come minutes apart.
        fflush(nil)
        hasFailed = hasFailed || outcome.problem != nil
      }
    }
    if hasFailed { throw ExitCode.failure }
  }

  /// Measures the rows of a workload.
  private func outcomes(of workload: AimWorkload, on bench: AimBench) -> [AimOutcome] {
    var outcomes = workload.rows.map { AimOutcome($0) }
    do {
      try workload.prepare(bench)
      for _ in 0..<rounds {
        let samples = try workload.ours(bench)
        let peer = peerSample(of: workload, on: bench, &outcomes[0])
        for (place, sample) in samples.enumerated() {
          outcomes[place].add(sample.ours, sample.peer ?? (place == 0 ? peer : nil))
        }
      }
    } catch {
      let reason = (error as? NotMeasured)?.reason ?? "\(error)"
      for place in outcomes.indices { outcomes[place].problem = reason }
    }
    return outcomes
  }

  /// A round of the peer; it is not tried again after it could not run.
  private func peerSample(
    of workload: AimWorkload,
    on bench: AimBench,
    _ outcome: inout AimOutcome
  ) -> AimSample? {
    guard let peer = workload.peer, outcome.peerProblem == nil else { return nil }
    do {
      return try peer(bench)
    } catch {
      outcome.peerProblem = (error as? NotMeasured)?.reason ?? "\(error)"
      return nil
    }
  }
}
