import Fieldwork

/// Something that is measured in rounds, ours and the peer's in turn, and the rows that it gives.
struct AimWorkload {
  /// A row's sample, and what it is compared with if that comes from the same measurement.
  typealias Samples = [(ours: AimSample, peer: AimSample?)]

  let rows: [AimRow]
  /// Makes what all rounds read.
  var prepare: (AimBench) throws -> Void = { _ in }
  /// A round of ours: a sample for each row.
  let ours: (AimBench) throws -> Samples
  /// A round of the peer of the first row.
  var peer: ((AimBench) throws -> AimSample)?

  init(
    rows: [AimRow],
    prepare: @escaping (AimBench) throws -> Void = { _ in },
    ours: @escaping (AimBench) throws -> Samples,
    peer: ((AimBench) throws -> AimSample)? = nil
  ) {
    (self.rows, self.prepare, self.ours, self.peer) = (rows, prepare, ours, peer)
  }

  /// A workload of one row.
  init(
    _ row: AimRow,
    prepare: @escaping (AimBench) throws -> Void = { _ in },
    ours: @escaping (AimBench) throws -> AimSample,
    peer: ((AimBench) throws -> AimSample)? = nil
  ) {
    self.init(rows: [row], prepare: prepare, ours: { [(try ours($0), nil)] }, peer: peer)
  }

  static var all: [AimWorkload] {
    [
      noop("processes", atLeast: 0.45), noop("threads", atLeast: 0.6), iterations, configs, access,
      planned, table(experiments: 10_000, values: 100), table(experiments: 100_000, values: 2),
      again, command("results", atMost: 0.7), command("best", atMost: 0.5),
      command("report", atMost: 1.5), million, sleeps, start,
    ]
  }

  // MARK: Running

  private static func noop(_ mode: String, atLeast ratio: Double) -> AimWorkload {
    AimWorkload(
      AimRow(
        name: "no-op experiments, 2 \(mode), on disk",
        measure: .perSecond,
        peer: "SQLite",
        aims: [.ratio(atLeast: ratio)]
      ),
      ours: { AimSample(try $0.noop(mode, $0.scaled(100_000))) },
      peer: { AimSample(try $0.peer("sqlite-experiments", $0.scaled(200_000))) }
    )
  }

  private static var iterations: AimWorkload {
    AimWorkload(
      AimRow(
        name: "iterations with a saved number, on disk",
        measure: .perSecond,
        peer: "SQLite",
        aims: [.ratio(atLeast: 0.9)]
      ),
      ours: { bench in
        try bench.withStore {
          let count = bench.scaled(1_000_000)
          return AimSample(try bench.own(.iterations, count, store: $0))
        }
      },
      peer: { AimSample(try $0.peer("sqlite-iterations", $0.scaled(1_000_000))) }
    )
  }

  private static var million: AimWorkload {
    AimWorkload(
      rows: [
        AimRow(
          name: "a million no-op experiments, 2 processes",
          measure: .seconds,
          aims: [.figure(atMost: 12)]
        ),
        AimRow(
          name: "peak memory of their supervisor",
          measure: .megabytes,
          peer: "at 25 %",
          aims: [.figure(atMost: 100), .ratio(atLeast: 0.9)]
        ),
      ],
      ours: { bench in
        let run = try bench.noop("processes", bench.scaled(1_000_000), ["--memory"])
        guard let peak = run.peak, let quarter = run.peakAtQuarter else {
          throw NotMeasured("the system does not tell the peak memory of a process")
        }
        return [
          (AimSample(run), nil),
          (
            AimSample(amount: Double(peak), count: run.n),
            AimSample(amount: Double(quarter), count: run.n)
          ),
        ]
      }
    )
  }

  private static var sleeps: AimWorkload {
    let workers = 2.0
    let ideal = Double(OwnWorkload.sleep) / 1e6 / workers
    return AimWorkload(
      AimRow(
        name: "experiments of 10 ms, 2 processes, over ideal",
        measure: .percentOver(ideal),
        peer: "a loop",
        aims: [.figure(atMost: 1.5)]
      ),
      ours: { bench in
        try bench.withStore {
          AimSample(try bench.own(.sleeps, bench.scaled(2000), store: $0))
        }
      },
      peer: { bench in
        let run = try bench.own(.loop, bench.scaled(200))
        // As if two loops ran beside each other.
        return AimSample(amount: run.seconds / workers, count: run.n)
      }
    )
  }

