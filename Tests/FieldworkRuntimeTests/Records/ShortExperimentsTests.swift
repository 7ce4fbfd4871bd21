import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// Short experiments become one record, and all others keep the order of their records.
final class ShortExperimentsTests: XCTestCase {
  private final class ListSink: RecordSink {
    private let list = Shared<[String]>([])
    var names: [String] { list.value }
    let wantsUnits = false

    private func add(_ records: [RunRecord]) {
      let names = records.map { record in
        switch record {
        case .started(let experiment, _): "started \(experiment.key)"
        case .finished(let finished): "finished \(RunRecord.finished(finished).parts.count)"
        case .iterations(let key, let last, let count): "iterations \(key) \(last) \(count)"
        case .ended(let key, let ending, _, _): "ended \(key) \(ending)"
        case .saved(let key, let values): "saved \(key) \(values.count)"
        case .warning(let text): text
        default: "\(record)"
        }
      }
      list.change { $0 += names }
    }

    func take(_ records: [RunRecord]) -> Bool {
      add(records)
      return false
    }
    func room() async {}
    func recordAtOnce(_ records: [RunRecord]) { add(records) }
    func recordNow(_ record: RunRecord) { add([record]) }
    func iterationEnded(_ experiment: String, _ iteration: Int) {
      list.change { $0.append("iteration \(experiment) \(iteration)") }
    }
  }

  private func experiment(_ key: String) -> PlannedExperiment {
    PlannedExperiment(
      ordinal: 0,
      id: key,
      key: key,
      config: ["x": 1],
      repetition: 0,
      updates: 0,
      task: 0,
      branch: 0
    )
  }

  private func start(_ key: String, iteration: Int? = nil) -> RunRecord {
    .started(experiment(key), ExperimentStart(at: 1, worker: 0, device: nil, iteration: iteration))
  }

  private func end(_ key: String, _ ending: Ending = .complete) -> RunRecord {
    .ended(experiment: key, ending, iterations: 1, at: 2)
  }

  /// Returns what a sink has got when the body has ended.
  private func names(_ body: (ShortExperiments) async -> Void) async -> [String] {
    let sink = ListSink()
    await body(ShortExperiments(sink, interval: .seconds(600)))
    return sink.names
  }

  func testAShortExperiment() async {
    let names = await names { sink in
      for key in ["a", "b"] {
        await sink.record([self.start(key)])
        sink.iterationEnded(key, 0)
        await sink.record([
          .saved(experiment: key, [SavedValue(name: "y", iteration: 0, value: 1)]), self.end(key),
        ])
      }
    }
    XCTAssertEqual(names, ["finished 4", "finished 4"])
  }

  func testOneThatFailsOrResumes() async {
    let names = await names { sink in
      await sink.record([self.start("a")])
      sink.iterationEnded("a", 0)
      await sink.record([self.end("a", .failed)])
      await sink.record([self.start("b", iteration: 2)])
      await sink.record([self.end("b")])
    }
    XCTAssertEqual(
      names,
      ["started a", "iterations a 0 1", "ended a failed", "started b", "ended b complete"]
    )
  }

  func testWhatIsRecordedMeanwhileComesAfterTheBeginning() async {
    let names = await names { sink in
      await sink.record([self.start("a")])
      sink.recordAtOnce([.warning("at once")])
      sink.iterationEnded("a", 0)
      await sink.record([self.end("a")])
      await sink.record([self.start("b")])
      sink.recordNow(.warning("now"))
      await sink.record([self.end("b")])
      await sink.record([self.start("c")])
      await sink.record([
        .saved(experiment: "c", [SavedValue(name: "y", iteration: 0, value: 1)])
      ])
      await sink.record([self.end("c")])
    }
    XCTAssertEqual(
      names,
      [
        "started a", "at once", "iteration a 0", "ended a complete", "started b", "now",
        "ended b complete", "started c", "saved c 1", "ended c complete",
      ]
    )
  }

  func testTheBeginningOfALongExperimentIsRecordedWhileItRuns() async {
    let sink = ListSink()
    let short = ShortExperiments(sink)
    await short.record([start("a")])
    short.iterationEnded("a", 0)
    while sink.names.isEmpty { await Task.yield() }
    XCTAssertEqual(sink.names, ["started a", "iterations a 0 1"])
    short.iterationEnded("a", 1)
    await short.record([end("a")])
    XCTAssertEqual(sink.names.dropFirst(2), ["iteration a 1", "ended a complete"])
  }

  func testObserversAndOtherStoresGetTheParts() async throws {
    final class ListObserver: RunObserver {
      let list = Shared<[RunRecord]>([])
      func observe(_ record: RunRecord) { list.change { $0.append(record) } }
    }
    let (store, observer) = (ListStore(), ListObserver())
    let recorder = Recorder(store, observers: [observer]) { XCTFail("nothing fails") }
    let finished = try XCTUnwrap(
      FinishedExperiment(
        experiment("a"),
        ExperimentStart(at: 1, worker: 0, device: nil),
        [.saved(experiment: "a", [SavedValue(name: "y", iteration: 0, value: 1)]), end("a")]
      )
    )
    await recorder.record([.finished(finished)])
    try await recorder.flushed()
    let kinds = { (records: [RunRecord]) in records.map { "\($0)".prefix { $0 != "(" } } }
    XCTAssertEqual(kinds(observer.list.value), ["started", "saved", "iterations", "ended"])
    XCTAssertEqual(kinds(store.written.flatMap(\.self)), ["started", "saved", "ended"])
  }
}
