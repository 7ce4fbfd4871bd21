import FieldworkCore
import XCTest

private final class Model {}

final class PreflightTests: XCTestCase {
  /// Asserts the only problem of a research: what its message holds, and its line.
  private func assertProblem(
    _ research: Research,
    _ text: String,
    line: Int,
    severity: Problem.Severity = .error,
    at testLine: UInt = #line
  ) {
    let found = research.preflight()
    XCTAssertEqual(found.count, 1, "\(found)", line: testLine)
    guard let problem = found.first else { return }
    XCTAssertTrue(problem.message.contains(text), problem.message, line: testLine)
    XCTAssertEqual(problem.place?.line, line, "\(problem)", line: testLine)
    XCTAssertEqual(problem.severity, severity, line: testLine)
  }

  private func assertSound(_ research: Research, at testLine: UInt = #line) {
    XCTAssertEqual(research.preflight(), [], line: testLine)
  }

  private let a = Domain([ParameterOption("a", [1, 2])], file: "Play/Play.swift", line: 50)

  func testSound() {
    assertSound(research(a))
    assertSound(research(nil))
  }

  func testNames() {
    for name in ["", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a\0b"] {
      assertProblem(research(a, name: name), "is not a research name", line: 100)
    }
    for name in ["a", "a/b", "lab/ising 2", ".hidden", "ä"] { assertSound(research(a, name: name)) }
  }

  func testSettings() {
    assertProblem(research(a) { $0.configs = 0 }, "configs is 0", line: 100)
    assertProblem(research(a) { $0.repetitions = 0 }, "repetitions is 0", line: 100)
    assertProblem(research(a) { $0.repeatEach = -1 }, "repeatEach is -1", line: 100)
    assertProblem(research(a) { $0.idPrefix = 0 }, "idPrefix is 0", line: 100)
    assertProblem(research(a) { $0.workers = 0 }, "workers is 0", line: 100)
    XCTAssertTrue(
      research(a) { $0.iterations = 0 }.preflight().contains { $0.message == "iterations is 0" }
    )
    assertProblem(research(a, []), "no units", line: 100)
  }

  func testConfigsOfWorkersAndBranches() {
    assertSound(research(a) { $0.workers = [["w": 1], ["w": 2]] })
    // Its values win over the domain's.
    assertSound(research(a) { $0.branches = [["a": 3]] })
    for name in Research.reservedNames {
      let config = Config([.init(ParameterName(Alias(name, name)), AnyAlias(Value.int(1)))])
      assertProblem(
        research(a) { $0.workers = .configs([config]) },
        "gives the parameter '\(name)', which results use",
        line: 100
      )
    }
    assertProblem(
      research(a, [unit("u", saving: "w")]) { $0.branches = [["w": 1]] },
      "saves 'w', which is the name of a parameter",
      line: 1
    )
  }

  func testMemoryOfDevices() {
    func ruled(_ rule: DeviceMemoryRule) -> Research {
      research(a) { $0.deviceMemory = rule }
    }
    assertSound(ruled(DeviceMemoryRule(free: 1, attempts: 1, delay: 0)))
    for share in [0, -0.1, 1.1, .nan] {
      assertProblem(ruled(DeviceMemoryRule(free: share)), "free share", line: 100)
    }
    assertProblem(ruled(DeviceMemoryRule(free: 1, attempts: 0)), "0 times", line: 100)
    for delay in [-1, .infinity, .nan] {
      assertProblem(ruled(DeviceMemoryRule(free: 1, delay: delay)), "every", line: 100)
    }
  }

  func testAPlanWithoutWorkersOrBranchesIsRefused() {
    XCTAssertThrowsError(try ExperimentPlan(research(a) { $0.workers = .configs([]) }, seed: 1))
    XCTAssertThrowsError(try ExperimentPlan(research(a) { $0.branches = .configs([]) }, seed: 1))
  }

