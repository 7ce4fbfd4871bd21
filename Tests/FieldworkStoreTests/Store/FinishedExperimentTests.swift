import GRDB
import XCTest

@testable import FieldworkAnalysis
@testable import FieldworkCore
@testable import FieldworkStore

/// An experiment in one record is stored as one that comes in several.
final class FinishedExperimentTests: StoreTestCase {
  private func finished(_ records: [RunRecord]) -> FinishedExperiment? {
    guard case .started(let experiment, let start)? = records.first else { return nil }
    return FinishedExperiment(experiment, start, Array(records.dropFirst()))
  }

  /// All rows of all tables but the numbers of rows, which depend on the order of writing.
  private func rows(_ folder: ResearchFolder) throws -> [String] {
    let database = try DatabaseQueue(path: folder.databasePath)
    return try database.read { database in
      let tables = try String.fetchAll(
        database,
        sql:
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'grdb%' ORDER BY name"
      )
      return try tables.flatMap { table in
        try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { "\(table) \($0)" }
      }
    }
  }

  private func values(_ source: inout RecordSource) -> [SavedValue] {
    (0..<source.below(6)).map { index in
      var value = source.value()
      while case .list = value { value = source.value() }
      if case .dictionary = value { value = .null }
      return SavedValue(
        name: source.flag()
          ? "a" : ["b\0c", "\u{E9}", "e\u{301}", "b\u{FFFD}c"][source.below(4)],
        iteration: index,
        value: value
      )
    }
  }

  func testRowsAreThoseOfSeparateRecords() throws {
    for seed in 0..<12 as Range<UInt64> {
      var source = RecordSource(seed: seed)
      let all = (0..<8).map { ordinal -> [RunRecord] in
        let experiment = source.experiment(ordinal)
        return [
          .started(
            experiment,
            ExperimentStart(at: source.number(), worker: 1, device: "d", build: "b", versions: "v")
          ), .saved(experiment: experiment.key, values(&source)),
          .ended(
            experiment: experiment.key,
            source.flag() ? .complete : .pruned,
            iterations: source.below(5),
            at: Double(source.below(9))
          ),
        ]
      }
      let stores = ["parts", "wholes"].map {
        ResearchFolder(directory: directory, name: "\($0)\(seed)")
      }
      for (folder, isWhole) in zip(stores, [false, true]) {
        let store = try DatabaseStore.open(folder)
        for records in all {
          let whole = try XCTUnwrap(finished(records))
          try store.write(isWhole ? [.finished(whole)] : records)
          // An experiment that runs again replaces itself.
          if source.flag() { try store.write(isWhole ? [.finished(whole)] : records) }
        }
        try store.close()
        let check = try DatabaseStore.openForReading(folder)
        XCTAssertEqual(try check.damagedExperiments().map(\.id), [], "seed \(seed)")
        try check.close()
      }
      XCTAssertEqual(try rows(stores[0]), try rows(stores[1]), "seed \(seed)")
    }
  }

  func testARecordComesBackFromItsBytes() throws {
    for seed in 0..<20 as Range<UInt64> {
      var source = RecordSource(seed: seed)
      let experiment = source.experiment(3)
      let records: [RunRecord] = [
        .started(experiment, ExperimentStart(at: 1.5, worker: 2, device: nil)),
        .saved(experiment: experiment.key, values(&source)),
        .ended(experiment: experiment.key, .complete, iterations: 2, at: 7),
      ]
      let record = RunRecord.finished(try XCTUnwrap(finished(records)))
      var writer = ByteWriter()
      record.encode(into: &writer)
      for planned in [experiment, nil] {
        var reader = ByteReader(writer.bytes)
        let back = try RunRecord(from: &reader) { key in
          XCTAssertEqual(key, experiment.key)
          return planned
        }
        XCTAssertTrue(reader.isAtEnd)
        XCTAssertEqual(back.parts.map(wholeText), record.parts.map(wholeText))
        var again = ByteWriter()
        back.encode(into: &again)
        XCTAssertEqual(again.bytes, writer.bytes)
      }
    }
  }

  func testThePartsOfARecord() throws {
    let experiment = experiment(0)
    let whole = try XCTUnwrap(finished(records(experiment, [(0, "a", 1)], iterations: 3)))
    XCTAssertEqual(
      RunRecord.finished(whole).parts.map(wholeText),
      [
        .started(experiment, ExperimentStart(at: 10, worker: 0, device: nil)),
        .saved(experiment: "e0", [SavedValue(name: "a", iteration: 0, value: 1)]),
        .iterations(experiment: "e0", last: 2, count: 3),
        .ended(experiment: "e0", .complete, iterations: 3, at: 12.5),
      ].map(wholeText)
    )
    var (counters, same) = (RunCounters(), RunCounters())
    counters.apply(.finished(whole))
    for part in RunRecord.finished(whole).parts { same.apply(part) }
    XCTAssertEqual(counters, same)
  }

  func testWhatIsNoRecordOfItsOwn() {
    let experiment = experiment(0)
    let start = ExperimentStart(at: 10, worker: 0, device: nil)
    XCTAssertNil(finished(records(experiment, [], ending: .failed)))
    XCTAssertNil(finished(records(experiment, [], ending: .interrupted)))
    XCTAssertNil(finished(records(experiment, [(0, "a", .list([1]))])))
    XCTAssertNil(finished(records(experiment, (0...2000).map { ($0, "a", 1) })))
    XCTAssertNil(
      finished(records(experiment, [(0, "a", .string(String(repeating: "x", count: 70_000)))]))
    )
    // A value that replaces another one.
    XCTAssertNil(finished(records(experiment, [(0, "a", 1), (0, "b", 1), (0, "a", 2)])))
    XCTAssertNil(finished(records(experiment, [(1, "a", 1), (0, "a", 2)])))
    XCTAssertNil(FinishedExperiment(experiment, start, []))
    XCTAssertNil(FinishedExperiment(experiment, start, [.warning("w")]))
    let end = RunRecord.ended(experiment: "e0", .complete, iterations: 1, at: 1)
    XCTAssertNil(FinishedExperiment(experiment, start, [.warning("w"), end]))
    XCTAssertNil(
      FinishedExperiment(
        experiment,
        ExperimentStart(at: 10, worker: 0, device: nil, iteration: 2),
        [end]
      )
    )
    XCTAssertNil(FinishedExperiment(self.experiment(1), start, [end]))
  }
}
