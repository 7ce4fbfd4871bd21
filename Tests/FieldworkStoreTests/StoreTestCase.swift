import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// A test with a folder of its own, and short ways to fill a store.
class StoreTestCase: XCTestCase {
  private(set) var directory = ""

  override func setUpWithError() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(atPath: directory)
  }

  var folder: ResearchFolder { ResearchFolder(directory: directory, name: "research") }

  func experiment(
    _ ordinal: Int,
    _ config: Config = [:],
    repetition: Int = 0,
    id: String? = nil
  ) -> PlannedExperiment {
    PlannedExperiment(
      ordinal: ordinal,
      id: id ?? "e\(ordinal)",
      key: id ?? "e\(ordinal)",
      config: config,
      repetition: repetition,
      updates: 0,
      task: ordinal,
      branch: 0
    )
  }

  /// The records of a whole experiment that saves values by iteration and name.
  func records(
    _ experiment: PlannedExperiment,
    _ values: [(Int, String, Value)],
    ending: Ending = .complete,
    iterations: Int = 1
  ) -> [RunRecord] {
    [
      .started(experiment, ExperimentStart(at: 10, worker: 0, device: nil)),
      .saved(
        experiment: experiment.id,
        values.map { SavedValue(name: $0.1, iteration: $0.0, value: $0.2) }
      ),
      .ended(experiment: experiment.id, ending, iterations: iterations, at: 12.5),
    ]
  }

  /// Checks that an error is a ``FieldworkError`` of the code whose message has the text.
  func assertError<T>(
    _ code: FieldworkError.Code,
    _ texts: String...,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () throws -> T
  ) {
    do {
      _ = try body()
      XCTFail("nothing was thrown", file: file, line: line)
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
      for text in texts {
        XCTAssertTrue(
          error.description.contains(text),
          "no '\(text)' in: \(error)",
          file: file,
          line: line
        )
      }
    } catch {
      XCTFail("\(error)", file: file, line: line)
    }
  }
}
