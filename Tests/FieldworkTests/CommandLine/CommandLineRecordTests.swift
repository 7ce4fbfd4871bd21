import Fieldwork
import Foundation
import XCTest

/// What is kept of a run besides its results: output, logs, profile, provenance; and no progress.
final class CommandLineRecordTests: CommandLineTestCase {
  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(directory.path)/\(path)", encoding: .utf8)
  }

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(directory.path)/\(path)")
  }

  // MARK: Output

  func testOutputGoesToAFileByDefaultAndTheSummaryNamesIt() throws {
    let run = try runPlaybook("--workers", "1", "--stderr", "common", research: "printing")
    XCTAssertEqual(run.status, 0)
    for stream in ["stdout", "stderr"] {
      XCTAssertEqual(
        try text("printing/\(stream).txt"),
        "\(stream) of 1\n  no newline at the end|\(stream) of 2\n  no newline at the end|"
      )
      XCTAssertFalse((run.output + run.error).contains("\(stream) of"), "not on the terminal")
    }
    let folder = directory.path + "/printing"
    XCTAssertTrue(
      run.output.contains("\nWhat units printed: \(folder)/stdout.txt, \(folder)/stderr.txt\n"),
      run.output
    )
  }

  func testWithoutOutputThereIsNoFile() throws {
    let run = try runPlaybook()
    XCTAssertFalse(run.output.contains("What units printed"), run.output)
    XCTAssertFalse(exists("small/stdout.txt"))
    XCTAssertFalse(exists("small/stderr.txt"))
  }

  func testDebugPrintsToTheTerminal() throws {
    let run = try runPlaybook("--debug", research: "printing")
    XCTAssertTrue(
      run.output.hasPrefix(
        "stdout of 1\n  no newline at the end|stdout of 2\n  no newline at the end|printing: 2"
      ),
      "in order, before the summary: \(run.output)"
    )
    XCTAssertTrue(run.error.contains("stderr of 1\n  no newline at the end|"), run.error)
    XCTAssertFalse(exists("printing/stdout.txt"))
  }

  func testFilesOfExperimentsNeedThatOneRunsAtATime() throws {
    for mode in ["experiment", "both", "2", "3"] {
      for stream in ["--stdout", "--stderr"] {
        let run = try runPlaybook(
          stream,
          mode,
          "--workers",
          "2",
          "--parallel",
          "threads",
          research: "printing"
        )
        XCTAssertEqual(run.status, 2)
        XCTAssertEqual(run.output, "")
        XCTAssertTrue(
          run.error.contains(
            "what each experiment prints cannot be told apart while several run in one process; "
              + "run with --parallel processes or serial and branches one after another, "
              + "or choose the output 'common' or 'terminal'"
          ),
          run.error
        )
      }
    }
    XCTAssertFalse(exists("printing/experiments"))
    XCTAssertEqual(
      try runPlaybook("--stdout", "both", "--workers", "2", research: "printing").status,
      0
    )
  }

  func testUnknownModes() throws {
    for option in ["--stdout", "--stderr"] {
      for mode in ["bogus", "4", "-1"] {
        let result = try runPlaybook("\(option)=\(mode)")
        XCTAssertEqual(result.status, 2)
        XCTAssertTrue(
          result.error.hasPrefix(
            "error: The value '\(mode)' is invalid for '\(option) <mode>': "
              + "'\(mode)' is none of terminal|common|experiment|both, 0 to 3"
          ),
          result.error
        )
      }
    }
  }

  // MARK: Logs

  func testLogLevels() throws {
    func levels(_ name: String, _ options: String...) throws -> Set<String> {
      let run = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["--name", name] + options),
        environment: ["TEST_PLAYBOOK": "branched"]
      )
      XCTAssertEqual(run.status, 0)
      return Set(
        try text("\(name)/research.log").split(separator: "\n")
          .map { String($0.split(separator: " ")[2]) }
      )
    }
    XCTAssertEqual(try levels("usual"), ["NOTICE"])
    XCTAssertFalse(exists("usual/experiments"), "an experiment that goes well has no file")
    XCTAssertEqual(try levels("info", "--log-level", "info"), ["NOTICE", "INFO"])
    XCTAssertEqual(try levels("debug", "--log-level", "DEBUG"), ["NOTICE", "INFO", "DEBUG"])
    XCTAssertTrue(try text("debug/research.log").contains(" of branch 0\n"), "a line of a unit")
    XCTAssertTrue(try text("debug/research.log").contains("unit 'branch' runs iteration=0\n"))
    try assertRefused(
      "--log-level",
      "bogus",
      saying: "error: The value 'bogus' is invalid for '--log-level "
        + "<trace|debug|info|notice|warning|error|critical>': "
        + "'bogus' is none of trace, debug, info, notice, warning, error, critical"
    )
  }

  // MARK: Profile

  func testProfiles() throws {
    func timings(_ options: String...) throws -> [UnitTiming] {
      let name = (["profile"] + options).joined()
      let run = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["--name", name] + options)
      )
      XCTAssertEqual(run.status, 0)
      let folder = ResearchFolder(path: directory.path + "/" + name)
      return try DatabaseStore.openForReading(folder).profile().map(\.timing)
    }
    XCTAssertEqual(try timings(), [])
    XCTAssertEqual(try timings("--profile", "off"), [])
    let simple = try timings("--profile", "simple")
    XCTAssertEqual(simple.map(\.iteration), [0, 1, 0, 1, 0, 1, 0, 1])
    XCTAssertTrue(simple.allSatisfy { $0.unit == "train" && $0.evaluation == nil })
    let detailed = try timings("--profile", "detailed")
    XCTAssertEqual(detailed.count, 8)
    XCTAssertTrue(detailed.allSatisfy { $0.evaluation != nil })
    try assertRefused(
      "--profile",
      "bogus",
      saying: "error: The value 'bogus' is invalid for '--profile <off|simple|detailed>': "
        + "'bogus' is none of off, simple, detailed"
    )
  }

  // MARK: Provenance

  private func shownMeta(_ options: String...) throws -> String {
    let run = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["results", "--provenance"] + options)
    )
    XCTAssertEqual(run.status, 0, run.error)
    return run.output
  }

  func testTheEnvironmentWithoutItsSecrets() throws {
    let secret = "correct-horse-battery-staple"
    let run = try runPlaybook(
      "--provenance",
      "environment",
      environment: ["FIELDWORK_API_TOKEN": secret, "FIELDWORK_SITE": "lab 3"]
    )
    XCTAssertEqual(run.status, 0)
    let shown = try shownMeta()
    XCTAssertTrue(shown.hasPrefix("run 1\n\nenvironment\n"), shown)
    XCTAssertNotNil(
      shown.range(of: #"\n  FIELDWORK_SITE +lab 3\n"#, options: .regularExpression),
      shown
    )
    XCTAssertNotNil(
      shown.range(of: #"\n  FIELDWORK_API_TOKEN +\*\*\*\n"#, options: .regularExpression),
      shown
    )
    XCTAssertFalse(shown.contains(secret))
    let store = try Data(contentsOf: directory.appendingPathComponent("small/research.sqlite"))
    XCTAssertNil(store.range(of: Data(secret.utf8)), "nor does the store have it")
  }

  func testGitByItsFolder() throws {
    let secret = "correct-horse-battery-staple"
    let repository = try GitRepository(directory.appendingPathComponent("code"))
    try repository.write("one\npassword is \(secret)\n", "file.txt")
    let run = try runPlaybook(
      "--provenance",
      "git:\(repository.path)",
      "--provenance",
      "packages",
      environment: ["DB_PASSWORD": secret]
    )
    XCTAssertEqual(run.status, 0)
    let items = try Research.load(directory.path + "/small").provenance()
    XCTAssertEqual(Set(items.map(\.topic)), ["git code", "packages"])
    let texts = Dictionary(
      items.filter { $0.topic == "git code" }.map { ($0.item, $0.text) },
      uniquingKeysWith: { first, _ in first }
    )
    XCTAssertEqual(texts["commit"], try repository.git("rev-parse", "HEAD"))
    XCTAssertEqual(texts["status"], " M file.txt")
    XCTAssertTrue(texts["diff"]?.contains("+password is ***") ?? false, "\(texts)")
    XCTAssertFalse(try shownMeta().contains(secret))
  }

  func testEachRunHasItsProvenance() throws {
    for seconds in ["1", "2"] {
      let run = try runPlaybook(
        "--provenance",
        "environment",
        environment: ["FIELDWORK_RUN": "number \(seconds)"]
      )
      XCTAssertEqual(run.status, 0)
    }
    XCTAssertTrue(try shownMeta().contains("number 2"))
    XCTAssertFalse(try shownMeta().contains("number 1"))
    XCTAssertTrue(try shownMeta("--run", "1").contains("number 1"))
    let all = try shownMeta("--run", "0")
    XCTAssertTrue(all.contains("number 1") && all.contains("number 2"), all)
    XCTAssertEqual(
      try shownMeta("--run", "7"),
      "(nothing is recorded of run 7, but of 1, 2)\n"
    )
    let table = try shownMeta("--run", "2", "--format", "csv", "--select", "run,topic,item")
    XCTAssertTrue(table.hasPrefix("run,topic,item\n2,environment,architecture\n"), table)
    try assertRefused(
      "results",
      "--run",
      "1",
      saying: "error: --run is about provenance: add --provenance"
    )
  }

  func testNoProvenance() throws {
    XCTAssertEqual(try runPlaybook("--provenance", "none").status, 0)
    XCTAssertEqual(
      try shownMeta(),
      "(no provenance is recorded; name some in the research: provenance: [.environment])\n"
    )
  }

  func testProvenanceThatIsAbsent() throws {
    for text in ["bogus", "git:", ""] {
      let run = try runPlaybook("--provenance", text)
      XCTAssertEqual(run.status, 2)
      XCTAssertEqual(
        run.error,
        "error: --provenance: '\(text)' is none of environment, packages, git, git:folder, none\n"
      )
    }
    try assertRefused(
      "--provenance",
      "none",
      "--provenance",
      "git",
      saying: "error: --provenance none records nothing: leave out the others"
    )
    XCTAssertFalse(exists("small/research.sqlite"))
  }

  // MARK: Progress

  func testNoProgress() throws {
    let usual = try runPlaybook("--seed", "1")
    XCTAssertTrue(usual.error.hasPrefix("small: 4 experiments, "), usual.error)
    let silent = try runPlaybook("--no-progress", "--name", "silent")
    XCTAssertEqual(silent.status, 0)
    XCTAssertEqual(silent.error, "")
    XCTAssertTrue(silent.output.contains("silent: 4 experiments done in"), silent.output)
    let failing = try runPlaybook("--no-progress", research: "throwing")
    XCTAssertEqual(failing.status, 1)
    XCTAssertEqual(failing.error, "")
    XCTAssertTrue(failing.output.contains("2 × unit 'train'"), "the summary tells: \(failing)")
  }
}
