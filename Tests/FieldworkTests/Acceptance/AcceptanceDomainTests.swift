import Fieldwork
import FieldworkTesting
import XCTest

/// Rows 64 to 96: what domains are made of, and how they are gone through.
final class AcceptanceDomainTests: AcceptanceCase {
  private let a = Domain("a" <- [1, 2])
  private let b = Domain("b" <- [3, 4])

  // MARK: Construction

  /// A literal keeps its order; a Swift dictionary has none.
  func testRow064_aDictionaryLiteralKeepsItsOrder() throws {
    let domain = Domain(["b": [3, "x"], "a": [1, nil]])
    XCTAssertEqual(
      try texts(domain),
      ["{b: 3, a: 1}", "{b: 3, a: null}", "{b: x, a: 1}", "{b: x, a: null}"]
    )
    XCTAssertEqual(domain.parameterNames, ["b", "a"])
    let names = (0..<20).map { "p\(19 - $0)" }
    let twenty = Domain([
      "p19": [0], "p18": [0], "p17": [0], "p16": [0], "p15": [0], "p14": [0], "p13": [0],
      "p12": [0], "p11": [0], "p10": [0], "p9": [0], "p8": [0], "p7": [0], "p6": [0], "p5": [0],
      "p4": [0], "p3": [0], "p2": [0], "p1": [0], "p0": [0],
    ])
    XCTAssertEqual(twenty.parameterNames.map(\.key), names)
  }

  /// Python's keywords are options here.
  func testRow065_optionsAreTheSameAsADictionary() throws {
    let domain = Domain("a" <- [1, 2], "b" <- ["x", "y"])
    XCTAssertEqual(domain, Domain(["a": [1, 2], "b": ["x", "y"]]))
    XCTAssertEqual(
      try texts(domain),
      ["{a: 1, b: x}", "{a: 1, b: y}", "{a: 2, b: x}", "{a: 2, b: y}"]
    )
  }

  func testRow066_theEmptyDomain() throws {
    XCTAssertEqual(try texts(Domain()), [])
    XCTAssertEqual(Domain().count, 0)
    XCTAssertEqual(Domain() + a, a)
    XCTAssertEqual(a + Domain(), a)
    XCTAssertEqual(try texts(Domain() * a), [])
  }

  /// A domain is a value: assigning it copies it.
  func testRow067_aCopyIsIndependent() throws {
    let original = a + b
    var copy = original
    XCTAssertEqual(copy, original)
    copy = (2 * copy).replacing("a", with: [9]) * Domain("c" <- [0])
    XCTAssertEqual(original, a + b)
    XCTAssertEqual(original.weights, [nil, nil])
    XCTAssertEqual(try texts(original), ["{a: 1}", "{a: 2}", "{b: 3}", "{b: 4}"])
    XCTAssertEqual(Set(try texts(copy)), ["{a: 9, c: 0}", "{b: 3, c: 0}", "{b: 4, c: 0}"])
  }

  private enum Optimizer: String, CaseIterable, ValueConvertible { case sgd, adam }

  func testRow068_whatValuesMayBe() throws {
    let names = ["x", "y"]
    let domains: [(Domain, [String])] = [
      (Domain("v" <- names), ["{v: x}", "{v: y}"]),
      (Domain("v" <- [1, "z", 2.5, nil, true]), ["{v: 1}", "{v: z}", "{v: 2.5}"]),
      (Domain("v" <- 1...3), ["{v: 1}", "{v: 2}", "{v: 3}"]),
      (Domain("v" <- stride(from: 0.0, to: 1, by: 0.5)), ["{v: 0.0}", "{v: 0.5}"]),
      (Domain("v" <- [[10], [100, 10]]), ["{v: [10]}", "{v: [100, 10]}"]),
      (Domain("v" <- Optimizer.allCases), ["{v: sgd}", "{v: adam}"]),
      (Domain("v" <- .constant(7)), ["{v: 7}", "{v: 7}"]),
      (Domain("v" <- [Alias("one", 1)]), ["{v: one}"]),
    ]
    for (domain, expected) in domains {
      XCTAssertEqual(try texts(domain, limit: expected.count), expected)
    }
    XCTAssertEqual(try Domain("v" <- [["x": 1]])[0]["v/x", as: Int.self], 1)
  }

