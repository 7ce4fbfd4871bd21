import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class StreamSegmentTests: ResultsTestCase {
  /// A segment whose frames hold up to so many records each, with frames of another kind between them.
  private func segment(
    _ records: [RunRecord],
    perFrame: Int = 3
  ) -> (bytes: [UInt8], ends: [Int: Int]) {
    var writer = FrameWriter()
    var ends: [Int: Int] = [:]
    for start in stride(from: 0, to: records.count, by: perFrame) {
      let group = records[start..<min(start + perFrame, records.count)]
      writer.append(RunRecord.frameKind) { writer in
        for record in group { record.encode(into: &writer) }
      }
      ends[writer.count] = group.endIndex
      if start % 2 == 0 {
        writer.append(200) { $0.append("something else") }
        ends[writer.count] = group.endIndex
      }
    }
    return (writer.take(), ends)
  }

  private func put(_ bytes: some Sequence<UInt8>) throws -> String {
    let path = directory + "/segment"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Everything that a store holds, as text.
  private func all(_ store: DatabaseStore) throws -> String {
    let results = try store.contents()
    let profile = try store.profile().map { "\($0)" }.joined(separator: "\n")
    let output = try results.experiments.map { experiment in
      try StandardStream.allCases.map { try store.output(of: experiment.id, $0) ?? "none" }
        .joined(separator: "|")
    }
    let records = results.experiments.map { experiment in
      "\(experiment.id) \(experiment.ordinal) \(experiment.state) \(String(describing: experiment.ending)) \(String(describing: experiment.started)) \(String(describing: experiment.ended)) \(String(describing: experiment.worker)) \(String(describing: experiment.device)) \(String(describing: experiment.attempts)) \(String(describing: experiment.build)) \(experiment.failures)"
    }
    let notes = try store.notes().mapValues(\.canonicalText).sorted { $0.key < $1.key }
    return [
      everything(results), profile, output.joined(separator: "\n"),
      records.joined(separator: "\n"), "\(try store.provenance())", "\(notes)",
    ].joined(separator: "\n\n")
  }

  private func direct(_ records: some Sequence<RunRecord>) throws -> String {
    let store = try DatabaseStore.inMemory()
    try store.write(Array(records))
    return try all(store)
  }

  func testReplayIsLikeWritingOnceOrTwice() throws {
    for seed in 0..<12 as Range<UInt64> {
      var source = RecordSource(seed: seed)
      let records = source.run(15)
      let path = try put(segment(records).bytes)
      let store = try DatabaseStore.inMemory()
      for round in 1...2 {
        let outcome = try StreamSegment.replay(path: path, into: store)
        XCTAssertEqual(outcome.records, records.count)
        XCTAssertEqual(outcome.droppedBytes, 0)
        XCTAssertEqual(try all(store), try direct(records), "seed \(seed), round \(round)")
      }
    }
  }

  func testACutSegmentKeepsWhatIsWhole() throws {
    var source = RecordSource(seed: 21)
    let records = source.run(4)
    let (bytes, ends) = segment(records)
    for length in 0...bytes.count {
      let path = try put(bytes.prefix(length))
      let store = RecordList()
      let outcome = try StreamSegment.replay(path: path, into: store)
      let end = ends.keys.filter { $0 <= length }.max() ?? 0
      XCTAssertEqual(outcome.records, ends[end] ?? 0, "\(length)")
      let begin = length < StreamHeader.count ? 0 : max(end, StreamHeader.count)
      XCTAssertEqual(outcome.droppedBytes, length - begin, "\(length)")
      XCTAssertEqual(
        store.records.map(wholeText),
        records.prefix(outcome.records).map(wholeText),
        "\(length)"
      )
    }
  }

  func testADamagedSegmentKeepsWhatIsBeforeTheDamage() throws {
    var source = RecordSource(seed: 22)
    let records = source.run(10)
    let (bytes, ends) = segment(records)
    var random = Philox(seed: 23)
    for _ in 0..<300 {
      var damaged = bytes
      let place =
        StreamHeader.count
        + Int(random.nextInteger(below: UInt64(bytes.count - StreamHeader.count)))
      damaged[place] ^= 1 << UInt8(random.nextInteger(below: 8))
      let path = try put(damaged)
      let store = RecordList()
      let outcome = try StreamSegment.replay(path: path, into: store)
      let end = ends.keys.filter { $0 <= place }.max() ?? StreamHeader.count
      XCTAssertEqual(outcome.records, ends[end] ?? 0, "\(place)")
      XCTAssertEqual(outcome.droppedBytes, bytes.count - end, "\(place)")
      XCTAssertEqual(
        store.records.map(wholeText),
        records.prefix(outcome.records).map(wholeText),
        "\(place)"
      )
    }
  }

  func testManyRecordsComeInGroups() throws {
    let many = (0..<1900).flatMap { ordinal in
      records(planned(ordinal, "e\(ordinal)", ["x": AnyAlias(Value.int(ordinal))]), [(0, "y", 1)])
    }
    let path = try put(segment(many, perFrame: 700).bytes)
    let store = try DatabaseStore.inMemory()
    XCTAssertEqual(try StreamSegment.replay(path: path, into: store).records, 5700)
    XCTAssertEqual(try all(store), try direct(many))
  }

  /// What a worker left behind half done is no reason to lose what was done since.
  func testAnExperimentThatIsDoneStaysDone() throws {
    let experiment = planned(0, "a", ["x": 1])
    func attempt(_ value: Value, _ ending: Ending?) -> [RunRecord] {
      let all = records(experiment, [(0, "y", value)], ending: ending ?? .complete)
      return ending == nil ? Array(all.dropLast()) : all
    }
    let cases: [(Ending?, Value)] = [
      (nil, "old"), (.failed, "old"), (.interrupted, "old"), (.complete, "new"), (.stopped, "new"),
    ]
    for (ending, expected) in cases {
      let store = try DatabaseStore.inMemory()
      try store.write(attempt("old", .complete))
      let path = try put(segment(attempt("new", ending) + [.note("n", 1)]).bytes)
      XCTAssertEqual(
        try StreamSegment.replay(path: path, into: store).records,
        ending == nil ? 3 : 4
      )
      XCTAssertEqual(try store.states(), ["a": .done])
      XCTAssertEqual(try store.contents().lastValues(of: "y"), [expected])
      XCTAssertEqual(try store.notes(), ["n": 1])
    }
  }

  func testFilesThatAreNoSegments() throws {
    let store = try DatabaseStore.inMemory()
    func assertProblem(_ path: String, _ part: String, records: Int = 0) throws {
      let outcome = try StreamSegment.replay(path: path, into: store)
      let problem = try XCTUnwrap(outcome.problem)
      XCTAssertTrue(problem.contains(path) && problem.contains(part), problem)
      XCTAssertEqual(outcome.records, records)
    }
    try assertProblem(directory + "/none", "cannot be opened")
    try assertProblem(try put("Hello, this is a text".utf8), "no stream of records")
    try assertProblem(try put(StreamHeader.bytes(version: 9) + [1, 2, 3]), "version 9")
    // The records before one that a newer version has written are kept.
    var writer = FrameWriter()
    writer.append(RunRecord.frameKind) { RunRecord.note("n", 1).encode(into: &$0) }
    writer.append(RunRecord.frameKind) { $0.append(UInt8(99)) }
    try assertProblem(try put(writer.take()), "no kind of record 99", records: 1)
    XCTAssertEqual(try store.notes(), ["n": 1])
  }

  func testAStoredFailureStaysUnlessTheFileHasASuccess() throws {
    let experiment = planned(0, "a", ["x": 1])
    let start = RunRecord.started(experiment, ExperimentStart(at: 1, worker: 0, device: nil))
    let failure = Failure(unit: "u", iteration: 0, kind: "k", message: "m", place: nil)
    let failed: [RunRecord] = [
      start, .failed(experiment: "a", failure),
      .ended(experiment: "a", .failed, iterations: 1, at: 2),
    ]
    let interrupted: [RunRecord] = [
      start, .ended(experiment: "a", .interrupted, iterations: 0, at: 2),
    ]
    for later in [[start], interrupted, failed] {
      let store = try DatabaseStore.inMemory()
      try store.write(failed)
      let before = try all(store)
      let outcome = try StreamSegment.replay(path: try put(segment(later).bytes), into: store)
      XCTAssertNil(outcome.problem)
      XCTAssertEqual(try all(store), before)
    }
    let store = try DatabaseStore.inMemory()
    try store.write(failed)
    let complete: [RunRecord] = [start, .ended(experiment: "a", .complete, iterations: 1, at: 2)]
    _ = try StreamSegment.replay(path: try put(segment(complete).bytes), into: store)
    XCTAssertEqual(try store.states(), ["a": .done])
  }
}

/// Keeps records as they come.
private final class RecordList: ResultStore {
  private let kept = Protected<[RunRecord]>([])

  var records: [RunRecord] { kept.withLock { $0 } }

  func write(_ records: [RunRecord]) throws { kept.withLock { $0 += records } }
  func states() throws -> [String: ExperimentState] { [:] }
  func notes() throws -> [String: Value] { [:] }
  func contents() throws -> ResearchResults { throw FieldworkError(.store, "none") }
  func directory(of experiment: String) throws -> String { throw FieldworkError(.store, "none") }
}
