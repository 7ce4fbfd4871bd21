import FieldworkCore
import XCTest

final class PipelineStageTests: PipelineTestCase {
  func testBatchingAndFlatteningIsTheIdentity() async throws {
    for count in 0...9 {
      for size in 1...4 {
        let label = "\(count) in \(size)"
        let whole = try await elements(Pipeline(over: 0..<count).batched(size))
        XCTAssertEqual(whole.flatMap(\.self), Array(0..<count), label)
        XCTAssertTrue(whole.dropLast().allSatisfy { $0.count == size }, label)
        XCTAssertFalse(whole.contains([]), label)
        let full = try await elements(Pipeline(over: 0..<count).batched(size, dropsLast: true))
        XCTAssertEqual(full, whole.filter { $0.count == size }, label)
      }
    }
  }

  func testMapAndFilter() async throws {
    let evens = Pipeline(over: 0..<7).filter { $0 % 2 == 0 }.map { "\($0)" }
    let found = try await elements(evens)
    XCTAssertEqual(found, ["0", "2", "4", "6"])
    let none = try await elements(Pipeline(over: 0..<7).filter { _ in false })
    XCTAssertEqual(none, [])
  }

  func testStagesMayWait() async throws {
    let waiting = Pipeline(over: 0..<3)
      .filter { element in
        await Task.yield()
        return element > 0
      }
      .map { element in
        await Task.yield()
        return element * 2
      }
    let found = try await elements(waiting)
    XCTAssertEqual(found, [2, 4])
  }

