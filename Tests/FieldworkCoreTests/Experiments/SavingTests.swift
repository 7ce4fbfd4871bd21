import FieldworkCore
import XCTest

private struct Opaque {}
private struct Report: Encodable { var a = 1 }

final class SavingTests: XCTestCase {
  private func saved(_ saving: Saving, _ output: Any) throws -> String {
    try saving.values(of: output).map { "\($0.name)=\($0.value.canonicalText)" }
      .joined(separator: " ")
  }

  func testTheOutputItself() throws {
    XCTAssertEqual(try saved("x", 1), "x=1")
    XCTAssertEqual(try saved("x", 0.5), "x=0.5")
    XCTAssertEqual(try saved("x", Float(0.5)), "x=0.5")
    XCTAssertEqual(try saved("x", "a"), "x=\"a\"")
    XCTAssertEqual(try saved("x", [1, 2]), "x=[1,2]")
    XCTAssertEqual(try saved("x", (1, "b", [0.5])), "x=[1,\"b\",[0.5]]")
    XCTAssertEqual(try saved("x", Int?.none as Any), "x=null")
    XCTAssertEqual(try saved("x", Int?.some(3) as Any), "x=3")
    XCTAssertEqual(try saved("x", Report()), "x={\"a\":1}")
    XCTAssertEqual(try saved("x", Report?.some(Report()) as Any), "x={\"a\":1}")
    XCTAssertEqual(try saved("x", (1, 2) as (Int, Int)? as Any), "x=[1,2]")
    XCTAssertEqual(try saved(Saving("y"), ["a": 1]), "y={\"a\":1}")
  }

  func testElements() throws {
    XCTAssertEqual(try saved(["a", nil, "c"], (1, 2, 3)), "a=1 c=3")
    XCTAssertEqual(try saved(["a", "b"], (loss: 0.5, name: "n")), "a=0.5 b=\"n\"")
    XCTAssertEqual(try saved(["a", "b"], [1, 2]), "a=1 b=2")
    XCTAssertEqual(try saved(["a", "b"], ((1, 2), Report())), "a=[1,2] b={\"a\":1}")
    XCTAssertEqual(try saved(["a", nil], (1, Opaque())), "a=1")
    XCTAssertEqual(try saved(Saving(["a", "b"]), [Value.int(1), nil]), "a=1 b=null")
  }

  func testKeys() throws {
    XCTAssertEqual(try saved(.keys, ["q": 2, "p": 1]), "p=1 q=2")
    XCTAssertEqual(try saved(.keys, Report()), "a=1")
    XCTAssertEqual(try saved(.keys, [String: Int]()), "")
  }

  func testWhatCannotBeSaved() {
    assertThrows(.cannotSave, containing: "'x'", "Opaque", "ValueConvertible or Encodable") {
      try Saving("x").values(of: Opaque())
    }
    assertThrows(.cannotSave, containing: "2 names", "3 elements") {
      try Saving(["a", "b"]).values(of: (1, 2, 3))
    }
    assertThrows(.cannotSave, containing: "Int has no elements") {
      try Saving(["a", "b"]).values(of: 1)
    }
    assertThrows(.cannotSave, containing: ".keys", "not a dictionary") {
      try Saving.keys.values(of: [1])
    }
    assertThrows(.cannotSave, containing: "'x'") { try Saving("x").values(of: ()) }
    assertThrows(.cannotSave, containing: "'b'") {
      try Saving(["a", "b"]).values(of: (1, Opaque()))
    }
  }

  func testNamesAndMismatchesKnownBefore() {
    XCTAssertEqual((["a", nil, "c"] as Saving).names, ["a", "c"])
    XCTAssertEqual(Saving.keys.names, [])
    let whole: Saving = "x"
    for type in [Int.self, (Int, Int).self, [String].self, Report.self, Int?.self] as [Any.Type] {
      XCTAssertNil(whole.mismatch(with: type), "\(type)")
    }
    for type in [Opaque.self, Void.self, ((Int) -> Int).self] as [Any.Type] {
      XCTAssertNotNil(whole.mismatch(with: type), "\(type)")
    }
    let elements: Saving = ["a", "b"]
    XCTAssertNil(elements.mismatch(with: [Double].self))
    XCTAssertNil(elements.mismatch(with: (Int, Int).self))
    XCTAssertNotNil(elements.mismatch(with: Double.self))
    XCTAssertNil(Saving.keys.mismatch(with: [String: Int].self))
    XCTAssertNil(Saving.keys.mismatch(with: Report.self))
    XCTAssertNotNil(Saving.keys.mismatch(with: Int.self))
  }

  func testPreflightRefusesNothingThatCanBeSaved() {
    let outputs: [Any] = [
      1, (1, 2), [1, 2], ["a": 1], Report(), Opaque(), [Report(), Report()], Value.int(1),
      { 1 } as () -> Int, [Opaque(), Opaque()], (1, 2) as (Int, Int)? as Any,
      Set([1, 2]), (1, { 1 } as () -> Int), [1, 2] as [Int]? as Any,
    ]
    for saving in ["x", ["a", "b"], .keys] as [Saving] {
      for output in outputs {
        let type = Swift.type(of: output)
        if saving.mismatch(with: type) != nil {
          XCTAssertThrowsError(try saving.values(of: output), "\(saving) of \(type)")
        }
      }
    }
  }
}
