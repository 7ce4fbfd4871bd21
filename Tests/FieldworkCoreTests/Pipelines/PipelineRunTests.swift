import FieldworkCore
import XCTest

final class PipelineRunTests: PipelineTestCase {
  private let summed = Pipeline(over: 0..<10).batched(2)
    .accumulating("var", from: 0) { total, batch in total += batch.reduce(0, +) * 10 }

  func testVariablesFollowTheElements() async throws {
    let opened = try summed.open(in: run)
    XCTAssertEqual(opened.variables, ["var": 0])
    var found: [Int] = []
    while try await opened.next() != nil { found.append(try opened.variable("var")) }
    XCTAssertEqual(found, [10, 60, 150, 280, 450])
    XCTAssertEqual(opened.count, 5)
  }

  func testWholeRunsAccumulate() async throws {
    let opened = try summed.open(in: run)
    for total in [450, 900, 1350] {
      let count = try await opened.runToEnd()
      XCTAssertEqual(count, 5)
      XCTAssertEqual(try opened.variable("var"), total)
    }
    XCTAssertEqual(opened.count, 15)
    opened.reset()
    XCTAssertEqual(opened.count, 0)
    XCTAssertEqual(opened.variables, ["var": 0])
    let first = try await opened.next()
    XCTAssertEqual(first, [0, 1])
    try await opened.runToEnd()
    XCTAssertEqual(try opened.variable("var"), 460, "a whole run begins at the beginning")
  }

  func testAResetBeforeTheFirstElementChangesNothing() async throws {
    let shuffled = Pipeline(over: 0..<20).shuffled()
    let opened = try shuffled.open(in: run)
    opened.reset()
    opened.reset()
    let (found, expected) = (try await pass(opened), try await elements(shuffled))
    XCTAssertEqual(found, expected)
  }

  func testSeveralVariables() async throws {
    let pipeline = Pipeline(over: 1...4)
      .accumulating("all", from: [Int]()) { all, element in all.append(element) }
      .filter { $0 % 2 == 0 }
      .accumulating("sum", from: 0.5) { sum, element in sum += Double(element) }
      .accumulating("last", from: String?.none) { last, element in last = "\(element)" }
    XCTAssertEqual(pipeline.variableNames, ["all", "sum", "last"])
    let opened = try pipeline.open(in: run)
    XCTAssertEqual(opened.variables, ["all": [], "sum": 0.5, "last": nil])
    let first = try await opened.next()
    XCTAssertEqual(first, 2)
    XCTAssertEqual(opened.variables, ["all": [1, 2], "sum": 2.5, "last": "2"])
    try await opened.runToEnd()
    XCTAssertEqual(opened.variables, ["all": [1, 2, 1, 2, 3, 4], "sum": 8.5, "last": "4"])
  }

  func testReadingAVariable() async throws {
    let opened = try summed.open(in: run)
    XCTAssertEqual(try opened.variable("var", as: Double.self), 0)
    await assertFails(.missingOutput, "no variable 'vra'; it has var") {
      try opened.variable("vra", as: Int.self)
    }
    await assertFails(.wrongType, "'var' is no String") {
      try opened.variable("var", as: String.self)
    }
  }

  func testVariablesAsExpressions() async throws {
    let losses = Pipeline(over: [1.0, 2.0, 6.0])
      .accumulating("losses", from: [Double]()) { losses, loss in losses.append(loss) }
    let opened = try losses.open(in: run)
    run.instances["p"] = opened
    let p = DerivedExpression<PipelineRun<Double>> { try $0.instance("p") }
    XCTAssertThrowsError(try p.mean(of: "losses").evaluate(in: run)) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .missingOutput)
    }
    try await opened.runToEnd()
    XCTAssertEqual(try p.mean(of: "losses").evaluate(in: run), 3)
    XCTAssertEqual(
      try p.variable("losses", as: [Double].self).map(\.count).evaluate(in: run),
      3
    )
    XCTAssertEqual(try p.count.evaluate(in: run), 3)
    XCTAssertThrowsError(try p.mean(of: "loss").evaluate(in: run))
  }

  /// A run that an experiment holds as an instance does not keep the experiment alive.
  func testARunGoesWithItsExperiment() throws {
    weak var context: RunContext?
    do {
      let run = PipelineTestCase.context()
      run.instances["p"] = try summed.prefetched(1).open(in: run)
      context = run
    }
    XCTAssertNil(context)
  }
}
