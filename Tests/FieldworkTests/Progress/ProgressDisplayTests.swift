import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

@testable import Fieldwork

final class ProgressDisplayTests: ProgressTestCase {
  private func text(
    _ events: [RunRecord],
    columns: Int,
    rows: Int
  ) -> [ScreenLine] {
    var (progress, pace) = (RunProgress(), Pace())
    for event in events { _ = progress.apply(event, now: 0) }
    pace.update(progress, at: 5)
    let terminal = Terminal(output: -1, error: -1, environment: [:])
    return ProgressText(progress: progress, pace: pace, now: 5, terminal: terminal)
      .lines(columns: columns, rows: rows)
  }

  // MARK: Lines

  /// Whatever the size of the terminal, the number of workers and the signs, everything fits.
  func testLinesFit() throws {
    let names = ["short", "日本語の長い名前です", "😀😀😀😀", "line\nbreak", "a\u{301}e\u{301}"]
    var plan = try ExperimentPlan(
      Research("test") { Domain("name" <- names) * Domain("x" <- 1...10) },
      seed: 1
    )
    var all: [PlannedExperiment] = []
    while let experiment = try plan.next() { all.append(experiment) }
    for workers in [0, 1, 3, 40] {
      var events = [start(50, iterations: 100, workers: workers)]
      events += all.prefix(workers).enumerated().map { .experimentStarted($1, worker: $0) }
      events += all.suffix(9).enumerated().flatMap { number, experiment in
        [
          .experimentStarted(experiment, worker: 0),
          .unitFailed(experiment, failure("\(names[number % 3]) \(number)")),
        ]
      }
      for columns in [1, 5, 20, 31, 40, 79, 199] {
        for rows in [1, 2, 3, 4, 8, 20, 60] {
          let lines = text(events, columns: columns, rows: rows)
          XCTAssertLessThanOrEqual(lines.count, rows, "\(workers) \(columns)×\(rows)")
          for line in lines {
            XCTAssertLessThanOrEqual(line.columns, columns, line.text)
            XCTAssertEqual(line.columns, line.text.columns, line.text)
          }
        }
      }
    }
  }

  func testAsManyWorkersAsThereIsRoomFor() throws {
    let all = try planned(40)
    let events =
      [start(40, iterations: 3, workers: 40)]
      + all.enumerated().map { .experimentStarted($1, worker: $0) }
      + (0..<10).map { ended(all[$0]) }
    let lines = text(events, columns: 79, rows: 20).map(\.text)
    XCTAssertEqual(lines.count, 20)
    XCTAssertEqual(lines[1], "  worker 11: iteration 0/3 {x: 11} · 5 s", "those that run first")
    XCTAssertEqual(lines.last, "  and 22 more")
    let long = text(events, columns: 79, rows: 60).map(\.text)
    XCTAssertEqual(long.count, 41)
    XCTAssertEqual(long[1], "  worker 1: idle")
  }

  func testRepeatedFailuresHaveALine() throws {
    let all = try planned(5)
    let events =
      [start(5)]
      + zip(all, ["a 1", "b", "a 2", "c", "a 3"]).flatMap { experiment, message in
        [
          .experimentStarted(experiment, worker: 0), .unitFailed(experiment, failure(message)),
          ended(experiment, .failed),
        ]
      }
    XCTAssertEqual(
      text(events, columns: 79, rows: 20).dropFirst().map(\.text),
      ["  3 × unit 'train': a 1", "  worker 1: idle"]
    )
  }

  // MARK: Where it is written

  func testOnATerminal() throws {
    let terminal = try PseudoTerminal()
    let descriptor = terminal.writer.fileDescriptor
    let display = ProgressDisplay(
      Terminal(output: descriptor, error: descriptor, environment: ["TERM": "xterm"])
    )
    let all = try planned(3)
    display.observe(start(3))
    display.observe(.experimentStarted(all[0], worker: 0))
    XCTAssertTrue(terminal.read(until: "worker 1: {x: 1}").contains("0/3"), "drawn by itself")
    display.observe(.printed(worker: 0, text: "from\u{1B}[5A below\n"))
    display.observe(.unitFailed(all[0], failure("loss is 1")))
    display.observe(.experimentStarted(all[1], worker: 1))
    display.observe(.unitFailed(all[1], failure("loss is 2")))
    display.observe(.workerDied(worker: 1, reason: "signal 9"))
    display.tell("told")
    display.finish()
    display.observe(.warning("late"))
    try terminal.writer.close()
    let text = terminal.read(until: nil)
    var model = TerminalModel(columns: 100)
    model.write(text)
    XCTAssertEqual(
      model.screen,
      [
        "from below", "failed: unit 'train', iteration 2: loss is 1", "  in \(all[0].id) {x: 1}",
        "worker 2 died: signal 9", "told",
      ]
    )
    XCTAssertEqual(model.unknown, [])
  }

