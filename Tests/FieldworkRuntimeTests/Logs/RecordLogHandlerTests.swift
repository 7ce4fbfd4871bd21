import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation
import Logging
import XCTest

@testable import FieldworkRuntime

/// What units log becomes records, in their order.
final class RecordLogHandlerTests: RuntimeTestCase {
  private final class ListSink: RecordSink {
    private let list = Shared<[LogEntry]>([])
    var entries: [LogEntry] { list.value }
    let wantsUnits = false

    func take(_ records: [RunRecord]) -> Bool { false }
    func room() async {}
    func recordAtOnce(_ records: [RunRecord]) {}
    func iterationEnded(_ experiment: String, _ iteration: Int) {}

    func recordNow(_ record: RunRecord) {
      guard case .logged("key", let entry) = record else { return }
      list.change { $0.append(entry) }
    }
  }

  private func logger(_ sink: ListSink, _ threshold: Logger.Level) -> Logger {
    Logger(label: "test") { _, provider in
      RecordLogHandler(sink, experiment: "key", threshold: threshold, metadataProvider: provider)
    }
  }

  func testEveryThreshold() {
    for threshold in Logger.Level.allCases {
      let sink = ListSink()
      for level in Logger.Level.allCases { logger(sink, threshold).log(level: level, "m") }
      XCTAssertEqual(
        sink.entries.map(\.level),
        Logger.Level.allCases.filter { $0 >= threshold }.map(\.rawValue)
      )
    }
  }

  func testMetadataOfLoggersAndErrors() {
    let sink = ListSink()
    var first = logger(sink, .info)
    first[metadataKey: "a"] = "1"
    first[metadataKey: "b"] = "2"
    var other = first
    other[metadataKey: "a"] = "3"
    other.logLevel = .critical
    first.info("m", metadata: ["b": "4"])
    other.info("left out")
    other.critical("n")
    first.error("o", error: TestError("why"))
    XCTAssertEqual(sink.entries.map(\.message), ["m", "n", "o"])
    XCTAssertEqual(
      sink.entries.map(\.metadata),
      [["a": "1", "b": "4"], ["a": "3", "b": "2"], ["a": "1", "b": "2", "error": "why"]]
    )
  }

  /// The lines of a unit are between the beginning and the end of its experiment.
  func testTheOrderOfLines() async throws {
    for parallelism in [Parallelism.serial, .threads] {
      let folder = ResearchFolder(directory: directory, name: "order-\(parallelism)")
      let store = try DatabaseStore.open(folder)
      var research = Research("order", seed: 1, workers: 2, logLevel: .info) {
        Domain("x" <- 0..<20)
        Unit("log") { run in
          let x: Int = try run["x"]

          run.logger.info("inside", metadata: ["x": "\(x)"])
        }
      }
      research.settings.parallelism = parallelism
      try await ResearchRunner(research, store: store).run()
      try store.close()
      for id in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/experiments") {
        let path = "\(folder.path)/experiments/\(id)/experiment.log"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        XCTAssertEqual(
          lines.map { line in
            ["experiment started", "inside", "experiment ended"].first { line.contains($0) }
          },
          ["experiment started", "inside", "experiment ended"],
          "\(parallelism)"
        )
      }
    }
  }
}
