import Fieldwork
import FieldworkStore

/// A cost over something that grows by tens or by twos, as one or several curves.
struct GrowthSeries {
  /// The same over other workloads.
  struct Curve {
    let label: String
    /// What it is measured at, in rising order.
    let sizes: [Int]
    /// Makes what all rounds of a point read.
    var prepare: (AimBench, Int) throws -> Void = { _, _ in }
    /// A round of a point: how many units there were in all, and the seconds that they took.
    let measure: (AimBench, Int) throws -> Measurement
  }

  let name: String
  /// What the cost is of.
  let unit: String
  /// What grows, as in the title of an axis.
  let parameter: String
  /// What tells the curves apart; nil if there is one.
  var distinction: String?
  /// Whether something of size n has n units, so that a constant cost of one of them is linear growth. Otherwise
  /// the work stays as it is, and a constant cost is none.
  var isCostOfEach = true
  let curves: [Curve]

  static var all: [GrowthSeries] { [experiments, iterations, loading, workers, parameters, names] }

  /// The powers of ten with these exponents.
  private static func tens(_ exponents: ClosedRange<Int>) -> [Int] {
    exponents.map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 } }
  }

  private static var experiments: GrowthSeries {
    GrowthSeries(
      name: "experiments",
      unit: "experiment",
      parameter: "experiments",
      distinction: "workers",
      curves: [("one", "serial"), ("2 processes", "processes")].map { label, mode in
        Curve(label: label, sizes: tens(3...6)) { bench, n in try bench.noop(mode, n) }
      }
    )
  }

  private static var iterations: GrowthSeries {
    GrowthSeries(
      name: "iterations",
      unit: "iteration",
      parameter: "iterations",
      curves: [
        Curve(label: "one experiment", sizes: tens(1...7)) { bench, n in
          try bench.withStore { try bench.own(.iterations, n, store: $0) }
        }
      ]
    )
  }

  private static var loading: GrowthSeries {
    func curve(_ label: String, _ sizes: [Int], values: @escaping (Int) -> Int) -> Curve {
      func folder(_ bench: AimBench) -> ResearchFolder {
        ResearchFolder(directory: bench.folder, name: "loading")
      }
      return Curve(
        label: label,
        sizes: sizes,
        prepare: { bench, n in
          bench.remove(folder(bench).path)
          try SyntheticStore(experiments: n / values(n), iterations: values(n)).fill(folder(bench))
        },
        measure: { bench, _ in try bench.own(.table, 1, store: folder(bench).path) }
      )
    }
    return GrowthSeries(
      name: "loading",
      unit: "row",
      parameter: "rows",
      distinction: "experiments",
      curves: [
        curve("100 with n / 100 values", tens(4...7)) { $0 / 100 },
        curve("n / 2 with 2 values", tens(4...6)) { _ in 2 },
      ]
    )
  }

  private static var workers: GrowthSeries {
    GrowthSeries(
      name: "workers",
      unit: "experiment",
      parameter: "workers",
      distinction: "mode",
      isCostOfEach: false,
      curves: ["threads", "processes"].map { mode in
        Curve(label: mode, sizes: [1, 2, 4, 8, 16, 32, 64]) { bench, n in
          try bench.noop(mode, 20_000, ["--workers", "\(n)"])
        }
      }
    )
  }

  /// A run of experiments of a growing width, as many as make 100,000 parameters or saved values in all.
  private static func run(_ name: OwnWorkload.Name, _ sizes: [Int]) -> Curve {
    Curve(label: "a serial run", sizes: sizes) { bench, n in
      try bench.withStore { try bench.own(name, 100_000 / n, width: n, store: $0) }
    }
  }

  /// A loop over 10,000 configs.
  private static func configs(_ label: String, _ name: OwnWorkload.Name) -> Curve {
    Curve(label: label, sizes: tens(0...3)) { bench, n in try bench.own(name, 10_000, width: n) }
  }

  private static var parameters: GrowthSeries {
    GrowthSeries(
      name: "parameters",
      unit: "parameter",
      parameter: "parameters of a config",
      distinction: "what is timed",
      curves: [
        run(.wideRun, tens(0...3)), configs("configs of a grid", .wideGrid),
        configs("configs with samplers", .wideDraws),
      ]
    )
  }

  private static var names: GrowthSeries {
    GrowthSeries(
      name: "names",
      unit: "saved value",
      parameter: "saved names of an experiment",
      curves: [run(.names, tens(0...4))]
    )
  }
}
