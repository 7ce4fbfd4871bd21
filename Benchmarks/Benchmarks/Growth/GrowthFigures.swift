import ArgumentParser
import Fieldwork
import Foundation

/// `growth`: measures how costs grow with the sizes of things.
struct GrowthFigures: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth",
    abstract: "How costs grow with experiments, iterations, rows, workers, parameters and names.",
    discussion: """
      A series is the cost of one experiment, iteration, row, parameter or saved value over a size n. Each point is \
      measured in rounds, each in a process of its own; the median, the smallest and the largest cost are shown. The \
      exponent is how the whole cost grows from the point before: 1 is linear, and growth that is clearly worse is \
      marked. A point that cannot be measured ends its curve. docs/performance.md says what each series measures.
      """
  )

  /// A point whose first round takes longer is not measured again.
  private static let longRound = Duration.seconds(20)

  @Option(help: ArgumentHelp("Only series whose names contain this.", valueName: "substring"))
  var only = ""

  @Option(help: "How often each point is measured; one of more than 20 s is measured once.")
  var rounds = 3

  @Option(help: ArgumentHelp("Leave out points of a larger n.", valueName: "n"))
  var most: Int?

  @Flag(help: "Print JSON, an object for each point.")
  var json = false

  @Option(
    help: ArgumentHelp("Draw a chart of each series in this folder: NAME.svg.", valueName: "folder")
  )
  var charts: String?

  func validate() throws {
    guard rounds > 0, most ?? 1 > 0 else {
      throw ValidationError("--rounds and --most are numbers from 1 up")
    }
    guard !wanted.isEmpty else {
      let names = GrowthSeries.all.map(\.name).joined(separator: ", ")
      throw ValidationError("--only: no series has '\(only)' in its name; there are \(names)")
    }
  }

  private var wanted: [GrowthSeries] {
    GrowthSeries.all.filter {
      only.isEmpty || $0.name.range(of: only, options: .caseInsensitive) != nil
    }
  }

  func run() async throws {
    let files = FileManager.default
    let bench = AimBench(folder: NSTemporaryDirectory() + "fieldwork-growth-\(getpid())")
    try files.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
    defer { bench.remove(bench.folder) }
    if let charts { try files.createDirectory(atPath: charts, withIntermediateDirectories: true) }
    var hasFailed = false
    for (place, series) in wanted.enumerated() {
      if !json { print((place > 0 ? "\n" : "") + GrowthPoint.header(series)) }
      let points = try measured(series, on: bench, &hasFailed)
      guard let charts, !points.isEmpty else { continue }
      try await series.plot(points).svg
        .write(toFile: "\(charts)/\(series.name).svg", atomically: true, encoding: .utf8)
    }
    if hasFailed { throw ExitCode.failure }
  }

  /// Measures the points of a series, and prints each as soon as it is measured.
  private func measured(
    _ series: GrowthSeries,
    on bench: AimBench,
    _ hasFailed: inout Bool
  ) throws -> [GrowthPoint] {
    var points: [GrowthPoint] = []
    for curve in series.curves {
      var before: GrowthPoint?
      for size in curve.sizes where size <= most ?? size {
        do {
          let costs = try costs(of: curve, size, on: bench)
          let point = GrowthPoint(series, curve, size, costs: costs, after: before)
          print(json ? point.json : point.line)
          // Points come up to a minute apart.
          fflush(nil)
          points.append(point)
          before = point
        } catch let error as NotMeasured {
          let text = "\(curve.label) at \(size): not measured: \(error.reason)\n"
          FileHandle.standardError.write(Data(text.utf8))
          hasFailed = true
          break
        }
      }
    }
    return points
  }

  /// What a unit costs in each of the rounds, in microseconds.
  private func costs(
    of curve: GrowthSeries.Curve,
    _ size: Int,
    on bench: AimBench
  ) throws -> [Double] {
    try curve.prepare(bench, size)
    var costs: [Double] = []
    while costs.count < rounds {
      let begin = ContinuousClock.now
      let measurement = try curve.measure(bench, size)
      costs.append(measurement.seconds / Double(measurement.n) * 1e6)
      if costs.count == 1, ContinuousClock.now - begin > Self.longRound { break }
    }
    return costs
  }
}
