@testable import FieldworkCore
import XCTest

/// The laws of the algebra, over all triples of small domains.
final class DomainLawsTests: XCTestCase {
  override func setUp() { continueAfterFailure = false }

  private func forAllPairs(_ body: (Domain, Domain, String) throws -> Void) rethrows {
    for (name, left) in finiteDomains {
      for (other, right) in finiteDomains { try body(left, right, "\(name); \(other)") }
    }
  }

  private func forAllTriples(_ body: (Domain, Domain, Domain, String) throws -> Void) rethrows {
    try forAllPairs { left, middle, text in
      for (name, right) in finiteDomains { try body(left, middle, right, "\(text); \(name)") }
    }
  }

  func testSumIsOneAfterTheOther() throws {
    try forAllPairs { a, b, text in
      XCTAssertEqual(
        try a.concatenated(with: b).texts(),
        try a.texts() + b.texts(),
        text
      )
    }
  }

  func testProductIsEachWithEachTermByTerm() throws {
    try forAllPairs { a, b, text in
      let product = try a.product(b).configs()
      XCTAssertEqual(product.count, try a.configs().count * b.configs().count, text)
      let expected = try a.configs().flatMap { left in
        try b.configs().map { left.merging($0).identity }
      }
      XCTAssertEqual(product.map(\.identity).sorted(), expected.sorted(), text)
    }
  }

  func testTheRightOfAProductChangesFastest() throws {
    let (a, b) = (list("a", 1, 2), list("b", 3, 4))
    XCTAssertEqual(
      try a.product(b).texts(),
      ["{a: 1, b: 3}", "{a: 1, b: 4}", "{a: 2, b: 3}", "{a: 2, b: 4}"]
    )
    XCTAssertEqual(
      try a.product(list("a", 3, 4)).texts(),
      ["{a: 3}", "{a: 4}", "{a: 3}", "{a: 4}"]
    )
  }

  func testSumIsAssociative() throws {
    forAllTriples { a, b, c, text in
      let left = a.concatenated(with: b).concatenated(with: c)
      let right = a.concatenated(with: b.concatenated(with: c))
      XCTAssertEqual(left, right, text)
      XCTAssertEqual(left.description, right.description)
    }
  }

  func testProductIsAssociative() throws {
    try forAllTriples { a, b, c, text in
      let left = a.product(b).product(c)
      let right = a.product(b.product(c))
      XCTAssertEqual(left, right, text)
      XCTAssertEqual(left.count, right.count, text)
      XCTAssertEqual(try left.texts(limit: 5), try right.texts(limit: 5), text)
    }
  }

  func testProductDistributesOverTheSumOnItsLeft() throws {
    try forAllTriples { a, b, c, text in
      let left = a.concatenated(with: b).product(c)
      let right = a.product(c).concatenated(with: b.product(c))
      XCTAssertEqual(left, right, text)
      XCTAssertEqual(left.count, right.count, text)
      XCTAssertEqual(try left.texts(limit: 5), try right.texts(limit: 5), text)
    }
  }

  func testProductDistributesOverTheSumOnItsRightTermByTerm() throws {
    try forAllTriples { a, b, c, text in
      guard a.node.memberCount == 1 else { return }
      let left = a.product(b.concatenated(with: c))
      let right = a.product(b).concatenated(with: a.product(c))
      XCTAssertEqual(left, right, text)
      XCTAssertEqual(left.count, right.count, text)
      XCTAssertEqual(try left.texts(limit: 5), try right.texts(limit: 5), text)
    }
  }

  func testTheTermsOfTheLeftSumStandOutermost() throws {
    let left = list("a", 1).concatenated(with: list("a", 2))
    let right = list("b", 3).concatenated(with: list("b", 4))
    let expected = ["{a: 1, b: 3}", "{a: 1, b: 4}", "{a: 2, b: 3}", "{a: 2, b: 4}"]
    XCTAssertEqual(try left.product(right).texts(), expected)
    let wide = list("a", 1, 2).product(right)
    XCTAssertEqual(
      try wide.texts(),
      ["{a: 1, b: 3}", "{a: 2, b: 3}", "{a: 1, b: 4}", "{a: 2, b: 4}"]
    )
  }

  func testTheEmptyDomain() throws {
    for (name, domain) in finiteDomains {
      XCTAssertEqual(Domain().concatenated(with: domain), domain, name)
      XCTAssertEqual(domain.concatenated(with: Domain()), domain, name)
      XCTAssertEqual(domain.product(Domain()), Domain(), name)
      XCTAssertEqual(Domain().product(domain), Domain(), name)
    }
    XCTAssertEqual(Domain([]), Domain())
    XCTAssertEqual(Domain().count, 0)
    XCTAssertEqual(try Domain().texts(), [])
    XCTAssertEqual(try Domain().zipped(with: Domain()).texts(), [])
    XCTAssertEqual(Domain().weighted(2).count, 0)
    XCTAssertEqual(list("a").count, 0)
    XCTAssertEqual(try list("a").product(list("b", 1)).texts(), [])
    XCTAssertNil(try Domain().config(at: 0))
  }