  func testRepeatedGoesThroughTheSourceAgain() async throws {
    for count in 0...3 {
      for times in 1...3 {
        let found = try await elements(Pipeline(over: 0..<count).repeated(times))
        XCTAssertEqual(found, (0..<times).flatMap { _ in 0..<count })
      }
    }
    let nested = try await elements(Pipeline(over: 0..<2).repeated(2).map { $0 }.repeated(3))
    XCTAssertEqual(nested, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
  }

  func testRepeatedWithoutEnd() async throws {
    let opened = try Pipeline(over: 0..<3).repeated().open(in: run)
    let found = try await pass(opened, limit: 8)
    XCTAssertEqual(found, [0, 1, 2, 0, 1, 2, 0, 1])
    await assertFails(.invalidDefinition, "has no end") { try await opened.runToEnd() }
    let nothing = try await elements(Pipeline(over: [Int]()).repeated())
    XCTAssertEqual(nothing, [], "repeating nothing ends")
  }

  func testABatchGoesOverPasses() async throws {
    let found = try await elements(Pipeline(over: 0..<3).repeated(2).batched(2))
    XCTAssertEqual(found, [[0, 1], [2, 0], [1, 2]])
    let apart = try await elements(Pipeline(over: 0..<3).batched(2).repeated(2))
    XCTAssertEqual(apart, [[0, 1], [2], [0, 1], [2]])
  }

  func testElementsNeedNotBeSendable() async throws {
    final class Box {
      var content: Int
      init(_ content: Int) { self.content = content }
    }
    let boxes = Pipeline(over: 0..<3).map { Box($0) }.batched(2).map { $0.map(\.content) }
    let found = try await elements(boxes)
    XCTAssertEqual(found, [[0, 1], [2]])
    let prefetched = try await elements(boxes.prefetched(1))
    XCTAssertEqual(prefetched, [[0, 1], [2]], "what crosses is Sendable")
  }

  // MARK: Shuffles

  func testAShuffleIsAPermutationAndAnotherOneInEachPass() async throws {
    for count in 0...6 {
      let opened = try Pipeline(over: 0..<count).shuffled().open(in: run)
      for _ in 0..<5 {
        let found = try await pass(opened)
        XCTAssertEqual(found.sorted(), Array(0..<count))
        opened.reset()
      }
    }
    let opened = try Pipeline(over: 0..<50).shuffled().repeated(3).open(in: run)
    var orders = Set<[Int]>()
    for _ in 0..<2 {
      let found = try await pass(opened)
      for start in [0, 50, 100] { orders.insert(Array(found[start..<start + 50])) }
      opened.reset()
    }
    XCTAssertEqual(orders.count, 6, "no two of 6 passes have one order")
    XCTAssertFalse(orders.contains(Array(0..<50)))
  }

  func testAShuffleDependsOnTheExperimentAndTheNameAlone() async throws {
    func order(
      _ pipeline: Pipeline<Int> = Pipeline(over: 0..<30).shuffled(),
      seed: UInt64 = 1,
      named name: String = "p",
      drawing draws: Int = 0
    ) async throws -> [Int] {
      let run = PipelineTestCase.context(seed: seed)
      for _ in 0..<draws { _ = run.random.next() }
      let opened = try pipeline.open(in: run, named: name)
      let found = try await pass(opened)
      // Keeps the context, which the pipeline does not.
      return withExtendedLifetime(run) { found }
    }
    let first = try await order()
    let again = try await order(drawing: 3)
    XCTAssertEqual(first, again)
    let ahead = try await order(Pipeline(over: 0..<30).prefetched(2).shuffled().prefetched(3))
    XCTAssertEqual(first, ahead)
    let otherSeed = try await order(seed: 2)
    XCTAssertNotEqual(first, otherSeed)
    let otherName = try await order(named: "q")
    XCTAssertNotEqual(first, otherName)
    let twice = try await order(Pipeline(over: first).shuffled())
    XCTAssertNotEqual(twice, first.sorted())
    let fixed = Pipeline(over: 0..<30).shuffled(seed: 3)
    let one = try await order(fixed)
    let other = try await order(fixed, seed: 2, named: "q")
    XCTAssertEqual(one, other)
    let otherFixed = try await order(Pipeline(over: 0..<30).shuffled(seed: 4))
    XCTAssertNotEqual(one, otherFixed)
  }

  func testTwoShufflesOfAPipelineAreIndependent() async throws {
    let once = try await elements(Pipeline(over: 0..<30).shuffled())
    let twice = try await elements(Pipeline(over: 0..<30).shuffled().shuffled())
    // The same permutation applied to itself.
    XCTAssertNotEqual(twice, once.map { once[$0] })
    XCTAssertEqual(twice.sorted(), Array(0..<30))
  }

  // MARK: Errors

  func testAnErrorComesAtItsPlaceAndEndsThePass() async throws {
    for ahead in [false, true] {
      var pipeline = Pipeline(over: 0..<5).map { element in
        if element == 2 { throw Broken(element: element) }
        return element
      }
      if ahead { pipeline = pipeline.prefetched(4) }
      let opened = try pipeline.open(in: run)
      for _ in 0..<2 {
        let first = try await opened.next()
        let second = try await opened.next()
        XCTAssertEqual([first, second], [0, 1])
        do {
          let third = try await opened.next()
          XCTFail("no error, but \(String(describing: third))")
        } catch {
          XCTAssertEqual(error as? Broken, Broken(element: 2))
        }
        let afterwards = try await opened.next()
        XCTAssertNil(afterwards)
        opened.reset()
      }
      do {
        try await opened.runToEnd()
        XCTFail("no error")
      } catch {
        XCTAssertEqual(error as? Broken, Broken(element: 2))
      }
    }
  }

  func testStagesThatCannotBeRightAreProblems() throws {
    let source = Pipeline(over: 0..<3)
    let line = #line + 1
    let wrong = source.batched(0).repeated(0).prefetched(0)
    XCTAssertEqual(
      wrong.problems.map(\.message),
      ["a batch has 0 elements", "a pipeline is repeated 0 times", "0 elements are prefetched"]
    )
    XCTAssertEqual(wrong.problems.first?.place, SourceLocation(file: #fileID, line: line))
    XCTAssertEqual(
      source.repeated().shuffled().problems.map(\.message),
      ["an endless pipeline is shuffled"]
    )
    let doubled = source.accumulating("a", from: 0) { $0 += $1 }
      .accumulating("a", from: 0) { $0 += $1 }
    XCTAssertEqual(doubled.problems.map(\.message), ["two variables of a pipeline are named 'a'"])
    XCTAssertThrowsError(try doubled.open(in: run)) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .invalidDefinition)
      XCTAssertEqual((error as? FieldworkError)?.problems.count, 1)
    }
  }
}
