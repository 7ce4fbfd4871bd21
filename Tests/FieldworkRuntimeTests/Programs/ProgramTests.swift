import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

final class ProgramTests: RuntimeTestCase {
  private static let rate = Parameter<Double>("rate")

  /// Writes a script into the folder of the test.
  /// - Returns: its path.
  private func script(_ name: String, _ text: String) throws -> String {
    let path = directory + "/" + name
    try ("#!/bin/sh\n" + text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  private func failure(_ results: ResearchResults) -> String {
    results.experiments.first?.failures.first?.message ?? "no failure"
  }

  /// Waits until a condition holds.
  private func waitUntil(_ condition: () -> Bool, line: UInt = #line) async throws {
    for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    XCTAssertTrue(condition(), line: line)
  }

  private func isRunning(_ process: Int32) -> Bool {
    guard let status = FileManager.default.contents(atPath: "/proc/\(process)/stat") else {
      return false
    }
    let state = String(decoding: status, as: UTF8.self).split(separator: ")").last
    return state?.hasPrefix(" Z") == false
  }

  private func number(in file: String) -> Int32? {
    FileManager.default.contents(atPath: directory + "/" + file)
      .flatMap { Int32(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines)) }
  }

  // MARK: Iterations

  func testEachObjectIsAnIteration() async throws {
    let results = try await run {
      Program("p", .shell(#"for i in 1 2 3; do echo "{\"a\": $i}"; done"#))
      Unit("double", saving: "b") { run -> Int in
        let values: [String: Value] = try run.output(of: "p")
        return (values["a"].flatMap { Int($0) } ?? 0) * 2
      }
      Unit("end", when: .last, saving: "end") { run in run.iteration }
    }
    XCTAssertEqual(saved("a", results), [0: 1, 1: 2, 2: 3])
    XCTAssertEqual(saved("b", results), [0: 2, 1: 4, 2: 6])
    XCTAssertEqual(saved("end", results), [2: 2])
    XCTAssertEqual(results.experiments.first?.state, .done)
    XCTAssertEqual(results.experiments.first?.ending, .complete)
    XCTAssertEqual(results.experiments.first?.iterations, 3)
  }

  /// A unit before the program has had its turn, so the iteration counts as with a generator.
  func testTheEndOfAProgramAfterAnotherUnit() async throws {
    let results = try await run {
      Unit("before", saving: "n") { run in run.iteration }
      Program("p", .shell(#"echo "{\"a\": 1}""#))
    }
    XCTAssertEqual(saved("n", results), [0: 0, 1: 1])
    XCTAssertEqual(results.experiments.first?.iterations, 2)
  }

  func testUnitsOfTheLastIterationDoNotRunTwice() async throws {
    let results = try await run {
      Program("p", .shell(#"echo "{\"a\": 1}"; echo "{\"a\": 2}""#))
      Unit("u", when: .every(1) | .last, saving: "u") { run in run.iteration }
      Unit("v", when: .at(0) | .last, saving: "v") { run in run.iteration }
    }
    XCTAssertEqual(saved("u", results), [0: 0, 1: 1])
    XCTAssertEqual(saved("v", results), [0: 0, 1: 1])
  }

  func testOutputsOfOneIteration() async throws {
    let cases: [(ProgramOutput, [Int: Value])] = [
      (.json, [0: 5]), (.csv, [:]), (.none, [:]), (.pattern(["a": #"a": (\d)"#]), [0: 5]),
    ]
    for (output, values) in cases {
      let results = try await run {
        Program("p", .shell(#"echo '{"a": 5}'"#), output: output)
        Unit("n", saving: "n") { run in run.iteration }
      }
      XCTAssertEqual(saved("a", results), values, "\(output)")
      XCTAssertEqual(results.experiments.first?.state, .done, "\(output) \(failure(results))")
      XCTAssertEqual(saved("n", results), [0: 0], "\(output)")
    }
  }

  func testAProgramEndsAfterTheLastIteration() async throws {
    let path = directory + "/ended"
    let endless = try script(
      "endless",
      "trap 'echo $i > \(path); exit 3' TERM; i=0; while :; do echo \"{\\\"a\\\": $i}\"; i=$((i+1)); sleep 0.01; done"
    )
    let results = try await run(iterations: 3) { Program("p", "\(endless)") }
    XCTAssertEqual(saved("a", results), [0: 0, 1: 1, 2: 2])
    XCTAssertEqual(results.experiments.first?.state, .done, failure(results))
    XCTAssertNotNil(number(in: "ended"), "it got SIGTERM")
  }

  /// A program that prints as many iterations as were asked for ends by itself.
  func testAProgramMayDoMoreAfterTheLastIteration() async throws {
    let path = directory + "/ended"
    let results = try await run(iterations: 2) {
      Program(
        "p",
        .shell("echo '{\"a\": 0}'; echo '{\"a\": 1}'; sleep 0.3; echo 7 > \(path)")
      )
    }
    XCTAssertEqual(results.experiments.first?.state, .done)
    XCTAssertEqual(number(in: "ended"), 7)
  }

  func testAFailureAfterTheLastIterationCounts() async throws {
    let results = try await run(iterations: 1) {
      Program("p", .shell("echo '{\"a\": 0}'; exit 4"))
    }
    XCTAssertEqual(results.experiments.first?.state, .failed)
    XCTAssertTrue(failure(results).contains("exit code 4"), failure(results))
  }

  func testAProgramThatRunsOnceAtTheEnd() async throws {
    let results = try await run(iterations: 3) {
      Unit("work", saving: "x") { run in run.iteration }
      Program("score", "echo '{\"score\": \(O<Int>("work"))}'", output: .json, when: .last)
    }
    XCTAssertEqual(saved("score", results), [2: 2])
  }

  // MARK: What a program gets

  func testWhatAProgramGets() async throws {
    let show = try script(
      "show",
      #"""
      printf '{"arguments": "%s", "config": %s, "input": %s, "seed": %s, "repetition": %s, "iteration": %s, "mine": "%s", "folder": "%s", "buffered": "%s"}' \
        "$1" "$(cat $FIELDWORK_CONFIG)" "$(cat)" $FIELDWORK_SEED $FIELDWORK_REPETITION $FIELDWORK_ITERATION "$MINE" "$(pwd)" "$PYTHONUNBUFFERED"
      """#
    )
    let results = try await Research("test", seed: 1, parallel: .serial) {
      Domain(Self.rate <- [0.5]) * Domain("name/first" <- ["a b"])
      Program(
        "p",
        "\(show) \(EC("name/first"))",
        output: .json,
        input: .config,
        environment: ["MINE": "is \(Self.rate)"],
        in: "\(directory)"
      )
    }.run()
    XCTAssertEqual(results.experiments.first?.state, .done, failure(results))
    let config: Value = ["rate": 0.5, "name": ["first": "a b"]]
    XCTAssertEqual(saved("arguments", results)[0], "a b")
    XCTAssertEqual(saved("config", results)[0], config)
    XCTAssertEqual(saved("input", results)[0], config)
    XCTAssertEqual(saved("repetition", results)[0], 0)
    XCTAssertEqual(saved("iteration", results)[0], 0)
    XCTAssertEqual(saved("mine", results)[0], "is 0.5")
    XCTAssertEqual(saved("folder", results)[0], .string(directory))
    XCTAssertEqual(saved("buffered", results)[0], "1")
    XCTAssertNotNil(saved("seed", results)[0]?.number)
  }

  func testDevicesOfAProgram() async throws {
    let results = try await Research(
      "test",
      seed: 1,
      workers: 2,
      parallel: .threads,
      devices: [["3"], ["5"]]
    ) {
      Domain("x" <- [1, 2, 3, 4])
      Program(
        "p",
        .shell("echo \"{\\\"device\\\": \\\"$CUDA_VISIBLE_DEVICES\\\", \\\"y\\\": \(EC("x"))}\"")
      )
    }.run()
    for experiment in results.experiments {
      let value = results.values(of: "device", in: experiment.id).first?.value
      XCTAssertEqual(value, experiment.device.map { .string($0) })
    }
  }

  func testTheFolderOfAnExperiment() async throws {
    let folder = ResearchFolder(path: directory + "/research")
    let store = try DatabaseStore.open(folder)
    defer { try? store.close() }
    let results = try await Research("test", seed: 1, parallel: .serial) {
      Domain("x" <- [1, 2])
      Program(
        "p",
        .shell(
          "ls -A \"$FIELDWORK_DIRECTORY\" | wc -l; [ \(EC("x")) = 1 ] || echo hello > \"$FIELDWORK_DIRECTORY/file\""
        ),
        output: .pattern(["files": #"^(\d+)$"#])
      )
    }.run(store: store)
    let paths = results.experiments.map { folder.experimentPath($0.id) }
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done], failure(results))
    // It was there, and empty, when the program began.
    XCTAssertEqual(saved("files", results)[0], 0)
    XCTAssertFalse(FileManager.default.fileExists(atPath: paths[0]), "an empty folder is removed")
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: paths[1]), ["file"])
  }

  // MARK: Failures

  func testFailures() async throws {
    let broken = try script("broken", "")
    try "#!/no/such/interpreter\n".write(toFile: broken, atomically: false, encoding: .utf8)
    try "text".write(toFile: directory + "/text", atomically: true, encoding: .utf8)
    let cases: [(ProgramCommand, [String])] = [
      (
        .shell("echo one >&2; echo two >&2; exit 3"),
        ["exit code 3: two ('echo one", "\none\ntwo"]
      ),
      (.shell("kill -9 $$"), ["ended by signal 9 (SIGKILL) ('kill -9 $$')"]),
      (.shell("kill -SEGV $$"), ["ended by signal 11 (SIGSEGV)"]),
      (
        "no-such-program-xyz 1",
        [
          "cannot be started: there is no program 'no-such-program-xyz'",
          "('no-such-program-xyz 1')",
        ]
      ),
      ("./no-such-file", ["cannot be started: there is no file"]),
      ("\(directory)/text", ["is not executable; run chmod +x"]),
      ("\(directory)", ["is a folder"]),
      (
        "\(broken)",
        ["its interpreter /no/such/interpreter, which its first line names, is missing"]
      ),
      (.shell("echo '{\"a\": 1'"), ["line 1 of the output is not a JSON object: {\"a\": 1"]),
      (.shell("seq 1 100000 >&2; exit 1"), ["99999\n100000"]),
    ]
    for (command, texts) in cases {
      let results = try await run { Program("p", command) }
      XCTAssertEqual(results.experiments.first?.state, .failed, "\(command)")
      for text in texts {
        XCTAssertTrue(failure(results).contains(text), "'\(text)' in \(failure(results))")
      }
    }
  }

  func testWhatWasPrintedBeforeAFailureIsSaved() async throws {
    let results = try await run {
      Program("p", .shell("echo '{\"a\": 1}'; echo '{\"a\": 2}'; exit 1"))
    }
    XCTAssertEqual(saved("a", results), [0: 1, 1: 2])
    XCTAssertEqual(results.experiments.first?.state, .failed)
  }

  func testAFailingUnitEndsTheProgram() async throws {
    let path = directory + "/pid"
    let results = try await run {
      Program("p", .shell("echo $$ > \(path); echo '{}'; sleep 1000"))
      Unit("fail") { _ in throw TestError("no") }
    }
    XCTAssertEqual(results.experiments.first?.state, .failed)
    let process = try XCTUnwrap(number(in: "pid"))
    XCTAssertFalse(isRunning(process))
  }

  func testBadDefinitions() async {
    await assertThrows(.invalidDefinition, "the command has '|'", "ProgramTests.swift") {
      try await self.run { Program("p", "a | b") }
    }
    await assertThrows(.invalidDefinition, "'width'") {
      try await self.run { Program("p", "a \(EC("width"))") }
    }
    await assertThrows(.invalidDefinition, "is not a regular expression") {
      try await self.run { Program("p", "a", output: .pattern(["x": "("])) }
    }
  }

  // MARK: Ends

  func testStoppingEndsAProgramAndWhatItHasStarted() async throws {
    for ignores in [false, true] {
      let path = directory + "/children"
      try? FileManager.default.removeItem(atPath: path)
      let trap = ignores ? "trap '' TERM;" : ""
      let research = Research("test", seed: 1, parallel: .serial) {
        Program(
          "p",
          .shell(
            "\(trap) sleep 1000 & echo $! >> \(path); setsid sleep 1000 & echo $! >> \(path); (setsid setsid sleep 1000 & echo $! >> \(path)); echo $$ >> \(path); wait"
          ),
          grace: .milliseconds(300)
        )
      }
      let task = Task { try await research.run() }
      func processes() -> [Int32] {
        (FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
          ?? "")
          .split(separator: "\n").compactMap { Int32($0) }
      }
      try await waitUntil { processes().count == 4 }
      task.cancel()
      let results = try await task.value
      XCTAssertEqual(results.experiments.first?.state, .interrupted)
      for process in processes() { XCTAssertFalse(isRunning(process), "\(process)") }
    }
  }

  func testWhatAProgramLeavesBehindIsKilled() async throws {
    let path = directory + "/pid"
    let cases = [
      "sleep 1000 & echo $! > \(path)", "setsid sleep 1000 & echo $! > \(path); sleep 0.1",
    ]
    for command in cases {
      let results = try await run { Program("p", .shell(ProgramCommand(command))) }
      XCTAssertEqual(results.experiments.first?.state, .done, failure(results))
      let process = try XCTUnwrap(number(in: "pid"), command)
      XCTAssertFalse(isRunning(process), command)
    }
  }

  /// What ends in a session of its own before the program becomes a child of this process, and is not left dead.
  func testNoDeadProcessesAreLeft() async throws {
    func dead() -> [String] {
      let text = FileManager.default.contents(atPath: "/proc/self/task/\(getpid())/children")
      let children = String(decoding: text ?? Data(), as: UTF8.self).split(separator: " ")
      return children.map(String.init).filter { child in
        let status = FileManager.default.contents(atPath: "/proc/\(child)/stat")
        return String(decoding: status ?? Data(), as: UTF8.self).contains(") Z ")
      }
    }
    let before = dead()
    for _ in 0..<3 {
      let results = try await run {
        Program("p", .shell("(setsid sleep 0.05 &) ; (setsid true &); sleep 0.2"), output: .none)
      }
      XCTAssertEqual(results.experiments.first?.state, .done, failure(results))
    }
    XCTAssertEqual(dead(), before)
  }

  func testAnInheritedFolderIsNotPassedOn() async throws {
    setenv("FIELDWORK_DIRECTORY", "/outer", 1)
    defer { unsetenv("FIELDWORK_DIRECTORY") }
    let results = try await run {
      Program("p", .shell("echo \"{\\\"folder\\\": \\\"${FIELDWORK_DIRECTORY-none}\\\"}\""))
    }
    XCTAssertEqual(saved("folder", results), [0: "none"])
  }

  /// Their graces do not add up.
  func testSeveralProgramsAreEndedAtOnce() async throws {
    let path = directory + "/count"
    let research = Research("test", seed: 1, branches: 3, parallel: .serial) {
      Domain("x" <- [1, 2, 3])
      Program(
        "p",
        .shell("trap '' TERM; echo 1 >> \(path); echo '{}'; while :; do sleep 0.05; done"),
        grace: .seconds(1)
      )
      Unit("stop") { run in
        while ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").count < 6 {
          try await Task.sleep(for: .milliseconds(10))
        }
        try run.stop()
      }
    }
    let clock = ContinuousClock()
    let begin = clock.now
    let results = try await research.run()
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done, .done])
    XCTAssertLessThan(clock.now - begin, .seconds(2.5))
  }

  func testTheIdentityOfCodeHasWatchedFiles() throws {
    let files = FileManager.default
    try files.createDirectory(atPath: directory + "/model", withIntermediateDirectories: true)
    try "1".write(toFile: directory + "/model/a", atomically: true, encoding: .utf8)
    try files.createSymbolicLink(atPath: directory + "/model/none", withDestinationPath: "nowhere")
    try files.createSymbolicLink(atPath: directory + "/model/self", withDestinationPath: ".")
    XCTAssertEqual(mkfifo(directory + "/model/pipe", 0o600), 0)
    let folder = directory
    func digest() -> String? {
      CodeIdentity(
        Research("test") { Program("p", "x", in: "\(folder)", watches: ["model"]) }
      ).digest
    }
    let first = try XCTUnwrap(digest())
    XCTAssertEqual(digest(), first)
    try "2".write(toFile: directory + "/model/a", atomically: true, encoding: .utf8)
    let second = try XCTUnwrap(digest())
    XCTAssertNotEqual(second, first)
    try "x".write(toFile: directory + "/model/.hidden", atomically: true, encoding: .utf8)
    XCTAssertEqual(digest(), second)
    try files.removeItem(atPath: directory + "/model/a")
    XCTAssertNotEqual(digest(), second)
  }

  func testAProgramThatClosesItsOutputGoesOn() async throws {
    let path = directory + "/ended"
    let results = try await run {
      Program("p", .shell("echo '{\"a\": 1}'; exec >&- 2>&-; sleep 0.2; echo 7 > \(path)"))
    }
    XCTAssertEqual(results.experiments.first?.state, .done, failure(results))
    XCTAssertEqual(saved("a", results), [0: 1])
    XCTAssertEqual(number(in: "ended"), 7)
  }

  func testAPrunedExperimentEndsItsProgram() async throws {
    let path = directory + "/pids"
    let results = try await Research(
      "test",
      seed: 1,
      objective: .minimize("loss"),
      workers: 1,
      parallel: .serial
    ) {
      Domain("x" <- [0, 10])
      Prune(.threshold(upper: 5), by: .minimize("loss"))
      Program(
        "p",
        .shell(
          "echo $$ >> \(path); for i in 1 2 3 4 5; do echo \"{\\\"loss\\\": \(EC("x"))}\"; sleep 0.05; done; [ \(EC("x")) = 0 ] || sleep 1000"
        )
      )
    }.run()
    XCTAssertEqual(results.experiments.map(\.state), [.done, .pruned])
    XCTAssertEqual(results.experiments.map(\.iterations), [5, 1])
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for process in text.split(separator: "\n").compactMap({ Int32($0) }) {
      XCTAssertFalse(isRunning(process))
    }
  }

  // MARK: Branches

  func testAProgramOfEachBranchAndOneOfAll() async throws {
    let path = directory + "/count"
    let results = try await Research("test", seed: 1, branches: 2, parallel: .serial) {
      Domain("x" <- [1, 2])
      Program("all", .shell("echo 1 >> \(path); echo '{}'; echo '{}'"), root: true)
      Program("own", .shell("for i in 1 2 3; do echo \"{\\\"y\\\": \(EC("x"))$i}\"; done"))
    }.run()
    XCTAssertEqual(try String(contentsOfFile: path, encoding: .utf8), "1\n")
    for (experiment, x) in zip(results.experiments, [1, 2]) {
      XCTAssertEqual(experiment.state, .done)
      XCTAssertEqual(experiment.iterations, 2)
      XCTAssertEqual(
        results.values(of: "y", in: experiment.id).map(\.value),
        [Value.int(10 * x + 1), Value.int(10 * x + 2)]
      )
    }
  }

  // MARK: Execute

  func testExecute() async throws {
    let results = try await Research("test", seed: 1, parallel: .serial) {
      Domain(Self.rate <- [0.5])
      Unit("u") { run in
        let text = try await run.execute("echo \(Self.rate) 'a b'")
        run.save("text", text.text)
        run.save("lines", try await run.execute(.shell("echo a; echo; echo b")).lines)
        run.save("json", try await run.execute("echo '[1, 2]'").json)
        let failed = try await run.execute(.shell("echo no >&2; exit 3"), checked: false)
        run.save("code", Int(failed.exitCode ?? -1))
        run.save("error", failed.errorText)
        run.save(
          "killed",
          Int(try await run.execute(.shell("kill -9 $$"), checked: false).signal ?? 0)
        )
        run.save("in", try await run.execute("cat", input: .config).text)
      }
      Unit("fail") { run in _ = try await run.execute(.shell("echo gone >&2; exit 5")) }
    }.run()
    XCTAssertEqual(saved("text", results)[0], "0.5 a b")
    XCTAssertEqual(saved("lines", results)[0], ["a", "", "b"])
    XCTAssertEqual(saved("json", results)[0], [1, 2])
    XCTAssertEqual(saved("code", results)[0], 3)
    XCTAssertEqual(saved("error", results)[0], "no")
    XCTAssertEqual(saved("killed", results)[0], 9)
    XCTAssertEqual(saved("in", results)[0], "{\"rate\":0.5}")
    XCTAssertTrue(
      failure(results).contains("exit code 5: gone ("),
      failure(results)
    )
  }

  func testSeveralProgramsAtOnceInAUnit() async throws {
    let results = try await run {
      Unit("u", saving: "sum") { run -> Int in
        let programs = run.programs
        return await withTaskGroup(of: Int.self) { group in
          for number in 1...10 {
            _ = programs
            group.addTask {
              let process = try? ChildProcess(
                "/bin/sh",
                ["sh", "-c", "exit \(number)"],
                remains: .descendants
              )
              if case .exited(let code)? = process?.wait() { return Int(code) }
              return 0
            }
          }
          return await group.reduce(0, +)
        }
      }
    }
    XCTAssertEqual(saved("sum", results)[0], 55)
  }
}
