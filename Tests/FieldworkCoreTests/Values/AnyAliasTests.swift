@testable import FieldworkCore
import XCTest

private struct Opaque: Sendable {}
private func relu(_ x: Double) -> Double { max(x, 0) }

final class AnyAliasTests: XCTestCase {
  func testLiteralsAreNamedByTheirText() {
    let values: [AnyAlias] = [1, "z", 2.5, nil, true, [1, "a"], ["k": 1]]
    XCTAssertEqual(
      values.map(\.name),
      ["1", "z", "2.5", "null", "true", "[1, \"a\"]", "[\"k\": 1]"]
    )
    XCTAssertEqual(values.compactMap(\.plain), [1, "z", 2.5, nil, true, [1, "a"], ["k": 1]])
    XCTAssertFalse(values.contains(where: \.isNamed))
  }

  func testAliases() {
    XCTAssertEqual(Alias("one", 1).name, "one")
    XCTAssertEqual(Alias<Double>(0.5).name, "0.5")
    XCTAssertEqual(Alias(Opaque.self).name, "Opaque")
    XCTAssertEqual("\(Alias("f", relu))", "f")
    XCTAssertEqual(AnyAlias(Alias("one", 1)).plain, 1)
    XCTAssertNil(AnyAlias(Alias("f", relu)).plain)
    let literals: [Alias<Int>] = [1, 2]
    XCTAssertEqual(literals.map(\.name), ["1", "2"])
    let texts: [Alias<String>] = ["a"]
    XCTAssertEqual(texts[0].value, "a")
  }

  func testConversion() throws {
    XCTAssertEqual(AnyAlias(1).converted(to: Double.self), 1)
    XCTAssertEqual(AnyAlias("one", 1).converted(to: Int.self), 1)
    XCTAssertNil(AnyAlias("one", 1).converted(to: String.self))
    XCTAssertNil(AnyAlias(300).converted(to: Int8.self))
    XCTAssertNotNil(AnyAlias("o", Opaque()).converted(to: Opaque.self))
    XCTAssertNil(AnyAlias("o", Opaque()).converted(to: Int.self))
    let function = try XCTUnwrap(
      AnyAlias(Alias("relu", { @Sendable in relu($0) })).converted(
        to: (@Sendable (Double) -> Double).self
      )
    )
    XCTAssertEqual(function(-1), 0)
  }

  func testConversionToAnOptional() {
    XCTAssertEqual(AnyAlias(Value.null).converted(to: Int?.self), .some(.none))
    XCTAssertEqual(AnyAlias(1).converted(to: Int?.self), .some(1))
    XCTAssertTrue(AnyAlias("x").converted(to: Int?.self) == .none)
    XCTAssertNil(AnyAlias(Value.null).converted(to: Int.self))
  }

  func testIdentityTellsValuesApart() {
    let values: [AnyAlias] = [
      1, 1.0, "1", AnyAlias("1", 1), nil, "null", true, "true", AnyAlias("null", Opaque()),
    ]
    XCTAssertEqual(Set(values.map(\.identity)).count, values.count)
    XCTAssertEqual(AnyAlias("f", relu).identity, AnyAlias("f", Opaque()).identity)
  }

  func testEquality() {
    XCTAssertEqual(AnyAlias(1), 1)
    XCTAssertNotEqual(AnyAlias(1), 1.0)
    XCTAssertNotEqual(AnyAlias(1), AnyAlias("one", 1))
    XCTAssertNotEqual(AnyAlias("f", Opaque()), AnyAlias("f", relu))
    XCTAssertNotEqual(AnyAlias("f", Opaque()), AnyAlias("g", Opaque()))
    XCTAssertEqual(AnyAlias("f", Opaque()), AnyAlias("f", Opaque()))
    XCTAssertEqual(Set([AnyAlias(1), 1, AnyAlias(1.0)]).count, 2)
  }

  func testSameValue() {
    XCTAssertTrue(AnyAlias("one", 1).sameValue(as: 1))
    XCTAssertTrue(AnyAlias("relu", relu).sameValue(as: "relu"))
    XCTAssertTrue(AnyAlias("one", 1).sameValue(as: "one"))
    XCTAssertFalse(AnyAlias(1).sameValue(as: "1"))
    XCTAssertTrue(AnyAlias(1).sameValue(as: 1.0), "a list of doubles is named by integers too")
  }

  func testLiteralText() {
    XCTAssertEqual(AnyAlias("a").literalText, "\"a\"")
    XCTAssertEqual(AnyAlias("one", 1).literalText, "Alias(\"one\", 1)")
    XCTAssertEqual(AnyAlias("f", relu).literalText, "Alias(\"f\", …)")
  }
}
