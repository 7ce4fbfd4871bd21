import FieldworkCore
import XCTest

/// No annotations, as in a user's file.
private final class Model {
  var seen: [Int] = []
}

final class PipelineExpressionTests: PipelineTestCase {
  private let scale = EC<Int>("scale")

  func testStagesReadNamedExpressions() async throws {
    let source = Pipeline(over: 1...3)
    let one = try await elements(source.map(EC("scale")) { element, scale in element * scale })
    XCTAssertEqual(one, [3, 6, 9])
    let two = try await elements(
      source.map(scale, EC<Int>("size")) { element, scale, size in element * scale + size }
    )
    XCTAssertEqual(two, [5, 8, 11])
    let three = try await elements(
      source.map(scale, EC<Int>("size"), Constant("!")) { "\($0),\($1),\($2)\($3)" }
    )
    XCTAssertEqual(three, ["1,3,2!", "2,3,2!", "3,3,2!"])
    let filtered = try await elements(source.filter(EC<Int>("size")) { $0 >= $1 })
    XCTAssertEqual(filtered, [2, 3])
    let batches = try await elements(source.batched(EC("size")))
    XCTAssertEqual(batches, [[1, 2], [3]])
    let repeated = try await elements(source.repeated(EC("size")))
    XCTAssertEqual(repeated, [1, 2, 3, 1, 2, 3])
    let summed = try source.accumulating("sum", from: 0, scale) { $0 += $1 * $2 }.open(in: run)
    let count = try await summed.runToEnd()
    XCTAssertEqual(count, 3)
    XCTAssertEqual(summed.variables, ["sum": 18])
  }

  func testAStageTakesAFunctionOfTheConfig() async throws {
    let double: @Sendable (Int) -> Int = { $0 * 2 }
    let run = PipelineTestCase.context(["f": AnyAlias(Alias("double", double))])
    let function = EC<@Sendable (Int) -> Int>("f")
    let opened = try Pipeline(over: 1...3).map(function) { $1($0) }.open(in: run)
    let found = try await pass(opened)
    XCTAssertEqual(found, [2, 4, 6])
    withExtendedLifetime(run) {}
  }

  func testSources() async throws {
    run.outputs["data"] = UnitOutput(value: [4, 5], iteration: 0)
    let named = try await elements(Pipeline(over: O<[Int]>("data")))
    XCTAssertEqual(named, [4, 5])
    let made = try await elements(Pipeline { run in 0..<(try run["scale", as: Int.self]) })
    XCTAssertEqual(made, [0, 1, 2])
    let single = try await elements(Pipeline(each: EC<Int>("scale")))
    XCTAssertEqual(single, [3])
  }

  func testDependenciesOfAllStagesAreKnown() throws {
    let pipeline = Pipeline(over: EC<[Int]>("data"))
      .repeated(EC("epochs"))
      .map(EC<Int>("a"), EC<Int>("b")) { $0 + $1 + $2 }
      .map(on: EC<String>("c"), EC<Int>("d")) { element, _, _ in element }
      .filter(EC<Int>("e")) { $0 > $1 }
      .accumulating("sum", from: 0, EC<Int>("f")) { $0 += $1 * $2 }
      .batched(EC("g"))
    let keys = pipeline.dependencies.map { dependency in
      if case .parameter(let key, _) = dependency { key } else { "\(dependency)" }
    }
    XCTAssertEqual(keys, ["data", "epochs", "a", "b", "c", "d", "e", "f", "g"])
    XCTAssertEqual(pipeline.variableNames, ["sum"])
    XCTAssertFalse(pipeline.opensContext)
    XCTAssertTrue(Pipeline { _ in [1] }.opensContext)
  }

  func testWhenExpressionsAreEvaluated() async throws {
    let stamped = Pipeline(over: 0..<3).map(E().iteration) { "\($0) at \($1)" }
    let direct = try stamped.open(in: run)
    let ahead = try stamped.prefetched(1).map(E().iteration) { "\($0), \($1)" }.open(in: run)
    var found: [String?] = []
    for iteration in 5..<7 {
      run.iteration = iteration
      found.append(try await direct.next())
      found.append(try await ahead.next())
    }
    XCTAssertEqual(found, ["0 at 5", "0 at 5, 5", "1 at 6", "1 at 5, 6"])
    ahead.reset()
    let again = try await ahead.next()
    XCTAssertEqual(again, "0 at 6, 6", "a new pass reads anew")
  }

