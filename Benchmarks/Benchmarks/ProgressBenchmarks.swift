import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// What the progress display costs the run: the events of a run, told to a display once more.
///
/// The display is that of the standard error, so a terminal and a file give different figures.
enum ProgressBenchmarks {
  private final class Recording: RunObserver {
    private let log = Protected<[RunRecord]>([])
    var events: [RunRecord] { log.withLock { $0 } }

    func observe(_ event: RunRecord) { log.withLock { $0.append(event) } }
  }

  static let experiments = 50_000
  static let iterations = 200_000

  /// The events of many experiments that do nothing.
  static func manyExperiments() async throws -> [RunRecord] {
    try await events(
      Research("progress", parallel: .serial) {
        Domain("a" <- 1...experiments, "b" <- ["x"])
        Unit("nothing") {}
      }
    )
  }

  /// The events of an experiment of many iterations.
  static func manyIterations() async throws -> [RunRecord] {
    try await events(
      Research("progress", iterations: iterations, parallel: .serial) { Unit("nothing") {} }
    )
  }

  /// The events of experiments that all fail, each in words of its own.
  static func manyFailures() async throws -> [RunRecord] {
    try await events(
      Research("progress", parallel: .serial) {
        Domain("a" <- 1...experiments)
        Unit("fail") { run in
          throw FieldworkError(.wrongType, "the loss is \(try run["a", as: Int.self])")
        }
      }
    )
  }

  private static func events(_ research: Research) async throws -> [RunRecord] {
    let recording = Recording()
    _ = try await research.run(observers: [recording])
    return recording.events
  }

  static func show(_ events: [RunRecord]) {
    let display = ProgressDisplay(Terminal())
    for event in events { display.observe(event) }
    display.finish()
  }
}
