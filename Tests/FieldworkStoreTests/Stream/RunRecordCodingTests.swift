import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class RecordCodingTests: StoreTestCase {
  private func encoded(_ records: [RunRecord]) -> [UInt8] {
    var writer = ByteWriter()
    for record in records { record.encode(into: &writer) }
    return writer.bytes
  }

  private func decoded(
    _ bytes: [UInt8],
    planned: (String) -> PlannedExperiment? = { _ in nil }
  ) throws -> [RunRecord] {
    var reader = ByteReader(bytes)
    var records: [RunRecord] = []
    while !reader.isAtEnd { records.append(try RunRecord(from: &reader, planned: planned)) }
    return records
  }

  func testRecordsComeBack() throws {
    for seed in 0..<40 as Range<UInt64> {
      var source = RecordSource(seed: seed)
      let records = source.run(20)
      let back = try decoded(encoded(records))
      XCTAssertEqual(back.map(wholeText), records.map(wholeText), "seed \(seed)")
      XCTAssertEqual(encoded(back), encoded(records), "seed \(seed)")
    }
  }

  func testAPlannedExperimentIsTakenInsteadOfReadingIt() throws {
    struct Model: Sendable {}
    let config: Config = ["m": AnyAlias(Alias("model", Model()))]
    let known = experiment(0, config)
    let records: [RunRecord] = [
      .started(known, ExperimentStart(at: 1, worker: 2, device: "cuda:1", attempt: 3, build: "b")),
      .started(experiment(1, config), ExperimentStart(at: 4, worker: 5, device: nil)),
      .skipped(known), .renamed(experiment: "e0", id: "00_e0"),
      .reopened(experiment: "e0"), .removed(experiment: "e1"),
    ]
    var asked: [String] = []
    let back = try decoded(encoded(records)) { key in
      asked.append(key)
      return key == "e0" ? known : nil
    }
    XCTAssertEqual(asked, ["e0", "e1", "e0"])
    XCTAssertEqual(back.map(wholeText), records.map(wholeText))
    guard case .started(let first, _) = back[0], case .started(let second, _) = back[1] else {
      return XCTFail("\(back)")
    }
    XCTAssertNoThrow(try first.config["m", as: Model.self], "it is the one that was given")
    XCTAssertThrowsError(try second.config["m", as: Model.self])
  }

  func testValuesThatAreNotPlainAreResolvedByParameterAndName() throws {
    struct Model: Sendable, Equatable { let size: Int }
    var config: Config = ["n": 3, "m": AnyAlias(Alias("small", Model(size: 1)))]
    config.set(ParameterName(Alias("o", "other")), to: AnyAlias(Alias("large", Model(size: 9))))
    var writer = ByteWriter()
    let original = experiment(4, config)
    original.encode(into: &writer)
    var asked: [String] = []
    var reader = ByteReader(writer.bytes)
    let back = try PlannedExperiment(from: &reader) { parameter, alias in
      asked.append("\(parameter) \(alias)")
      return AnyAlias(Alias(alias, Model(size: alias == "small" ? 1 : 9)))
    }
    XCTAssertTrue(reader.isAtEnd)
    XCTAssertEqual(asked, ["m small", "other large"])
    XCTAssertEqual(wholeText(back), wholeText(original))
    XCTAssertEqual(back.config, original.config)
    XCTAssertEqual(try back.config["other", as: Model.self], Model(size: 9))
    assertError(.missingParameter, "gone") {
      var reader = ByteReader(writer.bytes)
      _ = try PlannedExperiment(from: &reader) { _, _ in
        throw FieldworkError(.missingParameter, "gone")
      }
    }
  }

  /// Cut anywhere, records are an error or fewer; none is made up.
  func testCutRecords() throws {
    var source = RecordSource(seed: 5)
    let records = source.run(6)
    let bytes = encoded(records)
    var ends: [Int: Int] = [0: 0]
    for count in 1...records.count { ends[encoded(Array(records.prefix(count))).count] = count }
    for length in 0..<bytes.count {
      let cut = Array(bytes.prefix(length))
      if let count = ends[length] {
        XCTAssertEqual(try decoded(cut).count, count)
      } else {
        assertError(.store, "bytes") { try self.decoded(cut) }
      }
    }
  }

  func testAnUnknownKindOfRecord() {
    assertError(.store, "no kind of record 77") { try self.decoded([77, 0]) }
  }
}