  func testASourceIsReadAnewInEachPass() async throws {
    let counted = Pipeline { run in 0...run.iteration }
    for pipeline in [counted, counted.prefetched(2)] {
      run.iteration = 0
      let opened = try pipeline.repeated(2).open(in: run)
      for iteration in 0..<3 {
        run.iteration = iteration
        let count = try await opened.runToEnd()
        XCTAssertEqual(count, 2 * (iteration + 1))
      }
    }
  }

  func testAnOutputIsTakenOnce() async throws {
    let opened = try Pipeline(each: O<Int>("batch")).repeated(2)
      .accumulating("sum", from: 0) { $0 += $1 }.open(in: run)
    await assertFails(.missingOutput, "'batch' has not run yet") { try await opened.next() }
    var counts: [Int] = []
    for iteration in 0..<4 {
      run.iteration = iteration
      // The unit runs at iterations 0 and 2.
      if iteration % 2 == 0 {
        run.outputs["batch"] = UnitOutput(value: 10 + iteration, iteration: iteration)
      }
      counts.append(try await opened.runToEnd())
    }
    XCTAssertEqual(counts, [2, 0, 2, 0])
    XCTAssertEqual(opened.variables, ["sum": 44])
    let unread = try Pipeline(each: E().iteration).open(in: run)
    for _ in 0..<2 {
      let count = try await unread.runToEnd()
      XCTAssertEqual(count, 1, "what reads no unit is always there")
    }
  }

  func testAnInstanceIsUsedAfterPrefetching() async throws {
    run.instances["model"] = Model()
    let model = DerivedExpression<Model> { try $0.instance("model") }
    let opened = try Pipeline(over: 0..<3).prefetched(1)
      .map(on: model, scale) { element, model, scale in
        model.seen.append(element * scale)
        return model.seen.count
      }
      .map(on: model) { count, model in [count, model.seen.count] }
      .open(in: run)
    let found = try await pass(opened)
    XCTAssertEqual(found, [[1, 1], [2, 2], [3, 3]])
    let models = DerivedExpression<[Model]> { [try $0.instance("model")] }
    let seen = try await elements(Pipeline(on: models).map(\.seen.count))
    XCTAssertEqual(seen, [3])
    for wrong in [
      Pipeline(over: 0..<3).map(on: model) { element, _ in element }.prefetched(1),
      Pipeline(on: models).map(\.seen.count).prefetched(1),
      Pipeline(each: model).map(\.seen.count).prefetched(1),
    ] {
      XCTAssertEqual(wrong.problems.map(\.remedy), ["prefetch before it"])
      await assertFails(.invalidDefinition, "own task") { try wrong.open(in: self.run) }
    }
  }

  func testErrorsOfExpressions() async throws {
    let source = Pipeline(over: 1...3)
    for pipeline in [source, source.prefetched(1)] {
      await assertFails(.missingParameter, "'none'") {
        try await self.elements(pipeline.map(EC<Int>("none")) { $0 + $1 })
      }
    }
    let ahead = source.map(EC<Int>("none")) { $0 + $1 }.prefetched(2)
    await assertFails(.missingParameter, "'none'") { try await self.elements(ahead) }
    await assertFails(.wrongType, "a batch is to have 0 elements") {
      try await self.elements(source.batched(self.scale.map { $0 - 3 }))
    }
    await assertFails(.wrongType, "to be repeated -1 times") {
      try await self.elements(source.repeated(Constant(-1)))
    }
    let nothing = try await elements(Pipeline(over: [Int]()).map(EC<Int>("none")) { $0 + $1 })
    XCTAssertEqual(nothing, [], "an expression that nothing comes to is not evaluated")
  }

  func testARunOutlivesItsExperimentInVain() async throws {
    let opened = try Pipeline(over: 0..<3).open(in: PipelineTestCase.context())
    await assertFails(.missingOutput, "has ended") { try await opened.next() }
  }
}
