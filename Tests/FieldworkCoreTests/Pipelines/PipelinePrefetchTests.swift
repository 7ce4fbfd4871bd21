import FieldworkCore
import XCTest

final class PipelinePrefetchTests: PipelineTestCase {
  private enum Step: CaseIterable {
    case next, reset, runToEnd
  }

  /// All lists of so many steps.
  private static func scripts(_ length: Int) -> [[Step]] {
    guard length > 0 else { return [[]] }
    return scripts(length - 1).flatMap { script in Step.allCases.map { script + [$0] } }
  }

  /// What each step gives, and the variables after it.
  private func transcript<Element>(
    _ pipeline: Pipeline<Element>,
    _ script: [Step]
  ) async throws -> [String] {
    let opened = try pipeline.open(in: run)
    var lines: [String] = []
    for step in script {
      var line = "\(step)"
      do {
        switch step {
        case .next: line += " \(String(describing: try await opened.next()))"
        case .reset: opened.reset()
        case .runToEnd: line += " \(try await opened.runToEnd())"
        }
      } catch {
        line += " \(error)"
      }
      let variables = opened.variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      lines.append("\(line) \(opened.count) \(variables)")
    }
    return lines
  }

  /// A pipeline with everything in it, prefetched or not at four places.
  private func pipeline(_ depths: [Int], brokenAt broken: Int?) -> Pipeline<[Int]> {
    func maybe<Element: Sendable>(_ pipeline: Pipeline<Element>, _ depth: Int) -> Pipeline<Element>
    {
      depth > 0 ? pipeline.prefetched(depth) : pipeline
    }
    let numbers = maybe(Pipeline(over: 0..<4).shuffled(), depths[0]).repeated(2)
      .accumulating("sum", from: 0) { sum, element in
        // A second one at the same time would be lost.
        let before = sum
        await Task.yield()
        sum = before + element
      }
    let passing = maybe(numbers, depths[1]).map { element in
      if element == broken { throw Broken(element: element) }
      return element
    }
    .filter { $0 != 1 }
    .accumulating("list", from: [Int]()) { list, element in list.append(element) }
    return maybe(maybe(passing, depths[2]).batched(2), depths[3])
  }

  /// Whatever one does with a pipeline, it does not matter where and how far it is prefetched.
  func testPrefetchingChangesNothing() async throws {
    for broken in [nil, 3] {
      for script in Self.scripts(4) {
        let expected = try await transcript(pipeline([0, 0, 0, 0], brokenAt: broken), script)
        for places in 1..<16 {
          let depths = (0..<4).map { places >> $0 & 1 == 1 ? ($0 + places) % 3 + 1 : 0 }
          let found = try await transcript(pipeline(depths, brokenAt: broken), script)
          guard found == expected else {
            return XCTFail("\(depths), \(script):\n\(found)\nis not\n\(expected)")
          }
        }
      }
    }
  }

  func testVariablesAreThoseOfTheElementsGiven() async throws {
    let opened = try Pipeline(over: 1...5).accumulating("sum", from: 0) { $0 += $1 }
      .prefetched(3).open(in: run)
    var sums: [Int] = []
    while try await opened.next() != nil { sums.append(try opened.variable("sum")) }
    XCTAssertEqual(sums, [1, 3, 6, 10, 15])
  }

  func testItComputesSoManyAheadAndNoMore() async throws {
    let (stream, continuation) = AsyncStream<Int>.makeStream()
    var begun = stream.makeAsyncIterator()
    let opened = try Pipeline(over: 0..<10)
      .map { element in
        continuation.yield(element)
        return element
      }
      .prefetched(2).open(in: run)
    _ = try await opened.next()
    for expected in 0...2 {
      let element = await begun.next()
      XCTAssertEqual(element, expected)
    }
    // The next pass begins when nothing of this one is left.
    opened.reset()
    _ = try await opened.next()
    let element = await begun.next()
    XCTAssertEqual(element, 0)
  }

  /// Waits until its task is cancelled.
  private static func untilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    continuation.finish()
  }

  func testTheBackgroundEndsWithTheRun() async throws {
    let (stream, continuation) = AsyncStream<String>.makeStream()
    var events = stream.makeAsyncIterator()
    var opened: PipelineRun<Int>? = try Pipeline(over: 0..<10)
      .map { element in
        if element == 2 {
          continuation.yield("begun")
          await Self.untilCancelled()
          continuation.yield("cancelled")
        }
        return element
      }
      .prefetched(3).open(in: run)
    let first = try await opened?.next()
    XCTAssertEqual(first, 0)
    let begun = await events.next()
    XCTAssertEqual(begun, "begun")
    opened = nil
    let ended = await events.next()
    XCTAssertEqual(ended, "cancelled")
  }

  func testCancellingTheTaskCancelsTheBackground() async throws {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let pipeline = Pipeline(over: 0..<10)
      .map { element in
        if element == 1 {
          continuation.yield()
          await Self.untilCancelled()
          try Task.checkCancellation()
        }
        return element
      }
      .prefetched(2)
    let task = Task {
      let run = PipelineTestCase.context()
      let count = try await pipeline.open(in: run).runToEnd()
      return withExtendedLifetime(run) { count }
    }
    var events = stream.makeAsyncIterator()
    await events.next()
    task.cancel()
    let result = await task.result
    XCTAssertThrowsError(try result.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
  }
}
