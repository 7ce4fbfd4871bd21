import Fieldwork
import FieldworkTesting
import XCTest

/// What the lines of a research block come to.
final class ResearchBuilderTests: XCTestCase {
  private func names(_ research: Research) -> [String] { research.units.map(\.name) }

  private func step(_ name: String) -> ExecutableUnit { Unit(name) { _ in 1 } }

  private struct Pair: ResearchElement {
    let name: String

    var parts: [ResearchPart] {
      Unit("\(name) first") { _ in 1 }.parts + Unit("\(name) second") { _ in 2 }.parts
    }
  }

  private struct Nothing: ResearchElement {
    var parts: [ResearchPart] { [] }
  }

  private enum Choice { case one, two, three }

  func testElementsKeepTheirOrder() {
    let research = Research("all") {
      Unit("a") { _ in 1 }
      Domain("x" <- [1, 2])
      Generator("b") { _ in [1, 2] }
      Instance("c") { _ in [1] }
      Save("y", O<Int>("a"))
      Dump("y")
      Dump()
    }
    XCTAssertEqual(names(research), ["a", "b", "c", "save y", "dump y", "dump"])
    XCTAssertEqual(
      research.units.map(\.kind),
      [.function, .generator, .instance, .save, .dump, .dump]
    )
    XCTAssertEqual(research.domain, Domain("x" <- [1, 2]))
    XCTAssertEqual(research.name, "all")
  }

  func testIf() {
    for isLong in [false, true] {
      let research = Research("if") {
        step("a")
        if isLong {
          step("b")
          step("c")
        }
        step("d")
      }
      XCTAssertEqual(names(research), isLong ? ["a", "b", "c", "d"] : ["a", "d"])
    }
  }

  func testIfElseAndSwitch() {
    for choice in [Choice.one, .two, .three] {
      let branched = Research("else") {
        if choice == .one {
          step("one")
        } else if choice == .two {
          step("two")
        } else {
          step("three")
        }
      }
      let switched = Research("switch") {
        switch choice {
        case .one: step("one")
        case .two: step("two")
        case .three: step("three")
        }
      }
      XCTAssertEqual(names(branched), ["\(choice)"])
      XCTAssertEqual(names(switched), ["\(choice)"])
    }
  }

  func testIfLet() {
    for name in [nil, "named"] {
      let research = Research("if-let") {
        step("a")
        if let name { step(name) }
      }
      XCTAssertEqual(names(research), name == nil ? ["a"] : ["a", "named"])
    }
  }

  func testFor() {
    let research = Research("for") {
      for number in 0..<3 {
        step("unit \(number)")
        if number == 1 { step("odd") }
      }
      for _ in 0..<0 { step("never") }
    }
    XCTAssertEqual(names(research), ["unit 0", "unit 1", "odd", "unit 2"])
  }

  func testADomainMayBeChosen() {
    for isSmall in [false, true] {
      let research = Research("chosen") {
        if isSmall { Domain("x" <- [1]) } else { Domain("x" <- [1, 2, 3]) }
        step("a")
      }
      XCTAssertEqual(research.domain?.count, isSmall ? 1 : 3)
      XCTAssertSound(research)
    }
  }

  func testLetAndFunctionsAndArrays() {
    let mixed: [any ResearchElement] = [step("f"), Domain("x" <- [1])]
    let research = Research("let") {
      let model = Instance("model") { _ in [1, 2] }
      let name = "own"
      model
      step(name)
      [step("b"), step("c")]
      ["d", "e"].map { step($0) }
      mixed
      [ExecutableUnit]()
    }
    XCTAssertEqual(names(research), ["model", "own", "b", "c", "d", "e", "f"])
    XCTAssertEqual(research.domain?.count, 1)
  }

  func testOnesOwnElements() {
    let research = Research("own") {
      Pair(name: "x")
      Nothing()
      [Pair(name: "y"), Pair(name: "z")]
    }
    XCTAssertEqual(
      names(research),
      ["x first", "x second", "y first", "y second", "z first", "z second"]
    )
  }

  func testNothingBesideADomainIsAProblem() {
    let research = Research("unitless") { Domain("x" <- [1]) }
    XCTAssertEqual(research.preflight().map(\.message), ["the research has no units"])
  }

  func testEqualNamesGetAPostfix() {
    let research = Research("names") {
      step("f")
      step("f")
      step("f_1")
      step("f")
      Generator("f") { _ in [1] }
    }
    XCTAssertEqual(names(research), ["f", "f_2", "f_1", "f_3", "f_4"])
  }

  func testSeveralDomainsAreAProblemAtTheResearch() throws {
    let line = #line + 1
    let research = Research("domains") {
      Domain("a" <- [1])
      Domain("b" <- [1])
      step("f")
    }
    let problem = try XCTUnwrap(research.preflight().first)
    XCTAssertEqual(problem.message, "the research has 2 domains")
    XCTAssertEqual(problem.remedy, "join them in one expression with + or *")
    XCTAssertEqual(problem.place?.line, line)
    XCTAssertEqual(problem.severity, .error)
  }

  func testProblemsNameTheLineOfTheirUnit() throws {
    let research = Research("places") {
      step("a")
      Unit("b", saving: "y", { $0 * 2 }, O<Int>("missing"))
    }
    let problem = try XCTUnwrap(research.preflight().first)
    XCTAssertEqual(problem.place, SourceLocation(file: #fileID, line: #line - 3))
    XCTAssertTrue(problem.message.contains("'missing'"), problem.message)
  }

  func testSettings() {
    let research = Research(
      "settings",
      configs: 2,
      repetitions: 3,
      repeatEach: 4,
      iterations: 5,
      seed: 6,
      finalize: false,
      idPrefix: 7,
      objective: .maximize("y"),
      workers: 8,
      parallel: .serial
    ) { step("a") }
    var expected = ResearchSettings()
    expected.configs = 2
    expected.repetitions = 3
    expected.repeatEach = 4
    expected.iterations = 5
    expected.seed = 6
    expected.finalize = false
    expected.idPrefix = 7
    expected.objective = .maximize("y")
    expected.workers = 8
    expected.parallelism = .serial
    XCTAssertEqual(research.settings, expected)
    XCTAssertEqual(Research("plain") { step("a") }.settings, ResearchSettings())
  }
}
