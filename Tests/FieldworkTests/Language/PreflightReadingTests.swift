import Fieldwork
import XCTest

/// Parameters that nothing reads, and objectives that nothing saves: told where it is certain, and nowhere
/// else.
final class PreflightReadingTests: XCTestCase {
  private struct OneOfOwn: NamedExpression {
    func evaluate(in run: RunContext) throws -> Int { try run["b"] }
  }

  private struct Parts: ResearchElement {
    let parts: [ResearchPart]
  }

  private struct Narrow: NamedExpression {
    var dependencies: [Dependency] { [.parameter(key: "a", type: Int.self)] }
    func evaluate(in run: RunContext) throws -> Int { try run["a"] }
  }

  private struct Patient: BranchExecutor {
    func execute(_ task: any BranchTask) async throws { await task.runIteration() }
  }

  private static let both = Domain("a" <- [1, 2]) * Domain("b" <- [3, 4])

  /// The parameters of which it is said that nothing reads them.
  private func unread(
    _ domain: Domain = both,
    file: StaticString = #filePath,
    line: UInt = #line,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) -> [String] {
    unread(
      Research("test") {
        domain; Parts(parts: content())
      },
      file: file,
      line: line
    )
  }

  private func unread(
    _ research: Research,
    file: StaticString = #filePath,
    line: UInt = #line
  ) -> [String] {
    research.preflight().compactMap { problem in
      XCTAssertEqual(problem.severity, .warning, "\(problem)", file: file, line: line)
      let parts = problem.message.split(separator: "'")
      guard problem.message.hasPrefix("nothing reads the parameter") else {
        XCTFail("\(problem)", file: file, line: line)
        return nil
      }
      return String(parts[1])
    }
  }

  private static func one(_ x: Int) -> Int { x }
  private static func two(_ x: Int, _ y: Int) -> Int { x + y }

  func testWhatIsReadIsKnown() {
    XCTAssertEqual(unread { Unit("u", Self.one, EC("a")) }, ["b"])
    XCTAssertEqual(unread { Unit("u", Self.two, EC("a"), EC("b")) }, [])
    XCTAssertEqual(
      unread {
        Unit("u", Self.one, EC("a"))
        Unit("v", Self.two, O("u"), E().iteration)
      },
      ["b"]
    )
    XCTAssertEqual(unread { Unit("u", Self.one, Constant(1)) }, ["a", "b"])
    XCTAssertEqual(unread { Unit("u", Self.one, Narrow()) }, ["b"])
    XCTAssertEqual(unread { Unit("u", Self.one, EC("a").map { $0 + 1 }) }, ["b"])
    XCTAssertEqual(unread { Unit("u", Self.two, EC("a") + EC("b"), Constant(1)) }, [])
    XCTAssertEqual(
      unread {
        Save("x", EC<Int>("b")); Dump()
      },
      ["a"]
    )
    let model = Instance("model", Self.one, EC("b"))
    XCTAssertEqual(
      unread {
        model; Unit("u", Self.two, model, EC("a"))
      },
      []
    )
    XCTAssertEqual(
      unread {
        model; Unit("u", Self.one, model)
      },
      ["a"]
    )
  }

  /// Members of the run that tell nothing of the config.
  func testMembersOfTheRun() {
    func reading(_ expression: some NamedExpression) -> [String] {
      unread { Save("x", expression.map { _ in 1 }) }
    }
    XCTAssertEqual(reading(E().iteration), ["a", "b"])
    XCTAssertEqual(reading(E().id), ["a", "b"])
    XCTAssertEqual(reading(E().name), ["a", "b"])
    XCTAssertEqual(reading(E().branch), ["a", "b"])
    XCTAssertEqual(reading(E().isLast), ["a", "b"])
    XCTAssertEqual(reading(E().repetition), ["a", "b"])
    XCTAssertEqual(reading(E().random), ["a", "b"])
    XCTAssertEqual(reading(EP()), ["a", "b"])
    XCTAssertEqual(reading(E().config), [])
    XCTAssertEqual(reading(E().config.keys), [])
  }

  /// Whoever may read anything silences the warning.
  func testWhatIsReadIsUnknown() {
    XCTAssertEqual(unread { Unit("u") { _ in 1 } }, [])
    XCTAssertEqual(unread { Generator("u") { _ in [1, 2] } }, [])
    XCTAssertEqual(
      unread {
        Instance("i") { _ in 1 }; Unit("u", Self.one, EC("a"))
      },
      []
    )
    XCTAssertEqual(unread { Unit("u", { (config: Config) in config.count }, EC()) }, [])
    XCTAssertEqual(unread { Unit("u", { (run: RunContext) in run.iteration }, E()) }, [])
    XCTAssertEqual(unread { Unit("u", Self.one, OneOfOwn()) }, [])
    XCTAssertEqual(unread { Unit("u", Self.one, OneOfOwn().map { $0 }) }, [])
    XCTAssertEqual(unread { Unit("u", Self.one, DerivedExpression { try $0["b"] }) }, [])
    XCTAssertEqual(unread { Unit("u", { (results: ResearchResults) in 1 }, R()) }, [])
    XCTAssertEqual(unread { Unit("u", running: Pipeline { _ in [1, 2] }) }, [])
    XCTAssertEqual(
      unread {
        Unit("u", Self.one, EC("a"))
        UpdateDomain(when: .last) { _ in nil }
      },
      []
    )
    XCTAssertEqual(
      unread(
        Research("test", executor: Patient()) {
          Self.both; Unit("u", Self.one, EC("a"))
        }
      ),
      []
    )
  }

