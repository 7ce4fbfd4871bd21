import FieldworkCore
import XCTest

struct Broken: Error, Hashable {
  let element: Int
}

/// Tests of pipelines that are opened in one experiment.
class PipelineTestCase: XCTestCase {
  let run = PipelineTestCase.context()

  static func context(_ config: Config = ["scale": 3, "size": 2], seed: UInt64 = 1) -> RunContext {
    RunContext(
      id: "id",
      config: config,
      random: RandomStream(seed: seed),
      makeDirectory: { "" },
      makeResults: { 0 }
    )
  }

  /// The elements of one pass.
  func elements<Element>(_ pipeline: Pipeline<Element>) async throws -> [Element] {
    try await pass(try pipeline.open(in: run))
  }

  /// The elements up to the end of the pass.
  func pass<Element>(_ opened: PipelineRun<Element>, limit: Int = 1000) async throws -> [Element] {
    var all: [Element] = []
    while all.count < limit, let element = try await opened.next() { all.append(element) }
    return all
  }

  func assertFails(
    _ code: FieldworkError.Code,
    _ text: String,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () async throws -> some Any
  ) async {
    do {
      let value = try await body()
      XCTFail("no error, but \(value)", file: file, line: line)
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
      let isThere = error.description.contains(text)
      XCTAssertTrue(isThere, "no '\(text)' in: \(error)", file: file, line: line)
    } catch {
      XCTFail("\(error)", file: file, line: line)
    }
  }
}
