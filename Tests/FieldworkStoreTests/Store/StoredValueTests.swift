import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class StoredValueTests: StoreTestCase {
  private let values: [Value] = [
    .null, true, false, 0, 1, 1.0, -1, .int(.max), .int(.min), .double(.nan), .double(.infinity),
    .double(-.infinity), 0.1, -0.0, .double(.leastNonzeroMagnitude), 1.7976931348623157e308,
    0.30000000000000004, "", "1",
    "null", "nan", "a\nb\tc", "\"quoted\" \\ back", "日本語 🎈 e\u{301} \u{1F468}\u{200D}\u{1F469}",
    "a\u{0}b", "\u{0}", .list([]), [nil, true, 1, 1.0, "x", [2, [3, .double(.nan)]]],
    .dictionary([:]), ["k": [1.0, 1], "é \"q\"": ["n": nil], "": .double(-.infinity)],
    "\u{FEFF}bom", .string(String(repeating: "long ", count: 10_000)),
  ]

  /// Equal, of one kind, and with one text, so that `1` and `1.0` or `-0.0` are not confused.
  private func assertSame(
    _ value: Value?,
    _ expected: Value,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    XCTAssertEqual(value, expected, file: file, line: line)
    XCTAssertEqual(value?.kind, expected.kind, file: file, line: line)
    XCTAssertEqual(value?.canonicalText, expected.canonicalText, file: file, line: line)
  }

  func testValuesComeBackInMemoryAndFromAFile() throws {
    let file = try DatabaseStore.open(folder)
    for store in [try DatabaseStore.inMemory(), file] {
      let saved = values.enumerated().map { (0, "v\($0)", $1) }
      try store.write(records(experiment(0), saved))
      let results = try store.contents()
      for (index, value) in values.enumerated() {
        assertSame(results.lastValues(of: "v\(index)")[0], value)
      }
    }
    try file.close()
    let results = try DatabaseStore.openForReading(folder).contents()
    for (index, value) in values.enumerated() {
      assertSame(results.lastValues(of: "v\(index)")[0], value)
    }
  }

  func testNotesComeBack() throws {
    let store = try DatabaseStore.inMemory()
    try store.write(values.enumerated().map { .note("n\($0)", $1) })
    let notes = try store.notes()
    for (index, value) in values.enumerated() { assertSame(notes["n\(index)"], value) }
  }

  func testALaterValueOfOneIterationReplacesTheEarlier() throws {
    let store = try DatabaseStore.inMemory()
    try store.write(records(experiment(0), [(0, "x", 1), (1, "x", 5), (0, "x", "two")]))
    let values = try store.contents().values(of: "x", in: "e0")
    XCTAssertEqual(values.map(\.value), ["two", 5])
    XCTAssertEqual(values.map(\.iteration), [0, 1])
  }

  func testConfigsComeBackWithTheirShownNames() throws {
    struct Model: Sendable {}
    var config = Config()
    config.set("plain", to: [1, 1.0, nil])
    let layout = Alias("l", "layout")
    config.set(ParameterName(layout), to: AnyAlias("short", "a long value"))
    config.set("activation", to: AnyAlias(Alias("relu", Model())))
    config.set("unnamed", to: AnyAlias(Alias<Double>(0.5)))
    config.set("a/b", to: "say \"x\"\n")
    config.set("nothing", to: nil)
    let store = try DatabaseStore.inMemory()
    try store.write([
      .started(experiment(0, config, repetition: 2), ExperimentStart(at: 0, worker: 0, device: nil))
    ])
    let record = try XCTUnwrap(try store.contents().experiments.first)
    XCTAssertEqual(record.config.keys, config.keys)
    XCTAssertEqual(record.config.entries.map(\.name), config.entries.map(\.name))
    XCTAssertEqual(record.config.entries.map(\.value.name), config.entries.map(\.value.name))
    XCTAssertEqual(record.config.entries.map(\.value.plain), config.entries.map(\.value.plain))
    XCTAssertEqual(record.config.entries.map(\.value.isNamed), config.entries.map(\.value.isNamed))
    XCTAssertEqual(record.config.id, config.id)
    XCTAssertEqual(record.repetition, 2)
    XCTAssertEqual(try record.config["layout", as: String.self], "a long value")
    XCTAssertThrowsError(try record.config["activation", as: Model.self])
  }
}
