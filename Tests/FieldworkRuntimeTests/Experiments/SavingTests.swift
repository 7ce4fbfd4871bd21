import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

private struct Score: Encodable {
  var loss: Double
  var parts: [Int]
  var note: String?
}

final class SavingTests: RuntimeTestCase {
  func testOneName() async throws {
    let results = try await run {
      Unit("int", saving: "int") { _ in 1 }
      Unit("double", saving: "double") { _ in 1.0 }
      Unit("list", saving: "list") { _ in [[1, 2], []] }
      Unit("tuple", saving: "tuple") { _ in (1, "x", [true]) }
      Unit("some", saving: "some") { _ in Optional(3) }
      Unit("none", saving: "none") { _ -> Int? in nil }
      Unit("struct", saving: "struct") { _ in Score(loss: 0.5, parts: [1], note: nil) }
      Unit("optional", saving: "optional") { _ -> (Int, Int)? in (1, 2) }
      Unit("large", saving: "large") { _ in UInt64.max }
    }
    let expected: [String: Value] = [
      "int": 1, "double": 1.0, "list": [[1, 2], []], "tuple": [1, "x", [true]], "some": 3,
      "none": nil, "struct": ["loss": 0.5, "parts": [1]], "optional": [1, 2],
      "large": "18446744073709551615",
    ]
    XCTAssertEqual(results.experiments[0].failures.map(\.message), [])
    for (name, value) in expected { XCTAssertEqual(saved(name, results), [0: value], name) }
    XCTAssertEqual(
      results.variables,
      ["int", "double", "list", "tuple", "some", "none", "struct", "optional", "large"]
    )
  }

  func testSeveralNames() async throws {
    let results = try await run {
      Unit("tuple", saving: ["a", nil, "c"]) { _ in (1, "skipped", 2.5) }
      Unit("array", saving: [nil, "d"]) { _ in [10, 20] }
      Unit("value", saving: ["e", "f"]) { _ in [nil, "x"] as Value }
    }
    XCTAssertEqual(results.variables, ["a", "c", "d", "e", "f"])
    XCTAssertEqual(results.experiments[0].failures.map(\.message), [])
    XCTAssertEqual(
      ["a", "c", "d", "e", "f"].map { saved($0, results)[0] },
      [1, 2.5, 20, .some(.null), "x"]
    )
  }

  func testTheKeysOfADictionary() async throws {
    let results = try await run {
      Unit("dictionary", saving: .keys) { _ in ["b": 1, "a": 2] }
      Unit("struct", saving: .keys) { _ in Score(loss: 0.5, parts: [], note: "n") }
    }
    XCTAssertEqual(results.variables, ["a", "b", "loss", "note", "parts"])
    XCTAssertEqual(
      ["a", "b", "loss", "note", "parts"].map { saved($0, results)[0] },
      [2, 1, 0.5, "n", []]
    )
  }

  func testTheWrongNumberOfNamesFailsTheUnit() async throws {
    let results = try await run {
      Unit("few", saving: ["a", "b"]) { _ in [1, 2, 3] }
      Unit("after", saving: "c") { _ in 1 }
    }
    let failure = try XCTUnwrap(results.experiments[0].failures.first)
    XCTAssertEqual(failure.unit, "few")
    XCTAssertEqual(failure.message, "2 names are to save 3 elements")
    XCTAssertEqual(failure.kind, "FieldworkError")
    XCTAssertEqual(saved("a", results), [:], "nothing of it is saved")
    XCTAssertEqual(saved("c", results), [0: 1])
  }

  func testAUnitThatFailsToSaveHasNoOutput() async throws {
    let results = try await run {
      Unit("few", saving: ["a", "b"]) { _ in [1, 2, 3] }
      Save("output", O<[Int]?>("few"))
    }
    XCTAssertEqual(saved("output", results), [0: nil])
  }

  func testAValueSavedThroughTheContextUnderAParametersName() async throws {
    let results = try await Research("test", parallel: .serial) {
      Domain("x" <- [5])
      Unit("u") { run in
        run.save("x", 7)
        run.save("id", "own")
      }
    }.run()
    let table = results.table()
    XCTAssertEqual(table.columnNames, ["id", "x", "iteration", "id_", "x_"])
    XCTAssertEqual(try table["x"], [5])
    XCTAssertEqual(try table["x_"], [7])
    XCTAssertEqual(try table["id"], [.string(results.experiments[0].id)])
  }
}
