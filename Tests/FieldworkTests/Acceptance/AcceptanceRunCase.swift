import Fieldwork
import Foundation
import XCTest

/// A test of the numbered list of what works in batchflow.research: each method is named by
/// its number, and shows that it works here by the public interface or the command line.
class AcceptanceRunCase: CommandLineTestCase {
  /// The place of a research in the test's directory.
  func folder(_ name: String) -> ResearchFolder {
    ResearchFolder(directory: directory.path, name: name)
  }

  /// Runs a research with a store in the test's directory.
  @discardableResult
  func runInFolder(
    _ research: Research,
    observers: [any RunObserver] = []
  ) async throws -> RunSummary {
    let store = try DatabaseStore.open(folder(research.name))
    defer { try? store.close() }
    return try await ResearchRunner(research, store: store, observers: observers).run()
  }

  /// The values that experiments saved under a name: by experiment in the order of the plan, by iteration.
  func saved(_ name: String, _ results: ResearchResults) -> [[Int: Value]] {
    results.experiments.map { experiment in
      Dictionary(
        results.values(of: name, in: experiment.id).map { ($0.iteration, $0.value) },
        uniquingKeysWith: { _, last in last }
      )
    }
  }

  /// A column of the table of results.
  func column(_ name: String, _ results: ResearchResults) throws -> [Value?] {
    try results.table(TableOptions(includesAuxiliary: true))[name]
  }

  /// The table with everything in it, as text.
  func everything(_ results: ResearchResults) -> String {
    let options = TableOptions(includesAuxiliary: true)
    return results.table(options).formatted(.csv) + "\n"
      + results.failuresTable(options).formatted(.csv)
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  func assertFails(
    _ code: FieldworkError.Code,
    _ parts: String...,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () async throws -> some Any
  ) async {
    do {
      let value = try await body()
      XCTFail("nothing was thrown, but there is \(value)", file: file, line: line)
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
      for part in parts {
        let isThere = error.description.contains(part)
        XCTAssertTrue(isThere, "no '\(part)' in: \(error)", file: file, line: line)
      }
    } catch {
      XCTFail("\(error)", file: file, line: line)
    }
  }
}

/// What went wrong on purpose.
struct Mishap: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// What happened, in its order, noted by units on any thread.
final class Journal<Entry: Sendable>: @unchecked Sendable {
  // The lock guards the list.
  private let lock = NSLock()
  private var list: [Entry] = []

  var entries: [Entry] { lock.withLock { list } }

  func add(_ entry: Entry) { lock.withLock { list.append(entry) } }
}

/// Lets nobody pass until so many have come; who waits in vain for a minute gets an error.
final class Meeting: @unchecked Sendable {
  // The condition guards the number.
  private let condition = NSCondition()
  private let count: Int
  private var arrived = 0

  init(_ count: Int) { self.count = count }

  func wait() throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    condition.lock()
    defer { condition.unlock() }
    arrived += 1
    condition.broadcast()
    while arrived < count {
      guard condition.wait(until: deadline) else {
        throw Mishap("only \(arrived) of \(count) came")
      }
    }
  }
}

/// Holds up units until a test lets them pass.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let (arrivals, arrival) = AsyncStream<Void>.makeStream()

  /// Waits until the gate is open.
  func wait() throws {
    arrival.yield()
    guard semaphore.wait(timeout: .now() + 60) == .success else { throw Mishap("the gate is shut") }
    semaphore.signal()
  }

  func open() { semaphore.signal() }

  /// Waits until somebody waits at the gate.
  func arrived() async { for await _ in arrivals { return } }
}

/// Hands the events of a run to a test that waits for them.
final class EventStream: RunObserver {
  let events: AsyncStream<RunRecord>
  private let continuation: AsyncStream<RunRecord>.Continuation

  init() { (events, continuation) = AsyncStream.makeStream() }

  func observe(_ event: RunRecord) { continuation.yield(event) }

  /// Waits until an experiment has ended, and so is stored.
  func waitForAnEnd() async {
    for await case .ended in events { return }
  }
}

/// A class without annotations, as in a user's file.
final class Counter {
  var value: Int
  let step: Int

  init(start: Int = 0, step: Int = 1) {
    value = start
    self.step = step
  }

  func increment() -> Int {
    value += step
    return value
  }

  func increase(by number: Int) -> Int {
    value += number
    return value
  }

  func elements(_ count: Int) -> [Int] { (0..<count).map { value + $0 * step } }
}
