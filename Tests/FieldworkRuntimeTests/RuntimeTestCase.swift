import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

struct TestError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A value that several tasks change.
final class Shared<Content: Sendable>: Sendable {
  private let content: Protected<Content>

  init(_ content: Content) { self.content = Protected(content) }

  var value: Content { content.withLock { $0 } }

  @discardableResult
  func change<Result: Sendable>(_ body: (inout Content) -> Result) -> Result {
    content.withLock { content in
      // A copy, since what a closure takes from the lock must not stay in it.
      var copy = content
      let result = body(&copy)
      content = copy
      return result
    }
  }
}

/// Lets nobody pass until so many have come.
final class Barrier: Sendable {
  private let count: Int
  private let arrived = Protected(0)
  private let gate = DispatchSemaphore(value: 0)

  init(_ count: Int) { self.count = count }

  /// Blocks the thread.
  func wait() {
    let isLast = arrived.withLock { arrived in
      arrived += 1
      return arrived == count
    }
    if isLast { for _ in 1..<count { gate.signal() } } else { gate.wait() }
  }
}

final class EventLog: RunObserver {
  private let log = Shared<[RunRecord]>([])
  var events: [RunRecord] { log.value }

  func observe(_ event: RunRecord) { log.change { $0.append(event) } }

  /// The position in the plan of an experiment that has started, by its key.
  func ordinal(of key: String) -> Int? {
    for case .started(let experiment, _) in events where experiment.key == key {
      return experiment.ordinal
    }
    return nil
  }
}

class RuntimeTestCase: XCTestCase {
  private(set) var directory = ""

  override func setUpWithError() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-runtime-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(atPath: directory)
  }

  /// Runs one experiment with an empty config, in order.
  func run(
    iterations: Int? = nil,
    finalize: Bool = true,
    file: StaticString = #filePath,
    line: UInt = #line,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) async throws -> ResearchResults {
    try await Research(
      "test",
      iterations: iterations,
      seed: 1,
      finalize: finalize,
      parallel: .serial,
      content
    ).run()
  }

  /// The values saved under a name in the first experiment, by iteration.
  func saved(_ name: String, _ results: ResearchResults) -> [Int: Value] {
    guard let id = results.experiments.first?.id else { return [:] }
    return Dictionary(
      results.values(of: name, in: id).map { ($0.iteration, $0.value) },
      uniquingKeysWith: { _, last in last }
    )
  }

  /// The table with all columns, as text.
  func everything(_ results: ResearchResults) -> String {
    var options = TableOptions()
    options.includesAuxiliary = true
    let failures = results.failuresTable(options).formatted(.csv)
    return results.table(options).formatted(.csv) + "\n" + failures
  }

  func assertThrows(
    _ code: FieldworkError.Code,
    _ texts: String...,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () async throws -> some Any
  ) async {
    do {
      _ = try await body()
      XCTFail("nothing was thrown", file: file, line: line)
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
      for text in texts {
        let isThere = error.description.contains(text)
        XCTAssertTrue(isThere, "no '\(text)' in: \(error)", file: file, line: line)
      }
    } catch {
      XCTFail("\(error)", file: file, line: line)
    }
  }
}
