import FieldworkCore
import Foundation
public import FieldworkStore

extension Plot {
  /// What the workers did and when: a bar for each experiment, and a mark for each that failed. Times in
  /// which nothing ran, between one run and the next, are cut out.
  /// - Throws: ``FieldworkError`` of code `nothingPasses` if no experiment has begun.
  public static func timeline(_ results: ResearchResults) throws -> Plot {
    guard let timeline = Timeline(results) else {
      throw FieldworkError(.nothingPasses, "no experiment has begun")
    }
    return timeline.plot
  }
}

/// Experiments over time, worker by worker.
struct Timeline {
  private static let width = 900.0
  private static let left = 80.0
  private static let line = 26.0
  private static let mostWorkers = 64
  private static let mostBars = 1500

  private struct Bar {
    let worker: Int
    var start: Double
    var end: Double
    var count: Int
    let isFailed: Bool
    let text: String
  }

  private var bars: [Bar] = []
  private var workers: [Int]
  private let failed: Int
  private let workerCount: Int
  private let count: Int
  private let duration: Double
  private var gaps: [Double] = []
  private var notes: [String] = []

  /// - Returns: nil if no experiment has begun.
  init?(_ results: ResearchResults) {
    let now = Date().timeIntervalSince1970
    // What runs has run until now; of what was cut off nobody knows how long it ran.
    let all = zip(results.experiments, results.areRunning).map { experiment, isRunning in
      (experiment: experiment, end: experiment.ended ?? (isRunning ? now : nil))
    }
    let ends = Dictionary(
      all.map { ($0.experiment.key, $0.end) },
      uniquingKeysWith: { first, _ in first }
    )
    let ran = all.map(\.experiment).filter { $0.started != nil }
      .sorted { ($0.started ?? 0) < ($1.started ?? 0) }
    guard let first = ran.first?.started else { return nil }
    count = ran.count
    failed = ran.count { $0.state == .failed }
    workers = Set(ran.map { $0.worker ?? 0 }).sorted()
    workerCount = workers.count
    if workers.count > Self.mostWorkers {
      notes.append("\(Self.mostWorkers) of \(workers.count) workers are drawn.")
      workers = Array(workers.prefix(Self.mostWorkers))
    }
    // Time that passes while something runs.
    func end(_ experiment: ExperimentRecord) -> Double {
      max(experiment.started ?? first, (ends[experiment.key] ?? nil) ?? experiment.started ?? first)
    }
    let total = ran.reduce(0.0) { $0 + end($1) - ($1.started ?? first) }
    var (clock, seen) = (0.0, first)
    var placed: [(experiment: ExperimentRecord, start: Double, end: Double)] = []
    for experiment in ran {
      let start = experiment.started ?? seen
      let idle = start - seen
      if idle > max(60, total * 0.05) {
        gaps.append(clock)
        seen = start
      }
      let end = end(experiment)
      let begin = max(0, clock + start - seen)
      placed.append((experiment, begin, begin + end - start))
      if end > seen {
        clock += end - seen
        seen = end
      }
    }
    duration = max(clock, 1e-6)
    if !gaps.isEmpty { notes.append("Times in which nothing ran are cut out, at dashed lines.") }
    // Experiments that are less than a pixel apart become one bar, or, of very many, some pixels.
    var distance = duration / (Self.width - Self.left - 14)
    repeat {
      bars = merged(placed, distance)
      distance *= 2
    } while bars.count > Self.mostBars && distance < duration
    let hidden = bars.reduce(0) { $0 + $1.count } - bars.count
    if hidden > 0 {
      notes.append("\(hidden) experiments are drawn together with their neighbours.")
    }
  }

  /// A bar for each experiment, or for some that ended alike and are no further apart than a distance.
  private func merged(
    _ placed: [(experiment: ExperimentRecord, start: Double, end: Double)],
    _ distance: Double
  ) -> [Bar] {
    var bars: [Bar] = []
    var last: [[Int]: Int] = [:]
    let known = Set(workers)
    for (experiment, start, end) in placed {
      let worker = experiment.worker ?? 0
      guard known.contains(worker) else { continue }
      let isFailed = experiment.state == .failed
      let row = [worker, isFailed ? 1 : 0]
      if let index = last[row], start - bars[index].end < distance, end - start < distance {
        bars[index].end = max(bars[index].end, end)
        bars[index].count += 1
        continue
      }
      let config = Markup.cut(experiment.config.description, 120)
      let cause =
        experiment.failures.first.map { ": \($0.unit): \(Markup.cut($0.message, 120))" } ?? ""
      last[row] = bars.count
      bars.append(
        Bar(
          worker: worker,
          start: start,
          end: end,
          count: 1,
          isFailed: isFailed,
          text:
            "\(experiment.id) \(config), \(experiment.state.rawValue), \(Scale.rounded(end - start)) s\(cause)"
        )
      )
    }
    return bars
  }

  var plot: Plot {
    let bottom = 12 + Self.line * Double(workers.count)
    let height = bottom + 40
    let rows = Dictionary(uniqueKeysWithValues: workers.enumerated().map { ($1, $0) })
    let scale = Scale(from: 0, to: duration, Self.left, Self.width - 14)
    func place(_ time: Double) -> Double { scale.place(time) ?? Self.left }
    var svg = SVG()
    for worker in workers {
      let y = 12 + Self.line * Double(rows[worker] ?? 0)
      // As the progress display counts them.
      svg.text("worker \(worker + 1)", Self.left - 8, y + 16, "small", anchor: "end")
      svg.line(Self.left, y + Self.line, Self.width - 14, y + Self.line, "grid")
    }
    for bar in bars {
      let y = 12 + Self.line * Double(rows[bar.worker] ?? 0)
      let (start, end) = (place(bar.start), place(bar.end))
      let text = bar.count == 1 ? bar.text : "\(bar.count) experiments, the first: \(bar.text)"
      svg.open("g", [("class", bar.isFailed ? "failure" : "s0")])
      svg.element(
        "rect",
        [
          ("x", SVG.number(start)), ("y", SVG.number(y + 4)),
          ("width", SVG.number(max(1, end - start - 0.5))), ("height", "18"),
          ("class", bar.isFailed ? "failed" : "fill span"),
        ],
        title: text
      )
      if bar.isFailed {
        // Told by its shape too, not by colour alone.
        let x = max(start + 0.5, (start + end) / 2)
        svg.element(
          "path",
          [
            ("d", "M\(SVG.number(x - 4)) \(SVG.number(y - 3))h8l-4 7Z"), ("class", "failed"),
          ],
          title: text
        )
      }
      svg.close("g")
    }
    for gap in gaps {
      svg.element(
        "line",
        [
          ("x1", SVG.number(place(gap))), ("x2", SVG.number(place(gap))), ("y1", "6"),
          ("y2", SVG.number(bottom)), ("class", "axis"), ("stroke-dasharray", "4 4"),
        ]
      )
    }
    for tick in scale.ticks(8) {
      svg.text(tick.text, place(tick.value), bottom + 16, "small", anchor: "middle")
    }
    svg.text("seconds", (Self.left + Self.width) / 2, bottom + 34, "strong", anchor: "middle")
    return Plot(
      title: "What the workers did",
      summary:
        "\(count) experiment\(count == 1 ? "" : "s") on \(workerCount) worker\(workerCount == 1 ? "" : "s") in \(Scale.rounded(duration)) s; \(failed == 0 ? "none" : "\(failed)") failed.",
      notes: notes,
      width: Self.width,
      height: height,
      content: svg.content
    )
  }
}