  func testPipelines() {
    XCTAssertEqual(unread { Unit("u", running: Pipeline(over: [1, 2])) }, ["a", "b"])
    XCTAssertEqual(
      unread {
        Unit("u", running: Pipeline(over: [1, 2]).map(EC<Int>("b")) { $0 * $1 })
      },
      ["a"]
    )
  }

  /// A parameter that other parameters depend on is read.
  func testConditionsOfTheDomain() {
    let given = Domain("a" <- [1, 2]).given("a", 1, Domain("b" <- [3, 4]))
    XCTAssertEqual(unread(given) { Unit("u", { (b: Int?) in b }, EC("b")) }, [])
    XCTAssertEqual(unread(given) { Unit("u", Self.one, Constant(1)) }, ["b"])
    let filtered = Self.both.where { try $0["a", as: Int.self] == 1 }
    XCTAssertEqual(unread(filtered) { Unit("u", Self.one, EC("b")) }, [])
  }

  func testGroupsAndDictionaries() {
    let group = Domain("net/width" <- [1], "net/depth" <- [2], "other" <- [3])
    XCTAssertEqual(unread(group) { Unit("u", Self.one, EC("net/width")) }, ["net/depth", "other"])
    XCTAssertEqual(unread(group) { Unit("u", { (net: Value) in net }, EC("net")) }, ["other"])
    let whole = Domain("net" <- [["width": 1]])
    XCTAssertEqual(unread(whole) { Unit("u", Self.one, EC("net/width")) }, [])
    XCTAssertEqual(
      unread(whole) {
        Unit("u", Self.one, EC("net/width")); Save("x", EC<Value>("net"))
      },
      []
    )
  }

  func testConfigsOfWorkersAndBranches() {
    func listed(@ResearchBuilder _ content: () -> [ResearchPart]) -> [String] {
      unread(
        Research("test", workers: [["w": 1]], branches: [["a": 5], ["a": 6]]) {
          Self.both
          Parts(parts: content())
        }
      )
    }
    XCTAssertEqual(listed { Unit("u", Self.two, EC("a"), EC("b")) }, ["w"])
    XCTAssertEqual(listed { Unit("u", Self.two, EC("b"), EC("w")) }, ["a"])
  }

  func testPlaceAndRemedy() throws {
    let line = #line + 2
    let research = Research("test") {
      Domain("a" <- [1, 2]) * Domain("b" <- [3])
      Unit("u", Self.one, EC("a"))
    }
    let problem = try XCTUnwrap(research.preflight().first)
    XCTAssertEqual(problem.place?.line, line)
    XCTAssertEqual(
      problem.description.split(separator: " ", maxSplits: 1).last,
      "warning: nothing reads the parameter 'b'; give a unit EC(\"b\") as an argument, or leave it out"
    )
  }

  // MARK: Objectives

  private func objective(
    iterations: Int = 10,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) -> [String] {
    Research("test", iterations: iterations, objective: .minimize("loss"), content).preflight()
      .filter { !$0.message.hasSuffix("never runs: .at(50) in 10 iterations") }.map(\.description)
      .map { String($0.drop { $0 != " " }.dropFirst()) }
  }

  func testObjectives() {
    XCTAssertEqual(objective { Unit("u", saving: "loss", Self.one, Constant(1)) }, [])
    XCTAssertEqual(
      objective {
        Unit("u", saving: "lost", Self.one, Constant(1)); Save("x", Constant(2))
      },
      ["warning: the objective 'loss' is saved by no unit; name a saved value: lost, x"]
    )
    XCTAssertEqual(
      objective { Unit("u", Self.one, Constant(1)) },
      ["warning: the objective 'loss' is saved by no unit; save it, or leave out objective:"]
    )
    XCTAssertEqual(
      objective {
        Unit("u", when: .at(50), saving: "loss", Self.one, Constant(1))
        Unit("v", saving: "other", Self.one, Constant(1))
      },
      [
        "warning: the objective 'loss' is saved by 'u' alone, which never runs; change its when:, or give more iterations"
      ]
    )
    // These may save it.
    XCTAssertEqual(objective { Unit("u") { $0.save("loss", 1) } }, [])
    XCTAssertEqual(
      objective { Unit("u", { (storage: ExperimentStorage) in storage.save("loss", 1) }, S()) },
      []
    )
    XCTAssertEqual(objective { Unit("u", { (run: RunContext) in run.save("loss", 1) }, E()) }, [])
    XCTAssertEqual(objective { Unit("u", Self.one, OneOfOwn()) }, [])
    XCTAssertEqual(
      objective { Unit("u", saving: .keys, { (x: Int) in ["loss": x] }, Constant(1)) },
      []
    )
  }
}
