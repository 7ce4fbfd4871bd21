import Foundation
import XCTest

/// Wrong uses of a playbook: each is refused before anything runs, with a message that says how to
/// mend it.
final class CommandLineUsageTests: CommandLineTestCase {
  override func tearDownWithError() throws {
    XCTAssertFalse(
      FileManager.default.fileExists(atPath: directory.path + "/small/research.sqlite"),
      "a refused run leaves no store"
    )
    try super.tearDownWithError()
  }

  func testUnknownWords() throws {
    try assertRefused("--bogus", saying: "error: Unknown option '--bogus'")
    try assertRefused("bogus", saying: "error: Unexpected argument 'bogus'")
    try assertRefused("run", "extra", saying: "error: Unexpected argument 'extra'")
    try assertRefused("results", "--bogus", saying: "error: Unknown option '--bogus'")
  }

  func testWorkers() throws {
    try assertRefused(
      "--directory",
      directory.path,
      "--workers",
      saying: "error: Missing value for '--workers <n>'"
    )
    try assertRefused("--workers", "0", saying: "error: --workers is 0: give a number from 1 up")
    try assertRefused("--workers=-1", saying: "error: --workers is -1: give a number from 1 up")
    try assertRefused("--workers", "-1", saying: "error: Missing value for '--workers <n>'")
    try assertRefused(
      "--workers",
      "abc",
      saying: "error: The value 'abc' is invalid for '--workers <n>'"
    )
  }

  func testWorkersWithoutEffect() throws {
    try assertRefused(
      "--debug",
      "--workers",
      "2",
      saying: "error: --debug has one worker: leave out --workers 2"
    )
    try assertRefused(
      "--workers",
      "2",
      research: "serial",
      saying: "error: --workers is 2, but the research runs one task after the other: "
        + "add --parallel threads"
    )
    try assertRefused(
      "--workers",
      "3",
      research: "listed",
      saying: "error: --workers is 3, but the research gives a config for each of 2: "
        + "leave out --workers"
    )
    try assertRefused(
      "--branches",
      "2",
      research: "listed",
      saying: "error: --branches is 2, but the research gives a config for each of 1: "
        + "leave out --branches"
    )
  }

  func testNumbersOfWhatRuns() throws {
    for option in ["--iterations", "--repetitions", "--configs", "--repeat-each", "--id-prefix"] {
      try assertRefused(option, "0", saying: "error: \(option) is 0: give a number from 1 up")
    }
    try assertRefused("--seed=-1", saying: "error: The value '-1' is invalid for '--seed <n>'")
    try assertRefused("--seed", "1.5", saying: "error: The value '1.5' is invalid for '--seed <n>'")
    try assertRefused(
      "configs",
      "--limit=-1",
      saying: "error: --limit is -1: give 0 or more"
    )
  }

  func testSet() throws {
    try assertRefused("--set", "lr", saying: "error: --set lr: write name=value,value")
    try assertRefused("--set", "=1", saying: "error: --set =1: write name=value,value")
    try assertRefused(
      "--set",
      "rate=1",
      saying: "error: --set rate=1: the domain has no parameter 'rate', it has lr, size"
    )
    try assertRefused(
      "--set",
      "size=0.5",
      saying: "error: --set size=0.5: '0.5' is not of type Int: 'size' has 8, 16"
    )
    try assertRefused(
      "--set",
      "lr=fast",
      saying: "error: --set lr=fast: 'fast' is not of type Double: 'lr' has 0.1, 0.01"
    )
    try assertRefused("--set", "lr=", saying: "error: --set lr=: a value is missing")
    try assertRefused("--set", "lr=1,,2", saying: "error: --set lr=1,,2: a value is missing")
    try assertRefused(
      "--set",
      "lr=[1,2",
      saying: "error: --set lr=[1,2: a bracket is not closed"
    )
    try assertRefused(
      "--set",
      "lr=1",
      "--set",
      "lr=2",
      saying: "error: --set lr=… is given twice: give all values in one, with commas"
    )
    try assertRefused(
      "--set",
      "activation=tanh",
      research: "aliases",
      saying: "error: --set activation=tanh: 'tanh' is not one of its named values: "
        + "'activation' has relu, half"
    )
  }

  func testWhere() throws {
    try assertRefused(
      "--where",
      "lr <",
      saying: "error: --where: cannot read the condition \"lr <\": "
        + "expected a value after '<', found the end"
    )
    try assertRefused(
      "--where",
      "rate < 1",
      saying: "error: --where: the domain has no parameter 'rate', it has lr, size"
    )
    try assertRefused(
      "--where",
      "lr == 'x",
      saying: "error: --where: cannot read the condition \"lr == 'x\": a quote is not closed"
    )
  }

  func testHowExperimentsRun() throws {
    try assertRefused(
      "--parallel",
      "bogus",
      saying: "error: The value 'bogus' is invalid for '--parallel <serial|threads|processes>': "
        + "'bogus' is none of serial, threads, processes"
    )
    try assertRefused(
      "--debug",
      "--parallel",
      "threads",
      saying: "error: --debug runs one experiment after the other: leave out --parallel threads"
    )
  }

  func testNamesAndDirectories() throws {
    for name in ["../other", "/absolute", "", "a//b", "."] {
      try assertRefused(
        "--name",
        name,
        saying: "error: --name: '\(name)' is not a research name; "
          + "use a relative path such as \"ising\" or \"lab/ising\""
      )
    }
    let file = directory.appendingPathComponent("file")
    try Data().write(to: file)
    try assertRefused(
      "--directory",
      file.path + "/below",
      saying: "error: cannot make the folder DIR/file/below/small: DIR/file is a file; "
        + "choose another directory, or move it away\n"
        + "error: the research cannot be run: 1 problem"
    )
  }

  func testResearchesThatCannotRun() throws {
    try assertRefused(
      research: "endless",
      saying: "TestPlaybook/TestPlaybook.swift:79: error: the domain has no end: some of its "
        + "terms have samplers only; say how many configs to run with configs: or --configs, "
        + "or end it with an UpdateDomain\n"
        + "error: the research cannot be run: 1 problem"
    )
    try assertRefused(
      research: "empty",
      saying: "TestPlaybook/TestPlaybook.swift:86: error: the domain is empty: "
        + "Domain(\"size\" <- []); give every parameter at least one value, and conditions that "
        + "something passes\nerror: the research cannot be run: 1 problem"
    )
  }

  func testAllProblemsAreToldAtOnce() throws {
    let place = "TestPlaybook/TestPlaybook.swift"
    let problems = """
      \(place):96: error: unit 'train' reads the parameter 'rate', which the domain does not have; \
      it has lr, size
      \(place):97: error: unit 'test' saves 'size', which is the name of a parameter; \
      save it under another name
      \(place):97: error: unit 'test' reads the unit 'traim', which the research does not have; \
      it has train, test
      error: the research cannot be run: 3 problems
      """
    try assertRefused(research: "broken", saying: problems)
    try assertRefused("configs", research: "broken", saying: problems)
  }
}
