@testable import FieldworkCore
import XCTest

private final class Model { let size = 3 }

final class RunContextTests: XCTestCase {
  private let run = RunContext(
    id: "id",
    config: ["a": 1, "none": nil],
    repetition: 2,
    random: RandomStream(seed: 1),
    makeDirectory: { "folder" },
    makeResults: { "results" }
  )

  func testParameters() throws {
    XCTAssertEqual(try EC<Double>("a").evaluate(in: run), 1)
    XCTAssertEqual(try EC(Parameter<Int>("a")).evaluate(in: run), 1)
    XCTAssertEqual(try EC<Int?>("none").evaluate(in: run), nil)
    XCTAssertEqual(try EC<Int?>("b").evaluate(in: run), nil)
    assertThrows(.missingParameter) { try EC<Int>("b").evaluate(in: run) }
    assertThrows(.wrongType) { try EC<String?>("a").evaluate(in: run) }
    XCTAssertEqual(try EC().evaluate(in: run), ["a": 1, "none": nil])
    XCTAssertEqual(try EC(full: true).evaluate(in: run).count, 4)
    XCTAssertEqual(run.repetition, 2)
    XCTAssertEqual(try run["a"], 1)
  }

  func testOutputs() throws {
    assertThrows(.missingOutput, containing: "'u' has not run yet") {
      try O<Int>("u").evaluate(in: run)
    }
    XCTAssertEqual(try O<Int?>("u").evaluate(in: run), nil)
    XCTAssertNil(try E("u").evaluate(in: run).output)
    run.outputs["u"] = UnitOutput(value: 7, iteration: 4)
    XCTAssertEqual(try O<Int>("u").evaluate(in: run), 7)
    XCTAssertEqual(try O<Double>("u").evaluate(in: run), 7)
    XCTAssertEqual(try O<Int?>("u").evaluate(in: run), 7)
    assertThrows(.wrongType, containing: "'u' is a Int, not a String") {
      try O<String>("u").evaluate(in: run)
    }
    assertThrows(.wrongType) { try O<String?>("u").evaluate(in: run) }
    XCTAssertEqual(try E("u").evaluate(in: run).iteration, 4)
    XCTAssertNil(try run.currentOutput(of: "u", as: Int.self))
    run.iteration = 4
    XCTAssertEqual(try run.currentOutput(of: "u", as: Int.self), 7)
  }

  func testInstances() throws {
    assertThrows(.missingOutput) { try run.instance("m", as: Model.self) }
    run.instances["m"] = Model()
    XCTAssertEqual(try run.instance("m", as: Model.self).size, 3)
    assertThrows(.wrongType) { try run.instance("m", as: Int.self) }
  }

  func testSavedValues() throws {
    run.save("x", 1)
    run.iteration = 1
    run.save("y", "b")
    try S().evaluate(in: run).save("z", 0.5)
    XCTAssertEqual(run.takeSaved(["y"]), [SavedValue(name: "y", iteration: 1, value: "b")])
    XCTAssertEqual(run.takeSaved().map(\.name), ["x", "z"])
    XCTAssertEqual(run.takeSaved(), [])
  }

  func testExpressions() throws {
    run.outputs["list"] = UnitOutput(value: [1, 2], iteration: 0)
    run.outputs["table"] = UnitOutput(value: ["k": 5], iteration: 0)
    XCTAssertEqual(try O<[Int]>("list")[1].evaluate(in: run), 2)
    assertThrows(.missingOutput, containing: "no element 2 among 2") {
      try O<[Int]>("list")[2].evaluate(in: run)
    }
    XCTAssertEqual(try O<[String: Int]>("table")["k"].evaluate(in: run), 5)
    assertThrows(.missingOutput, containing: "no key 'z'") {
      try O<[String: Int]>("table")["z"].evaluate(in: run)
    }
    XCTAssertEqual(try E().iteration.evaluate(in: run), 0)
    XCTAssertEqual(try EP().evaluate(in: run), "folder")
    XCTAssertEqual(try Constant(3).map { $0 + 1 }.evaluate(in: run), 4)
    let sum = EC<Int>("a").combined(with: O<[Int]>("list")) { $0 + $1.count }
    XCTAssertEqual(try sum.evaluate(in: run), 3)
    XCTAssertEqual(sum.dependencies.count, 2)
    XCTAssertTrue(try EC<Int>("a").isEqual(to: 1).evaluate(in: run))
    XCTAssertThrowsError(try run.stop()) { XCTAssertTrue($0 is StopExperiment) }
  }
}
