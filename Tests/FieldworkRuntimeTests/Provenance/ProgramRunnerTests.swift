import Foundation
import XCTest

@testable import FieldworkRuntime

final class ProgramRunnerTests: RuntimeTestCase {
  private func runner(
    searchPath: String = "/usr/bin:/bin",
    timeLimit: Duration = .seconds(100),
    sizeLimit: Int = 1_000_000
  ) -> ProgramRunner {
    ProgramRunner(
      searchPath: searchPath,
      environment: ["PATH": "/usr/bin:/bin", "COLOUR": "red"],
      folder: directory,
      timeLimit: timeLimit,
      sizeLimit: sizeLimit
    )
  }

  private func shell(_ script: String) -> [String] { ["sh", "-c", script] }

  /// Writes a file that can be run.
  private func program(_ name: String, _ text: String) throws -> String {
    let path = directory + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  func testOutputs() async {
    let cases: [(String, CommandResult.Ending, String)] = [
      ("echo a; echo b", .exited(0), "a\nb"),
      ("echo a; echo b >&2", .exited(0), "a"),
      ("echo b >&2", .exited(0), "b"),
      ("true", .exited(0), "(no output)"),
      ("exit 3", .exited(3), "(ended with status 3)"),
      ("echo a; echo b >&2; exit 3", .exited(3), "a\nb\n(ended with status 3)"),
      ("echo a; kill -9 $$", .signalled(9), "a\n(ended by signal 9)"),
      ("printf 'a\\000b'", .exited(0), "(binary output of 3 bytes, not kept)"),
      ("cat; echo end", .exited(0), "end"),
      ("read x || echo none", .exited(0), "none"),
      ("echo $COLOUR", .exited(0), "red"),
      ("pwd -P | sed 's/.*-runtime-/-/' | cut -c 1", .exited(0), "-"),
    ]
    for (script, ending, report) in cases {
      let result = await runner().run(shell(script))
      XCTAssertEqual(result.ending, ending, script)
      XCTAssertEqual(result.report, report, script)
    }
  }

  func testWordsAreHandedOnAsTheyAre() async {
    let result = await runner().run(["printf", "%s|", "a b", "$COLOUR", "", "'\"*"])
    XCTAssertEqual(result.report, "a b|$COLOUR||'\"*|")
  }

  func testProgramsThatAreNotThere() async throws {
    let cases: [([String], String, String)] = [
      (["sh"], "", "(no program 'sh')"),
      (["sh"], "/nowhere:\(directory)", "(no program 'sh')"),
      (["no such program"], "/bin", "(no program 'no such program')"),
      (["/no/such/program"], "/bin", "(no program '/no/such/program')"),
      (["folder"], directory, "(no program 'folder')"),
      (["./text"], "/bin", "(no program './text')"),
      ([], "/bin", "(no program '')"),
    ]
    try FileManager.default.createDirectory(
      atPath: directory + "/folder",
      withIntermediateDirectories: true
    )
    try "x".write(toFile: directory + "/text", atomically: true, encoding: .utf8)
    for (line, path, report) in cases {
      let result = await runner(searchPath: path).run(line)
      XCTAssertEqual(result.report, report, "\(line)")
    }
  }

  func testWhereProgramsAreLookedFor() async throws {
    _ = try program("mine", "#!/bin/sh\necho mine $1\n")
    for (path, name) in [
      (directory, "mine"), ("/bin:" + directory, "mine"), ("", "./mine"), (".", "mine"),
    ] {
      let result = await runner(searchPath: path).run([name, "a"])
      XCTAssertEqual(result.report, "mine a", path)
    }
  }

  func testAProgramThatCannotBeStarted() async throws {
    let path = try program("broken", "#!/no/such/interpreter\n")
    let result = await runner().run([path])
    guard case .refused(path, let reason) = result.ending else {
      return XCTFail("\(result.ending)")
    }
    XCTAssertFalse(reason.isEmpty)
  }

  func testAFolderThatIsNotThere() async {
    let result = await runner().run(shell("echo a"), in: directory + "/nowhere")
    guard case .refused("sh", _) = result.ending else { return XCTFail("\(result.ending)") }
  }

  // MARK: Much output

  func testMuchOutputOnBothStreamsIsCut() async {
    let script =
      "head -c 5000000 /dev/zero | tr '\\000' x; head -c 5000000 /dev/zero | tr '\\000' y >&2"
    let result = await runner(sizeLimit: 1000).run(shell(script + "; exit 1"))
    XCTAssertEqual(result.ending, .exited(1))
    XCTAssertEqual([result.output.kept.count, result.output.size], [1000, 5_000_000])
    XCTAssertEqual([result.errors.kept.count, result.errors.size], [1000, 5_000_000])
    let lines = result.report.split(separator: "\n")
    let note = "(cut: the first 1000 of 5000000 bytes)"
    XCTAssertEqual(lines.count, 5)
    XCTAssertEqual(
      [lines[1], lines[3], lines[4]],
      [note[...], note[...], "(ended with status 1)"]
    )
  }

  func testAllOutputIsThere() async {
    let result = await runner(sizeLimit: 10_000_000).run(["seq", "1", "500000"])
    XCTAssertEqual(result.output.text, (1...500_000).map(String.init).joined(separator: "\n"))
  }

  func testManyProgramsAtOnce() async {
    let runner = runner()
    await withTaskGroup(of: (Int, String).self) { group in
      for number in 0..<40 {
        group.addTask { (number, await runner.run(["sh", "-c", "echo \(number); cat"]).report) }
      }
      for await (number, report) in group { XCTAssertEqual(report, String(number)) }
    }
  }

  // MARK: Programs that hang

  func testAProgramThatHangsIsKilled() async {
    let result = await runner(timeLimit: .milliseconds(300)).run(shell("sleep 1000; echo end"))
    XCTAssertEqual(result.ending, .overTime(.milliseconds(300)))
    XCTAssertEqual(result.report, "(killed after 0.3 seconds)")
  }

  func testAProgramThatIgnoresSignalsIsKilled() async {
    let script = "trap '' TERM INT HUP; while :; do sleep 1000; done"
    let result = await runner(timeLimit: .milliseconds(300)).run(shell(script))
    XCTAssertEqual(result.ending, .overTime(.milliseconds(300)))
  }

  func testAProgramWithoutEndIsKilled() async {
    let result = await runner(timeLimit: .milliseconds(300), sizeLimit: 100).run(["yes"])
    XCTAssertEqual(result.ending, .overTime(.milliseconds(300)))
    XCTAssertLessThanOrEqual(result.output.kept.count, 100)
  }

  /// What a program has left in the background may hold its streams; it is not waited for longer.
  func testAProgramThatLeavesAnotherOneBehind() async {
    let result = await runner(timeLimit: .seconds(100)).run(shell("sleep 1000 & echo started"))
    XCTAssertTrue(result.report.hasPrefix("started"), result.report)
    XCTAssertEqual(result.ending, .exited(0))
  }

  /// A pipe in a file that the program and its children hold open shows when the last of them has ended.
  func testCancellingKillsAProgramAndItsChildren() async throws {
    let path = directory + "/pipe"
    XCTAssertEqual(mkfifo(path, 0o600), 0)
    let runner = runner()
    let script = "exec 3>'\(path)'; (sleep 30; echo survived >&3) & echo begun >&3; wait"
    let running = Task { await runner.run(["sh", "-c", script]) }
    let text = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let pipe = FileHandle(forReadingAtPath: path)
        var text = pipe?.availableData ?? Data()
        running.cancel()
        text += pipe?.readDataToEndOfFile() ?? Data()
        continuation.resume(returning: String(decoding: text, as: UTF8.self))
      }
    }
    XCTAssertEqual(text, "begun\n")
    let result = await running.value
    XCTAssertEqual(result.ending, .interrupted)
    XCTAssertEqual(result.report, "(interrupted)")
  }

  func testNothingRunsInACancelledTask() async {
    let runner = runner()
    let running = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await runner.run(["sleep", "1000"])
    }
    let ending = await running.value.ending
    XCTAssertEqual(ending, .interrupted)
  }
}
