import Fieldwork
import Foundation
import XCTest

/// A test of the numbered list of what works in batchflow.research: each method is named by
/// its number, and shows that it works here by the public interface alone.
class AcceptanceCase: XCTestCase {
  /// A folder that is there for one test.
  private(set) var directory = ""

  override func setUpWithError() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-acceptance-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(atPath: directory)
  }

  /// The configs of one pass as texts.
  func texts(_ domain: Domain, limit: Int? = nil, seed: UInt64 = 0) throws -> [String] {
    try domain.configs(limit: limit, seed: seed).map(\.description)
  }

  /// The first elements of a stream.
  func elements(
    _ domain: Domain,
    _ settings: IterationSettings = IterationSettings(),
    limit: Int = 1_000
  ) throws -> [ConfigStream.Element] {
    var stream = try domain.stream(settings)
    var elements: [ConfigStream.Element] = []
    while elements.count < limit, let element = try stream.next() { elements.append(element) }
    return elements
  }

  /// The values of one parameter, and the repetition: `1/0 2/0`.
  func sequence(
    _ name: String,
    _ domain: Domain,
    _ settings: IterationSettings,
    limit: Int = 1_000
  ) throws -> String {
    try elements(domain, settings, limit: limit)
      .map { "\(try $0.config[name, as: Value.self])/\($0.repetition)" }
      .joined(separator: " ")
  }

  /// The values that experiments saved under a name, in the order of the plan.
  func column(_ name: String, _ results: ResearchResults) throws -> [Value?] {
    try results.table()[name]
  }

  /// Runs a research with a store in a folder of the test's directory.
  func runInFolder(_ research: Research) async throws -> ResearchFolder {
    let folder = ResearchFolder(directory: directory, name: research.name)
    let store = try DatabaseStore.open(folder)
    _ = try await research.run(store: store)
    try store.close()
    return folder
  }

  /// Checks that an expression throws a ``FieldworkError`` whose text has some parts.
  func assertFails<T>(
    _ code: FieldworkError.Code,
    _ parts: String...,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () throws -> T
  ) {
    do {
      let value = try body()
      XCTFail("nothing was thrown, but there is \(value)", file: file, line: line)
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
      for part in parts {
        XCTAssertTrue(
          error.description.contains(part),
          "no '\(part)' in: \(error)",
          file: file,
          line: line
        )
      }
    } catch {
      XCTFail("\(error)", file: file, line: line)
    }
  }
}

/// What happened, in its order, noted by whoever runs.
actor Notes<Note: Sendable> {
  private(set) var all: [Note] = []

  func add(_ note: Note) { all.append(note) }
}