  /// What is no list of values does not compile, with a message that says what to write; a value of a type
  /// that a unit cannot take is found before anything runs, and named with its type.
  func testRow068_othersAreRejected() throws {
    let source = """
      import Fieldwork
      struct Model {}
      let size = Parameter<Int>("size")
      // expected-error@+1 {{a parameter takes a list of values: write [value]}}
      let scalar = Domain("a" <- 1)
      // expected-error@+1 {{a parameter takes a list of values: write [value]}}
      let text = Domain("a" <- "x")
      // expected-error@+1 {{give each value a name: write [Alias("name", value), …]}}
      let model = Domain("m" <- [Model()])
      // expected-error@+1 {{the values are of another type than the parameter}}
      let mixed = Domain(size <- [0.5])
      """
    XCTAssertEqual(try TypeCheck.check(source), "")
    let research = Research("types") {
      Domain("x" <- [1, 0.5])
      Unit("f", { (x: Int) in x }, EC("x"))
    }
    let errors = research.preflight().filter { $0.severity == .error }
    XCTAssertEqual(
      errors.map(\.message),
      ["unit 'f' wants the parameter 'x' as Int, but the double 1.0 is not one"]
    )
  }

  func testRow069_keysWithSlashesAreNested() throws {
    let domain = Domain("net/width" <- [8, 16], "net/depth" <- [2])
    let config = domain[1]
    XCTAssertEqual(try config["net/width", as: Int.self], 16)
    XCTAssertEqual(try config["net", as: [String: Int].self], ["width": 16, "depth": 2])
    struct Net: Decodable, Equatable { let width: Int, depth: Int }
    struct Whole: Decodable, Equatable { let net: Net }
    XCTAssertEqual(try config.decode(Whole.self), Whole(net: Net(width: 16, depth: 2)))
  }

  // MARK: Algebra

  func testRow070_aSumIsOneAfterTheOther() throws {
    let sum = a + Domain("b" <- [3])
    XCTAssertEqual(try texts(sum), ["{a: 1}", "{a: 2}", "{b: 3}"])
    XCTAssertEqual((a + b) + a, a + (b + a))
  }

  func testRow071_productVariesTheLastFastest() throws {
    XCTAssertEqual(
      try texts(a * b),
      ["{a: 1, b: 3}", "{a: 1, b: 4}", "{a: 2, b: 3}", "{a: 2, b: 4}"]
    )
    XCTAssertEqual(try texts(a * Domain("a" <- [3, 4])), ["{a: 3}", "{a: 4}", "{a: 3}", "{a: 4}"])
    XCTAssertEqual((2 * a * (3 * b)).weights, [6])
    XCTAssertEqual((2 * a * b).weights, [2])
  }

  func testRow072_aSamplerDrawsForEachCombination() throws {
    let domain = Domain("n" <- [1, 2, 3]) * Domain("s" <- .uniform(0...1))
    let configs = try domain.configs(seed: 5)
    XCTAssertEqual(try configs.map { try $0["n", as: Int.self] }, [1, 2, 3])
    let samples = try configs.map { try $0["s", as: Double.self] }
    XCTAssertEqual(Set(samples).count, 3)
    XCTAssertTrue(samples.allSatisfy { (0...1).contains($0) })
  }

  /// Python's `@` is `.*`.
  func testRow073_elementByElement() throws {
    XCTAssertEqual(try texts(a .* b), ["{a: 1, b: 3}", "{a: 2, b: 4}"])
    let pairs = (Domain("a" <- [1]) + Domain("b" <- [2])) .* Domain("c" <- [3, 4])
    XCTAssertEqual(try texts(pairs), ["{a: 1, c: 3}", "{b: 2, c: 4}"])
    let uneven = a .* Domain("b" <- [3, 4, 5])
    assertFails(.invalidDefinition, "2 configs meet 3", "make both sides equally long") {
      try uneven.configs()
    }
    let drawn = a .* Domain("s" <- .uniform(0...1))
    assertFails(.invalidDefinition, "has no fixed list of elements") { try drawn.configs() }
  }

  func testRow074_chainedOperators() throws {
    let (c, d) = (Domain("c" <- [5, 6]), Domain("d" <- [7, 8]))
    XCTAssertEqual(
      try texts((a .* b + c) * d),
      [
        "{a: 1, b: 3, d: 7}", "{a: 1, b: 3, d: 8}", "{a: 2, b: 4, d: 7}", "{a: 2, b: 4, d: 8}",
        "{c: 5, d: 7}", "{c: 5, d: 8}", "{c: 6, d: 7}", "{c: 6, d: 8}",
      ]
    )
  }