  private func written(
    _ environment: [String: String] = ["TERM": "xterm"],
    _ body: (ProgressDisplay) -> Void
  ) throws -> [String] {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-progress-\(UUID().uuidString)")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let handle = try FileHandle(forWritingTo: file)
    let display = ProgressDisplay(
      Terminal(output: -1, error: handle.fileDescriptor, environment: environment)
    )
    body(display)
    display.finish()
    try handle.close()
    return try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
  }

  func testInAFile() throws {
    let all = try planned(2000)
    let lines = try written { display in
      display.observe(start(2000, stored: 7))
      for (number, experiment) in all.enumerated() {
        display.observe(.experimentStarted(experiment, worker: 0))
        display.observe(.unitFailed(experiment, failure("loss is \(number)")))
        display.observe(ended(experiment, .failed))
      }
      display.observe(.printed(worker: 1, text: "\u{1B}[1mas is\u{1B}[0m\n"))
      display.observe(.warning("beware"))
      display.observe(.workerLeft(worker: 0, reason: "enough"))
    }
    // On a slow machine a line about the whole may stand between.
    XCTAssertEqual(
      lines.filter { !$0.contains("/2000") },
      [
        "test: 2000 experiments, 7 stored, 2 workers, seed 1",
        "failed: unit 'train', iteration 2: loss is 0", "  in \(all[0].id) {x: 1}",
        "\u{1B}[1mas is\u{1B}[0m", "warning: beware",
        "warning: worker 1 takes no more tasks: enough", "",
      ]
    )
  }

  /// Where messages have nothing in common, the first ones are shown.
  func testManyKindsOfFailure() throws {
    let all = try planned(30)
    let lines = try written { display in
      for (number, experiment) in all.enumerated() {
        let message = String(repeating: "x", count: number + 1)
        display.observe(.experimentStarted(experiment, worker: 0))
        display.observe(.unitFailed(experiment, failure(message)))
      }
    }
    XCTAssertEqual(lines.filter { $0.hasPrefix("failed: unit") }.count, 10)
    XCTAssertEqual(
      lines.suffix(2),
      ["failed: in other ways too, which the end of the run tells", ""]
    )
  }

  /// More than may wait is written while it comes, and nothing is lost.
  func testALotOfOutputIsKept() throws {
    let line = String(repeating: "x", count: 999) + "\n"
    let lines = try written { display in
      for _ in 0..<5000 { display.observe(.printed(worker: 0, text: line)) }
    }
    XCTAssertEqual(lines.count, 5001)
    XCTAssertTrue(lines.dropLast().allSatisfy { $0.count == 999 })
  }

  func testWhenALineIsDue() {
    /// When lines come in a run of a length, looked at every second.
    func times(_ length: Int) -> [Int] {
      var schedule = LineSchedule()
      return (1..<length).filter { second in
        schedule.isDue(fraction: Double(second) / Double(length), seconds: Double(second))
      }
    }
    XCTAssertEqual(times(5), [1, 2, 3, 4])
    XCTAssertEqual(times(100), [10, 20, 30, 40, 50, 60, 70, 80, 90])
    XCTAssertEqual(times(1200).count, 39, "one in half a minute")
    XCTAssertLessThan(times(14 * 86400).count, 1000, "hundreds in two weeks")
    var schedule = LineSchedule()
    XCTAssertFalse(schedule.isDue(fraction: 0.5, seconds: 0.5))
    XCTAssertTrue(schedule.isDue(fraction: 0.5, seconds: 1.5))
    XCTAssertFalse(schedule.isDue(fraction: 0.59, seconds: 20))
  }
}
