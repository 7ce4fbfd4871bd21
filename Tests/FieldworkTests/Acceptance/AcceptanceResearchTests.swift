import Fieldwork
import XCTest

/// Rows 1 to 10, 17 and 18: what a research consists of, and what is recorded of a run.
final class AcceptanceResearchTests: AcceptanceRunCase {
  @Sendable private static func double(_ x: Int) -> Int { 2 * x }

  /// A research that saves x of each experiment as y.
  private func research(
    _ name: String = "plan",
    configs: Int? = nil,
    repetitions: Int = 1,
    repeatEach: Int? = nil,
    values: ClosedRange<Int> = 1...2
  ) -> Research {
    Research(
      name,
      configs: configs,
      repetitions: repetitions,
      repeatEach: repeatEach,
      seed: 1
    ) {
      Domain("x" <- values)
      Unit("f", saving: "y") { run in try run["x", as: Int.self] }
    }
  }

  /// The value of x and the repetition of each experiment: `1/0 2/0`.
  private func order(_ research: Research) async throws -> String {
    try await research.run().experiments.map { experiment in
      "\(try experiment.config["x", as: Int.self])/\(experiment.repetition)"
    }.joined(separator: " ")
  }

  func testRow001_theNameIsARelativePath() async throws {
    try await runInFolder(research("lab/ising"))
    XCTAssertTrue(exists(directory.path + "/lab/ising/research.sqlite"), "the folder lab was made")
    XCTAssertEqual(try Research.load(directory.path + "/lab/ising").name, "lab/ising")
    for name in ["/ising", "../ising", ""] {
      XCTAssertEqual(
        research(name).preflight().map(\.message),
        ["'\(name)' is not a research name"]
      )
    }
  }

  func testRow002_aDomainOrNone() async throws {
    let before = Domain("a" <- [1, 2], "b" <- ["x"])
    let given = try await Research("given", seed: 1) {
      before
      Unit("f", saving: "config") { run in run.config.description }
    }.run()
    XCTAssertEqual(try column("config", given), ["{a: 1, b: x}", "{a: 2, b: x}"])
    let none = try await Research("none", repetitions: 2, seed: 1) {
      Unit("f", saving: "config") { run in run.fullConfig.description }
    }.run()
    XCTAssertEqual(
      try column("config", none),
      ["{repetition: 0, updates: 0}", "{repetition: 1, updates: 0}"],
      "one empty config, and what a run adds"
    )
  }