  func testObjectives() {
    let saving = [unit("u", saving: "loss")]
    assertSound(research(a, saving) { $0.objective = .minimize("loss") })
    assertProblem(
      research(a, saving) { $0.objective = .minimize("lost") },
      "the objective 'lost' is saved by no unit",
      line: 100,
      severity: .warning
    )
    let open = [unit("u", opensContext: true)]
    assertSound(research(a, open) { $0.objective = .minimize("loss") })
    let keys = [unit("u", saving: .keys, output: [String: Int].self)]
    assertSound(research(a, keys) { $0.objective = .maximize("loss") })
  }

  func testDomains() {
    assertProblem(research(a.weighted(0, file: "Play/Play.swift", line: 51)), "weight", line: 51)
    assertProblem(research(Domain()), "the domain is empty", line: 100)
    assertProblem(research(a.where { _ in false }), "the domain is empty", line: 100)
    let endless = drawn("s", .uniform(0...1))
    assertProblem(research(endless), "no end", line: 100)
    assertSound(research(endless) { $0.configs = 3 })
    let failing = a.where(file: "Play/Play.swift", line: 52) { try $0["z", as: Int.self] > 0 }
    assertProblem(research(failing), "no parameter 'z'", line: 52)
    let nothing = a.product(endless).where(file: "Play/Play.swift", line: 53) { _ in false }
    assertProblem(research(nothing), "none of 10000 draws", line: 53)
    let reserved = Domain([ParameterOption("iteration", [1])], file: "Play/Play.swift", line: 54)
    assertProblem(research(reserved), "a parameter is named 'iteration'", line: 54)
    let two = Research(
      name: "two",
      domains: [a, a],
      units: [unit("u")],
      settings: ResearchSettings(),
      problems: [],
      place: SourceLocation(file: "Play/Play.swift", line: 100)
    )
    assertProblem(two, "the research has 2 domains", line: 100)
  }

  func testUnitsThatNeverRun() {
    let units = [unit("u"), unit("v", when: .every(10), line: 7)]
    let found = research(a, units) { $0.iterations = 5 }.preflight()
    XCTAssertEqual(found.map(\.place?.line), [7])
    XCTAssertTrue(found[0].message.contains("unit 'v' never runs"), found[0].message)
    assertSound(research(a, units) { $0.iterations = 10 })
    let last = [unit("v", when: .every(10).union(.last))]
    assertSound(research(a, last) { $0.iterations = 5 })
  }

  func testSavedNames() {
    func one(_ saving: Saving, _ type: Any.Type = Int.self) -> Research {
      research(a, [unit("u", saving: saving, output: type, line: 8)])
    }
    assertSound(one("loss"))
    assertProblem(one("a"), "saves 'a', which is the name of a parameter", line: 8)
    assertProblem(one("repetition"), "a name that results use", line: 8)
    assertProblem(one(""), "a name that results use", line: 8)
    assertProblem(one("m", Model.self), "not a plain value", line: 8)
    assertProblem(one(["x", "y"]), "neither a tuple nor an array", line: 8)
    assertProblem(one(.keys), "not a dictionary", line: 8)
  }

  func testParameters() {
    func reading(_ key: String, _ type: Any.Type, _ domain: Domain? = nil) -> Research {
      let reads = [Dependency.parameter(key: key, type: type)]
      return research(domain ?? a, [unit("u", reads: reads, line: 9)])
    }
    for type in [Int.self, Double.self, Int8.self, Int?.self, Value.self] as [Any.Type] {
      assertSound(reading("a", type))
    }
    assertProblem(reading("b", Int.self), "the parameter 'b', which the domain does not", line: 9)
    assertProblem(reading("a", String.self), "as String, but the int 1 is not one", line: 9)
    assertProblem(reading("a", String?.self), "but the int 1 is not one", line: 9)
    let sum = a.concatenated(with: list("b", 1))
    assertProblem(reading("b", Int.self, sum), "which some configs lack", line: 9)
    let advice = reading("b", Int.self, sum).preflight().first?.remedy ?? ""
    XCTAssertTrue(advice.contains("the optional Int?"), advice)
    assertSound(reading("b", Int?.self, sum))
    assertSound(reading("repetition", Int.self))
    let sampled = a.product(drawn("s", .uniform(0...1)))
    assertSound(reading("s", Double.self, sampled))
    assertProblem(reading("s", Int.self, sampled), "a value of .uniform(0.0...1.0)", line: 9)
    let nested = list("net/width", 1)
    assertSound(reading("net/width", Int.self, nested))
    assertSound(reading("net", Value.self, nested))
    assertProblem(
      research(nil, [unit("u", reads: [.parameter(key: "a", type: Int.self)], line: 9)]),
      "the parameter 'a', which the domain does not have",
      line: 9
    )
  }