  func testWeightsMultiply() {
    let (a, b) = (list("a", 1), list("b", 2))
    XCTAssertEqual(a.weights, [nil])
    XCTAssertEqual(a.weighted(3).weighted(0.5).weights, [1.5])
    XCTAssertEqual(a.weighted(2).product(b.weighted(3)).weights, [6])
    XCTAssertEqual(a.weighted(2).product(b).weights, [2])
    XCTAssertEqual(a.product(b.weighted(3)).weights, [3])
    XCTAssertEqual(a.zipped(with: b.weighted(3)).weights, [3])
    XCTAssertEqual(a.weighted(2).concatenated(with: b).weights, [2, nil])
    XCTAssertEqual(a.weighted(2).concatenated(with: b).weighted(10).weights, [20, 10])
    let sums = a.weighted(2).concatenated(with: b).product(b.concatenated(with: a.weighted(5)))
    XCTAssertEqual(sums.weights, [2, 10, nil, 5])
    XCTAssertEqual(list("p", 1, 2).weighted(2).zipped(with: list("q", 3, 4)).weights, [2, 2])
  }

  func testEqualityIsOfTerms() {
    let (a, b) = (list("a", 1, 2), list("b", 3))
    XCTAssertEqual(a, list("a", 1, 2))
    XCTAssertEqual(
      a.product(b),
      Domain([ParameterOption("a", [1, 2]), ParameterOption("b", [3])])
    )
    XCTAssertEqual(integers("k", 1...3), list("k", 1, 2, 3))
    XCTAssertNotEqual(a.product(b), b.product(a))
    XCTAssertNotEqual(a.concatenated(with: b), b.concatenated(with: a))
    XCTAssertNotEqual(a, list("a", 2, 1))
    XCTAssertNotEqual(a, list("a", 1, 2.0))
    XCTAssertNotEqual(a, a.weighted(1))
    XCTAssertNotEqual(a, list(ParameterName(Alias("x", "a")), 1, 2))
    XCTAssertNotEqual(list("a", 1).concatenated(with: list("a", 2)), a)
    XCTAssertEqual(drawn("s", .uniform(0...1)), drawn("s", .uniform(0...1)))
    XCTAssertNotEqual(drawn("s", .uniform(0...1)), drawn("s", .uniform(0...2)))
    XCTAssertNotEqual(a.where { _ in true }, a.where { _ in true })
    let filtered = a.where { _ in true }
    XCTAssertEqual(filtered, filtered)
    XCTAssertEqual(filtered.product(b), filtered.product(b))
  }

  func testOrderIsPartOfANestedZip() throws {
    let pairs = list("p", 1, 2).zipped(with: list("q", 3, 4))
    let domain = pairs.concatenated(with: list("r", 5)).product(list("s", "x", "y"))
    XCTAssertEqual(
      try domain.texts(),
      [
        "{p: 1, q: 3, s: x}", "{p: 1, q: 3, s: y}", "{p: 2, q: 4, s: x}", "{p: 2, q: 4, s: y}",
        "{r: 5, s: x}", "{r: 5, s: y}",
      ]
    )
    let triple = pairs.zipped(with: list("r", 5, 6))
    XCTAssertEqual(try triple.texts(), ["{p: 1, q: 3, r: 5}", "{p: 2, q: 4, r: 6}"])
    XCTAssertEqual(
      triple,
      list("p", 1, 2).zipped(with: list("q", 3, 4).zipped(with: list("r", 5, 6)))
    )
    let sum = list("a", 1).concatenated(with: list("b", 2)).zipped(with: list("c", 3, 4))
    XCTAssertEqual(try sum.texts(), ["{a: 1, c: 3}", "{b: 2, c: 4}"])
  }

  func testWhatCannotBeZipped() {
    let sides: [(Domain, Domain, String)] = [
      (list("a", 1, 2), list("b", 1), "2 configs meet 1"),
      (list("a", 1, 2).product(list("c", 1)), list("b", 1, 2), "no fixed list of elements"),
      (list("a", 1, 2), drawn("b", .uniform(0...1)), "Domain(\"b\" <- .uniform(0.0...1.0)) has no"),
      (list("a", 1, 2).where { _ in true }, list("b", 1, 2), "no fixed list"),
      (list("a", 1, 2).given("a", 1, list("c", 1)), list("b", 1, 2), "no fixed list"),
      (list("a", 1, 2).concatenated(with: list("c", 1)), list("b", 1, 2, 3), "no fixed list"),
    ]
    for (left, right, text) in sides {
      let problems = left.zipped(with: right, file: "F/F.swift", line: 7).problems
      XCTAssertEqual(problems.count, 1, text)
      XCTAssertTrue(problems[0].message.contains(text), problems[0].message)
      XCTAssertEqual(problems[0].place, SourceLocation(file: "F/F.swift", line: 7))
      assertThrows(.invalidDefinition) { try left.zipped(with: right).configs() }
    }
  }
}