  func testRow075_aWeightLeavesItsOperandAsItIs() throws {
    let weighted = 0.5 * (3 * a)
    XCTAssertEqual(weighted.weights, [1.5])
    XCTAssertEqual(a.weights, [nil])
    XCTAssertEqual(a, Domain("a" <- [1, 2]))
    XCTAssertEqual(a * 3, 3 * a)
    assertFails(.invalidDefinition, "the weight -1.0 is not a finite number above 0") {
      try (-1 * a).configs()
    }
    assertFails(.invalidDefinition, "the weight 0.0") { try (0 * a).configs() }
  }

  func testRow076_frequenciesFollowWeights() throws {
    let domain =
      0.3 * Domain("term" <- .constant(1)) + 0.2 * Domain("term" <- .constant(2))
      + 0.5 * Domain("term" <- .constant(3))
    var counts = [0, 0, 0, 0]
    for config in try domain.configs(limit: 10_000, seed: 0) {
      counts[try config["term", as: Int.self]] += 1
    }
    for (term, expected) in [(1, 3_000.0), (2, 2_000.0), (3, 5_000.0)] {
      XCTAssertEqual(Double(counts[term]), expected, accuracy: 200)
    }
  }

  /// Terms 1 and 2 are one group, 4 and 5 another; 0 and 3 stand alone.
  func testRow077_groupsOfWeightedTermsKeepTheirOrder() throws {
    let terms = (0..<6).map { Domain("p" <- [$0]) }
    let domain =
      terms[0] + 1.2 * terms[1] + 2.3 * terms[2] + terms[3] + 1.7 * terms[4] + 3.4 * terms[5]
    var orders = Set<[Int]>()
    for seed in 0..<60 as Range<UInt64> {
      let order = try domain.configs(seed: seed).map { try $0["p", as: Int.self] }
      XCTAssertEqual(order[0], 0)
      XCTAssertEqual(Set(order[1...2]), [1, 2])
      XCTAssertEqual(order[3], 3)
      XCTAssertEqual(Set(order[4...5]), [4, 5])
      orders.insert(order)
    }
    XCTAssertEqual(orders.count, 4, "both orders of both groups")
  }

  func testRow078_whatFollowsASamplerIsNeverReached() throws {
    let domain = a + Domain("s" <- .uniform(0...1)) + b
    XCTAssertTrue(domain.isEndless)
    XCTAssertCount(domain, nil)
    let configs = try domain.configs(limit: 500)
    XCTAssertEqual(configs.prefix(2).map(\.description), ["{a: 1}", "{a: 2}"])
    XCTAssertTrue(configs.dropFirst(2).allSatisfy { $0.keys == ["s"] })
  }

  /// `<-` is what wraps keys and values: an option has the names that are read and shown.
  func testRow079_optionsWrapKeysAndValues() throws {
    let option = Alias("l", "layout") <- [Alias("full", "f"), "fa"]
    XCTAssertEqual(option.name.key, "layout")
    XCTAssertEqual(option.name.alias, "l")
    let entries = try option.items().flatMap(\.entries)
    XCTAssertEqual(entries.map(\.value.name), ["full", "fa"])
    XCTAssertEqual(entries.map(\.value.plain), ["f", "fa"])
  }

  // MARK: Options

  func testRow093_optionItems() throws {
    XCTAssertEqual(try ("a" <- [1, "x"]).items(), [["a": 1], ["a": "x"]])
    assertFails(.wrongType, "use sample(_:)") { try ("a" <- .uniform(0...1)).items() }
  }

  func testRow094_optionSample() throws {
    let option = "lr" <- .uniform(0...1)
    XCTAssertEqual(try option.sample().count, 1)
    let three = try option.sample(3, seed: 7)
    XCTAssertEqual(three.map(\.keys), [["lr"], ["lr"], ["lr"]])
    XCTAssertEqual(Set(three).count, 3)
    XCTAssertEqual(try option.sample(3, seed: 7), three)
    XCTAssertNotEqual(try option.sample(3, seed: 8), three)
    assertFails(.wrongType, "use items()") { try ("a" <- [1]).sample() }
    // Python's option_iterator: a domain of one option, gone through without end.
    XCTAssertEqual(Array(Domain(option).prefix(4)).count, 4)
  }

  func testRow095_aDomainOfOneOption() throws {
    XCTAssertEqual(try texts(Domain("a" <- [1, 2])), ["{a: 1}", "{a: 2}"])
    XCTAssertEqual(Domain(ParameterOption("a", [1, 2])), a)
    XCTAssertEqual(Domain("a" <- 1...2), a)
  }
}