  func testOutputs() {
    func reading(
      _ type: Any.Type = Int.self,
      of source: UnitDescription,
      when: When = .every(1),
      first: Bool = false
    ) -> Research {
      let reader = unit("r", when: when, reads: [.output(unit: "s", type: type)], line: 11)
      return research(a, first ? [reader, source] : [source, reader]) { $0.iterations = 20 }
    }
    let source = unit("s")
    for type in [Int.self, Double.self, Int?.self, Any.self, Value.self] as [Any.Type] {
      assertSound(reading(type, of: source))
    }
    assertProblem(reading(String.self, of: source), "as String, but it is Int", line: 11)
    assertProblem(reading(of: unit("t")), "the unit 's', which the research does not", line: 11)
    assertProblem(reading(of: source, first: true), "runs later in the iteration", line: 11)
    assertSound(reading(Int?.self, of: source, first: true))
    let late = unit("s", when: .every(3))
    assertProblem(reading(of: late), "has not run by then", line: 11)
    assertSound(reading(of: late, when: .every(3)))
    assertSound(reading(of: late, when: .every(4), first: true))
    assertSound(reading(of: late, when: .last, first: true))
    assertProblem(reading(of: unit("s", when: .last)), "has not run by then", line: 11)
  }

  func testUnitsAndInstances() {
    func reading(_ dependency: Dependency, _ other: UnitDescription...) -> Research {
      research(a, other + [unit("r", reads: [dependency], line: 12)])
    }
    let model = unit("m", .instance, when: .at(0), output: Model.self)
    assertSound(reading(.unit(name: "s"), unit("s")))
    assertSound(reading(.unit(name: "r")))
    assertProblem(reading(.unit(name: "s")), "the unit 's', which the research does not", line: 12)
    assertSound(reading(.instance(name: "m"), model))
    assertProblem(reading(.instance(name: "m")), "which is not part of the research", line: 12)
    let early = research(a, [unit("r", reads: [.instance(name: "m")], line: 13), model])
    assertProblem(early, "which is built later", line: 13)
    let again = unit("m", .instance, when: .at(0), output: Model.self, line: 14)
    assertProblem(research(a, [model, again]), "two instances are named 'm'", line: 14)
    assertSound(reading(.directory))
  }

  func testAllProblemsAtOnce() {
    let bad = unit("u", saving: "a", reads: [.parameter(key: "z", type: Int.self)], line: 15)
    let found = research(a, [bad], name: "..") { $0.workers = 0 }.preflight()
    XCTAssertEqual(found.count, 4, "\(found)")
  }

  func testUnitsOfOneName() {
    func names(_ names: String...) -> [String] {
      research(a, names.map { unit($0) }).units.map(\.name)
    }
    XCTAssertEqual(names("f", "f", "f"), ["f", "f_1", "f_2"])
    XCTAssertEqual(names("f", "f_1", "f"), ["f", "f_1", "f_2"])
    XCTAssertEqual(names("f", "f", "f_1"), ["f", "f_2", "f_1"])
    XCTAssertEqual(names("f_1", "f", "f", "f_1"), ["f_1", "f", "f_2", "f_1_1"])
  }
}
