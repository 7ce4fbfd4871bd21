@testable import FieldworkCore
import XCTest

final class DomainParametersTests: XCTestCase {
  func testNamesInOrderOfFirstAppearance() {
    let named = list(ParameterName(Alias("x", "k")), 1)
    let domain = list("b", 1).concatenated(with: list("a", 2).product(list("b", 3))).product(named)
    XCTAssertEqual(domain.parameterNames.map(\.key), ["b", "k", "a"])
    XCTAssertEqual(domain.parameterNames.map(\.alias), ["b", "x", "a"])
    XCTAssertEqual(Domain().parameterNames, [])
    let zip = list("p", 1, 2).zipped(with: list("q", 1, 2))
    XCTAssertEqual(zip.parameterNames, ["p", "q"])
  }

  func testAlwaysHas() {
    let (a, b) = (list("a", 1), list("b", 1))
    XCTAssertTrue(a.product(b).always(has: "b"))
    XCTAssertFalse(a.concatenated(with: b).always(has: "b"))
    XCTAssertTrue(a.concatenated(with: b.product(a)).always(has: "a"))
    XCTAssertFalse(Domain().always(has: "a"))
    XCTAssertTrue(a.weighted(2).where { _ in true }.always(has: "a"))
  }

  func testOptions() {
    let domain = list("a", 1).concatenated(with: list("b", 2).product(list("a", 3)))
    XCTAssertEqual(domain.options(of: "a").map(\.values), [.list([1]), .list([3])])
    XCTAssertEqual(domain.options(of: "z").count, 0)
  }

  func testReplacingEverywhere() throws {
    let a = list("a", 1, 2)
    let new: [AnyAlias] = [8, 9]
    func replaced(_ domain: Domain) throws -> [String] {
      try domain.replacing("a", with: new).texts()
    }
    XCTAssertEqual(try replaced(a), ["{a: 8}", "{a: 9}"])
    XCTAssertEqual(try replaced(list("b", 1)), ["{b: 1}"])
    XCTAssertEqual(
      try replaced(list("b", 1).concatenated(with: a)),
      ["{b: 1}", "{a: 8}", "{a: 9}"]
    )
    XCTAssertEqual(try replaced(a.product(list("b", 1))), ["{a: 8, b: 1}", "{a: 9, b: 1}"])
    XCTAssertEqual(try replaced(a.zipped(with: list("b", 1, 2))), ["{a: 8, b: 1}", "{a: 9, b: 2}"])
    XCTAssertEqual(
      try replaced(integers("a", 1...20).where { try $0["a", as: Int.self] > 8 }),
      ["{a: 9}"]
    )
    XCTAssertEqual(
      try replaced(list("o", "x", "y").given("o", "x", a)),
      ["{o: x, a: 8}", "{o: x, a: 9}", "{o: y}"]
    )
    XCTAssertEqual(try replaced(drawn("a", .uniform(0...1))), ["{a: 8}", "{a: 9}"])
    XCTAssertEqual(a.weighted(2).replacing("a", with: new).weights, [2])
    let named = list(ParameterName(Alias("x", "a")), 1)
    XCTAssertEqual(try replaced(named), ["{x: 8}", "{x: 9}"])
    XCTAssertEqual(try a.replacing("a", with: []).texts(), [])
  }

  func testReplacingInAZipNeedsTheSameLength() {
    let domain = list("a", 1, 2).zipped(with: list("b", 1, 2))
      .replacing("a", with: [1], file: "F/F.swift", line: 9)
    XCTAssertEqual(domain.problems.map(\.place?.line), [9])
  }

  func testReplacingKeepsProblemsAndMendsThoseOfTheReplaced() {
    let bad = drawn("a", .uniform(0...(.infinity)))
    XCTAssertEqual(bad.problems.count, 1)
    XCTAssertEqual(bad.weighted(-1).replacing("b", with: [1]).problems.count, 2)
  }

  func testProblemsHaveThePlaceOfTheirDomain() {
    let twice = Domain(
      [ParameterOption("a", [1]), ParameterOption("a", [2])],
      file: "F/F.swift",
      line: 4
    )
    XCTAssertEqual(twice.problems.count, 1)
    XCTAssertEqual(
      twice.problems[0].description,
      "F/F.swift:4: error: parameter 'a' stands twice in one Domain; put all its values in one list"
    )
    for weight in [0, -1, .nan, .infinity] {
      let domain = list("a", 1).weighted(weight, file: "F/F.swift", line: 6)
      XCTAssertEqual(domain.problems.map(\.place?.line), [6], "\(weight)")
    }
    let both = twice.concatenated(with: twice.product(list("b", 1).weighted(0)))
    XCTAssertEqual(both.problems.count, 3)
    let error = assertThrows(.invalidDefinition, containing: "3 problems") { try both.configs() }
    XCTAssertEqual(error?.problems.count, 3)
    XCTAssertEqual(both.count, 0)
  }
}