  func testRow003_anExperimentThatWasMadeBefore() async throws {
    let experiment: [any ResearchElement] = [
      Unit("f", saving: "f", Self.double, EC("x")), Save("g", O<Int>("f") + 1),
    ]
    let prepared = Research("same", seed: 1) {
      Domain("x" <- [1, 2])
      experiment
    }
    let written = Research("same", seed: 1) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "f", Self.double, EC("x"))
      Save("g", O<Int>("f") + 1)
    }
    XCTAssertEqual(prepared.description, written.description)
    let (first, second) = (try await prepared.run(), try await written.run())
    XCTAssertEqual(try column("g", first), [3, 5])
    XCTAssertEqual(everything(first), everything(second))
  }

  func testRow004_theNumberOfConfigs() async throws {
    let fewer = try await order(research(configs: 3, values: 1...5))
    XCTAssertEqual(fewer, "1/0 2/0 3/0")
    let more = try await order(research(configs: 7, values: 1...3))
    XCTAssertEqual(more, "1/0 2/0 3/0 1/0 2/0 3/0 1/0", "from the beginning again")
  }

  func testRow005_repetitions() async throws {
    let order = try await order(research(repetitions: 3, values: 1...2))
    XCTAssertEqual(order, "1/0 2/0 1/1 2/1 1/2 2/2")
  }

  func testRow006_repeatedBlocks() async throws {
    let order = try await order(research(configs: 5, repetitions: 2, repeatEach: 2, values: 1...9))
    XCTAssertEqual(order, "1/0 2/0 1/1 2/1 3/0 4/0 3/1 4/1 5/0 5/1", "5 × 2 and no more")
  }

  /// Lines of a block take the place of chained calls. A research is a value: a changed copy leaves it as
  /// it is.
  func testRow007_aResearchIsBuiltOfLines() {
    func tail() -> [any ResearchElement] { [Save("g", O<Int>("f"))] }
    func make(_ isLarge: Bool) -> Research {
      Research("lines") {
        Domain("x" <- [1])
        Unit("f", Self.double, EC("x"))
        if isLarge { Unit("large") { _ in 1 } } else { Unit("small") { _ in 0 } }
        for name in ["a", "b"] { Unit(name) { _ in name } }
        tail()
      }
    }
    XCTAssertEqual(make(true).units.map(\.name), ["f", "large", "a", "b", "save g"])
    XCTAssertEqual(make(false).units.map(\.name), ["f", "small", "a", "b", "save g"])
    let first = make(true)
    var second = first
    second.name = "other"
    second.settings.repetitions = 3
    XCTAssertEqual([first.name, second.name], ["lines", "other"])
    XCTAssertEqual([first.settings.repetitions, second.settings.repetitions], [1, 3])
  }

  // MARK: Provenance

  /// Runs one experiment and gives what is recorded as its provenance, by topic and item.
  private func recordedProvenance(_ sources: [ProvenanceSource]) async throws -> [String: [String:
    String]]
  {
    let store = try DatabaseStore.inMemory()
    let results = try await Research("provenance", seed: 1, provenance: sources) {
      Unit("f", saving: "y") { _ in 1 }
    }.run(store: store)
    XCTAssertEqual(results.experiments.map(\.state), [.done], "nothing absent is fatal")
    return Dictionary(grouping: try store.provenance(), by: \.topic).mapValues { items in
      Dictionary(uniqueKeysWithValues: items.map { ($0.item, $0.text) })
    }
  }

  func testRow008_theEnvironmentIsRecorded() async throws {
    let items = try await recordedProvenance([
      .environment, .packages, .command("pip", ["fieldwork-no-such-program", "list"]),
      .command("greeting", ["echo", "hello"]),
    ])
    XCTAssertEqual(Set(items.keys), ["environment", "variables", "packages", "command"])
    XCTAssertEqual(items["command"]?["greeting"], "hello")
    XCTAssertEqual(items["command"]?["pip"], "(no program 'fieldwork-no-such-program')")
    let environment = try XCTUnwrap(items["environment"])
    for item in ["host", "system", "processor", "swift", "command line", "time"] {
      XCTAssertNotNil(environment[item], item)
    }
    XCTAssertEqual(environment["process"], "\(ProcessInfo.processInfo.processIdentifier)")
  }

  func testRow009_gitIsRecordedByFolder() async throws {
    let repository = try GitRepository(directory.appendingPathComponent("code"))
    let other = directory.appendingPathComponent("other")
    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
    try repository.write("one\ntwo\n", "file.txt")
    let items = try await recordedProvenance([.git(repository.path), .git(other.path)])
    XCTAssertEqual(Set(items.keys), ["git code", "git other"])
    let git = try XCTUnwrap(items["git code"])
    XCTAssertEqual(git["commit"], try repository.git("rev-parse", "HEAD"))
    XCTAssertEqual(git["subject"], "Begin")
    XCTAssertEqual(git["status"], " M file.txt")
    XCTAssertTrue(git["diff"]?.contains("\n+two") ?? false, "\(git)")
    XCTAssertEqual(items["git other"], ["commit": "(not a git repository)"])
  }

  func testRow010_imagesAreTakenOutOfDiffs() async throws {
    let repository = try GitRepository(directory.appendingPathComponent("code"))
    let image = String(repeating: "iVBORw0KGgo/", count: 30)
    try repository.write("\"image/png\": \"\(image)\"\nplain\n", "file.txt")
    let items = try await recordedProvenance([.git(repository.path)])
    let diff = try XCTUnwrap(items["git code"]?["diff"])
    XCTAssertTrue(diff.contains("+\"image/png\": \"...\"\n+plain"), diff)
    XCTAssertFalse(diff.contains("iVBOR"), diff)
  }

  // MARK: What a run gives

  /// The results come back, and a runner gives the numbers of a run.
  func testRow017_aRunGivesItsResults() async throws {
    let last = try await research(values: 1...3).run().lastValues(of: "y")
    XCTAssertEqual(last, [1, 2, 3])
    let store = try DatabaseStore.inMemory()
    let summary = try await ResearchRunner(research(values: 1...3), store: store).run()
    XCTAssertEqual([summary.done, summary.failed, summary.skipped], [3, 0, 0])
    XCTAssertEqual(summary.seed, 1)
  }

  func testRow018_anotherName() async throws {
    var renamed = research("first")
    renamed.name = "second"
    try await runInFolder(renamed)
    XCTAssertTrue(exists(folder("second").databasePath))
    XCTAssertFalse(exists(folder("first").path))
    let summary = try runPlaybook("--name", "lab/third", "--json")
    XCTAssertEqual(summary.status, 0)
    XCTAssertTrue(summary.output.contains("\"name\":\"lab/third\""), summary.output)
    XCTAssertTrue(exists(folder("lab/third").databasePath))
  }
}
