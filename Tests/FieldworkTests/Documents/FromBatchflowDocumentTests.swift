import Foundation
import XCTest

/// The examples of docs/from-batchflow.md are those that `FromBatchflowExamples` runs.
///
/// `FIELDWORK_RECORD=1 swift test --filter FromBatchflowDocumentTests` makes that source again, after a
/// change of the document; then the tests have to be built again.
final class FromBatchflowDocumentTests: XCTestCase {
  private let url = DocumentExamples.folder.appendingPathComponent("FromBatchflowExamples.swift")

  func testExamplesAreRun() throws {
    let source = try DocumentExamples("from-batchflow").source(className: "FromBatchflowExamples")
    if ProcessInfo.processInfo.environment["FIELDWORK_RECORD"] == "1" {
      try source.write(to: url, atomically: true, encoding: .utf8)
      return
    }
    let recorded = try String(contentsOf: url, encoding: .utf8)
    let lines = source.components(separatedBy: "\n")
    let known = recorded.components(separatedBy: "\n")
    let first = lines.indices.first { !known.indices.contains($0) || lines[$0] != known[$0] }
    XCTAssertTrue(
      source == recorded,
      "record the examples again, from: \(first.map { lines[$0] } ?? "the end")"
    )
  }

  func testPlaybooksCompile() throws {
    let files = try DocumentExamples("from-batchflow").files
    XCTAssertGreaterThan(files.count, 0)
    for file in files { XCTAssertEqual(try TypeCheck.check(file), "") }
  }

  /// The tests are in the package and could use more than others may.
  func testExamplesUseWhatIsPublic() throws {
    let examples = try String(contentsOf: url, encoding: .utf8)
    let base = DocumentExamples.folder.appendingPathComponent("DocumentExampleCase.swift")
    XCTAssertEqual(
      try TypeCheck.check(examples + (try String(contentsOf: base, encoding: .utf8))),
      ""
    )
  }
}