  private static var start: AimWorkload {
    AimWorkload(
      AimRow(
        name: "start of a playbook to its first experiment",
        measure: .milliseconds,
        aims: [.figure(atMost: 60)]
      ),
      ours: { bench in
        try bench.withStore { path in
          let run = try bench.playbook(.start, ["run", "--no-progress"], directory: path)
          let results = try ResearchResults.load("\(path)/start")
          guard case .int(let began)?? = results.lastValues(of: "nanoseconds").first else {
            throw NotMeasured("the playbook saved no time")
          }
          return AimSample(amount: Double(began) / 1e9 - run.start)
        }
      }
    )
  }

  // MARK: Configs

  private static var configs: AimWorkload {
    AimWorkload(
      AimRow(
        name: "configs of a grid of 3 parameters",
        measure: .perSecond,
        peer: "itertools",
        aims: [.ratio(atLeast: 4)]
      ),
      ours: { AimSample(try $0.own(.configs, $0.scaled(1_000_000))) },
      peer: { AimSample(try $0.peer("product", $0.scaled(1_000_000))) }
    )
  }

  private static var access: AimWorkload {
    AimWorkload(
      AimRow(
        name: "domain[i] in 10^12 configs",
        measure: .microsecondsEach,
        aims: [.figure(atMost: 0.3)]
      ),
      ours: { AimSample(try $0.own(.access, $0.scaled(1_000_000))) }
    )
  }

  private static var planned: AimWorkload {
    AimWorkload(
      AimRow(
        name: "experiments planned, identity included",
        measure: .microsecondsEach,
        aims: [.figure(atMost: 1)]
      ),
      ours: { AimSample(try $0.own(.plan, $0.scaled(1_000_000))) }
    )
  }

  // MARK: Results

  private static func table(experiments: Int, values: Int) -> AimWorkload {
    func folder(_ bench: AimBench) -> ResearchFolder {
      ResearchFolder(directory: bench.folder, name: "table-\(values)")
    }
    return AimWorkload(
      AimRow(
        name: "a table of experiments with \(values) values each",
        measure: .perSecond,
        peer: "pandas",
        aims: [.ratio(atLeast: 6)]
      ),
      prepare: { bench in
        let store = SyntheticStore(experiments: bench.scaled(experiments), iterations: values)
        try store.fill(folder(bench))
      },
      ours: { AimSample(try $0.own(.table, 1, store: folder($0).path)) },
      peer: { bench in
        let count = bench.scaled(experiments) * values
        return AimSample(try bench.peer("pandas", count, store: folder(bench).databasePath))
      }
    )
  }

  /// The number of experiments in the store of ``BenchmarkPlaybook``.
  private static func finished(_ bench: AimBench) -> Int {
    max(100, bench.scaled(100_000) / 100 * 100)
  }

  /// Runs all experiments of ``BenchmarkPlaybook``, if that was not done before.
  private static func finish(_ bench: AimBench) throws {
    try bench.playbook(
      .finished(finished(bench)),
      ["run", "--no-progress"],
      directory: bench.folder
    )
  }

  private static var again: AimWorkload {
    AimWorkload(
      AimRow(
        name: "run again, all experiments finished",
        measure: .seconds,
        aims: [.figure(atMost: 0.5)]
      ),
      prepare: finish,
      ours: { AimSample(try $0.own(.again, finished($0), store: "\($0.folder)/finished")) }
    )
  }

  private static func command(_ name: String, atMost seconds: Double) -> AimWorkload {
    AimWorkload(
      AimRow(
        name: "`\(name)` of finished experiments",
        measure: .seconds,
        aims: [.figure(atMost: seconds)]
      ),
      prepare: finish,
      ours: { bench in
        let count = finished(bench)
        let run = try bench.playbook(.finished(count), [name], directory: bench.folder)
        return AimSample(amount: run.seconds, count: count)
      }
    )
  }
}
