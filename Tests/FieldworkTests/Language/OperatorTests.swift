import Fieldwork
import FieldworkTesting
import XCTest

/// Every operator is a call to a method, so both give the same.
final class OperatorTests: XCTestCase {
  private let a = Domain("a" <- [1, 2])
  private let b = Domain("b" <- ["x", "y"])

  func testDomains() throws {
    XCTAssertEqual(a + b, a.concatenated(with: b))
    XCTAssertEqual(a * b, a.product(b))
    XCTAssertEqual(a .* b, a.zipped(with: b))
    XCTAssertEqual(0.5 * a, a.weighted(0.5))
    XCTAssertEqual(a * 0.5, a.weighted(0.5))
    XCTAssertEqual(2 * a, a.weighted(2))
    XCTAssertEqual(a * 2, a.weighted(2))
    XCTAssertNotEqual(a + b, b + a)
    XCTAssertConfigs(a * b, try Domain("a" <- [1, 2], "b" <- ["x", "y"]).configs())
  }

  func testPrecedence() {
    let c = Domain("c" <- [true, false])
    XCTAssertEqual(a + b * c, a + (b * c))
    XCTAssertEqual(a * b + c, (a * b) + c)
    XCTAssertEqual(a .* b * c, (a .* b) * c)
    XCTAssertEqual(0.5 * a + 0.25 * b, (0.5 * a) + (0.25 * b))
    XCTAssertConfigs(Domain("k" <- 1...3), [["k": 1], ["k": 2], ["k": 3]])
    XCTAssertConfigs(Domain("k" <- 0..<2), [["k": 0], ["k": 1]])
    let sampler = Domain("x" <- .uniform(0...1) * 2 + 1)
    XCTAssertEqual(sampler.description, Domain("x" <- ((.uniform(0...1) * 2) + 1)).description)
  }

  func testBinding() {
    let size = Parameter<Int>("size")
    let shown = Parameter<Int>(Alias("s", "size"))
    XCTAssertEqual(Domain(size <- [8, 16]), Domain("size" <- [8, 16]))
    XCTAssertEqual(Domain(shown <- [8]), Domain(Alias("s", "size") <- [8]))
    XCTAssertConfigs(
      Domain("mixed" <- [1, "z", 2.5, nil, true, [1, 2]]),
      [
        ["mixed": 1], ["mixed": "z"], ["mixed": 2.5], ["mixed": nil], ["mixed": true],
        ["mixed": [1, 2]],
      ]
    )
    XCTAssertCount(Domain("k" <- stride(from: 0.0, to: 1.0, by: 0.25)), 4)
    XCTAssertCount(Domain("k" <- 0..<0), 0)
    XCTAssertCount(Domain("k" <- [Int]()), 0)
    XCTAssertCount(Domain("k" <- 1...1_000_000_000), 1_000_000_000)
    XCTAssertCount(Domain("k" <- .integers(1...3)), nil)
  }

  func testSchedules() {
    XCTAssertEqual(.every(2) | .last, When.every(2).union(.last))
    XCTAssertEqual(.at(1) | .at(1), When.at(1))
    XCTAssertEqual((.never | .last) as When, .last)
  }

  func testSamplers() throws {
    let x = Sampler<Double>.uniform(1...2)
    let y = Sampler<Double>.normal()
    for (left, right) in [
      (x + y, x.adding(y)), (x + 2, x.adding(2)), (x - y, x.subtracting(y)),
      (x - 2, x.subtracting(2)), (x * y, x.multiplied(by: y)), (x * 2, x.multiplied(by: 2)),
      (x / y, x.divided(by: y)), (x / 2, x.divided(by: 2)),
    ] {
      XCTAssertEqual(try left.draws(5, seed: 3), try right.draws(5, seed: 3))
      XCTAssertEqual(left.description, right.description)
    }
    XCTAssertEqual(try (2 - x).draws(5), try x.draws(5).map { 2 - $0 })
    XCTAssertEqual(try (2 / x).draws(5), try x.draws(5).map { 2 / $0 })
    XCTAssertEqual(try (-x).draws(5), try x.draws(5).map { -$0 })
    XCTAssertEqual(try (3 + x).draws(5), try x.draws(5).map { 3 + $0 })
    XCTAssertEqual(try (3 * x).draws(5), try x.draws(5).map { 3 * $0 })
  }

  private func save(_ name: String, _ expression: some NamedExpression) -> any ResearchElement {
    Save(Saving(name), expression)
  }

  /// The value that each expression has in an experiment with the config {n: 7, x: 0.5}.
  private func values(_ expressions: [(String, any NamedExpression)]) async throws -> [String:
    Value]
  {
    var saves: [any ResearchElement] = []
    for (name, expression) in expressions { saves.append(save(name, expression)) }
    let research = Research("expressions") {
      Domain("n" <- [7], "x" <- [0.5], "list" <- [[1, 2, 3]])
      saves
    }
    var row = try await research.run(debug: true).table().row(0)
    for name in ["id", "n", "x", "list", "iteration"] { row[name] = nil }
    return row
  }

  func testNamedExpressions() async throws {
    let (n, x) = (EC<Int>("n"), EC<Double>("x"))
    let found = try await values([
      ("sum", n + 1), ("sums", n + n), ("mirrored sum", 1 + n), ("difference", n - 2),
      ("mirrored difference", 2 - n), ("differences", n - n), ("product", n * 3),
      ("mirrored product", 3 * n), ("products", n * n), ("negative", -n), ("quotient", n / 2),
      ("mirrored quotient", 15 / n), ("quotients", n / n), ("remainder", n % 4),
      ("remainders", n % (n - 4)), ("half", x / 2), ("mirrored half", 1 / x), ("halves", x / x),
      ("less", n .< 8), ("lessOrEqual", n .<= 7), ("greater", n .> 7), ("greaterOrEqual", n .>= 8),
      ("equal", n .== 7), ("equals", n .== n), ("unequal", n .!= 7), ("unequals", n .!= n),
      ("element", EC<[Int]>("list")[1]), ("member", EC<[Int]>("list").count),
      ("mapped", n.map { "\($0)" }), ("constant", Constant(3)), ("turn", E().iteration),
    ])
    XCTAssertEqual(
      found,
      [
        "sum": 8, "sums": 14, "mirrored sum": 8, "difference": 5, "mirrored difference": -5,
        "differences": 0, "product": 21, "mirrored product": 21, "products": 49, "negative": -7,
        "quotient": 3, "mirrored quotient": 2, "quotients": 1, "remainder": 3, "remainders": 1,
        "half": 0.25, "mirrored half": 2.0, "halves": 1.0, "less": true, "lessOrEqual": true,
        "greater": false, "greaterOrEqual": false, "equal": true, "equals": true, "unequal": false,
        "unequals": false, "element": 2, "member": 3, "mapped": "7", "constant": 3, "turn": 0,
      ]
    )
  }

  func testErrorsOfExpressionsAreErrorsOfTheirUnit() async throws {
    for (expression, message) in [
      (EC<Int>("n") / 0, "(EC(\"n\") / 0): 7 is divided by 0"),
      (EC<Int>("n") % 0, "(EC(\"n\") % 0): 7 is divided by 0"),
      (EC<[Int]>("list")[5], "EC(\"list\")[5]: no element 5 among 3"),
    ] {
      let research = Research("errors") {
        Domain("n" <- [7], "list" <- [[1, 2, 3]])
        Save("y", expression)
      }
      let results = try await research.run()
      XCTAssertEqual(results.experiments.map(\.state), [.failed])
      XCTAssertEqual(results.experiments[0].failures.map(\.message), [message])
    }
  }
}
