import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Experiments that a program computes, in processes of their own and with faults.
final class CommandLineProgramTests: CommandLineTestCase {
  private let mark = ProcessMark()

  /// Writes the script of the experiments. It adds a line to the file `count` when it begins.
  private func write(_ text: String) throws {
    let lines = "#!/bin/sh\ncd '\(directory.path)'\necho \"begin $1\" >> count\n" + text + "\n"
    try lines.write(to: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755],
      ofItemAtPath: script.path
    )
  }

  private var script: URL { directory.appendingPathComponent("work.sh") }

  private func environment(_ more: [String: String] = [:]) -> [String: String] {
    mark.environment.merging(["PROGRAM_SCRIPT": script.path]) { $1 }.merging(more) { $1 }
  }

  private func sweep(_ arguments: String..., environment more: [String: String] = [:]) throws
    -> ProcessRun
  {
    try runPlaybook(
      ["run", "--no-progress"] + arguments,
      research: "program",
      environment: environment(more)
    )
  }

  private func results() throws -> ResearchResults {
    try ResearchResults.load(directory.path + "/program")
  }

  private func lines(_ file: String) -> [String] {
    let text = try? String(
      contentsOf: directory.appendingPathComponent(file),
      encoding: .utf8
    )
    return text.map { $0.split(separator: "\n").map(String.init) } ?? []
  }

  private func wait(until condition: () -> Bool, line: UInt = #line) {
    for _ in 0..<2000 where !condition() { usleep(10_000) }
    XCTAssertTrue(condition(), line: line)
  }

  private func squares() throws -> [Value?] {
    let results = try results()
    return results.experiments.map { results.values(of: "y", in: $0.id).last?.value }
  }

  func testASweepIsResumed() throws {
    try write(
      #"[ "$1" = 2 ] && [ ! -e fixed ] && exit 3; echo "{\"y\": $(($1 * $1))}"; echo "said $1""#
    )
    let first = try sweep()
    XCTAssertEqual(first.status, 1, first.error)
    let message = try results().failures.first?.failure.message ?? ""
    XCTAssertTrue(message.contains("exit code 3"), message)
    XCTAssertEqual(try results().experiments.map(\.state), [.done, .done, .failed, .done])
    try "".write(to: directory.appendingPathComponent("fixed"), atomically: true, encoding: .utf8)
    XCTAssertEqual(try sweep().status, 0)
    XCTAssertEqual(try squares(), [0, 1, 4, 9])
    XCTAssertEqual(lines("count").count, 5, "those that were done did not run again")
    XCTAssertEqual(mark.waitUntilGone(), [])
  }

  func testWhatAProgramPrintsIsTheOutputOfItsExperiment() throws {
    try write(#"echo "{\"y\": 1}"; echo "said $1"; echo "error $1" >&2"#)
    XCTAssertEqual(try sweep("--stdout", "experiment", "--stderr", "experiment").status, 0)
    let folder = ResearchFolder(path: directory.path + "/program")
    for experiment in try results().experiments {
      let path = folder.experimentPath(experiment.id)
      let x = try experiment.config["x", as: Int.self]
      for (file, text) in [("stdout", "said"), ("stderr", "error")] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        let name = try XCTUnwrap(names.first { $0.contains(file) }, "\(names)")
        XCTAssertEqual(
          try String(contentsOfFile: path + "/" + name, encoding: .utf8),
          "\(text) \(x)\n"
        )
      }
    }
  }

  func testAChangedScriptIsReported() throws {
    try write(#"echo "{\"y\": $1}""#)
    XCTAssertEqual(try sweep().status, 0)
    let again = try sweep()
    XCTAssertFalse(again.error.contains("other files"), again.error)
    try write(#"echo "{\"y\": $(($1 * 2))}""#)
    let changed = try sweep()
    XCTAssertTrue(
      changed.error.contains(
        "4 stored results were made with other files of its programs: kept"
      ),
      changed.error
    )
    XCTAssertEqual(try squares(), [0, 1, 2, 3])
    XCTAssertEqual(try sweep("--rerun-changed").status, 0)
    XCTAssertEqual(try squares(), [0, 2, 4, 6])
    XCTAssertFalse(try sweep().error.contains("other files"))
    XCTAssertEqual(lines("count").count, 8)
    // The same content at another time is no change.
    try write(#"echo "{\"y\": $(($1 * 2))}""#)
    XCTAssertFalse(try sweep().error.contains("other files"))
  }

  func testAHangingProgramIsEndedAtTheTimeLimit() throws {
    try write(
      #"[ "$1" = 1 ] && { trap 'echo term >> ended; exit' TERM; while :; do sleep 0.05; done; }; [ "$1" = 2 ] && { trap '' TERM; while :; do sleep 0.05; done; }; echo "{\"y\": $1}""#
    )
    let result = try sweep("--timeout", "1", environment: ["PROGRAM_GRACE": "0.5"])
    XCTAssertEqual(result.status, 1, result.error)
    let results = try results()
    XCTAssertEqual(results.experiments.map(\.state), [.done, .failed, .failed, .done])
    for experiment in results.experiments where experiment.state == .failed {
      let message = experiment.failures.first?.message ?? ""
      XCTAssertTrue(message.contains("it took longer than 1 s"), message)
    }
    XCTAssertEqual(lines("ended"), ["term"])
    XCTAssertEqual(mark.waitUntilGone(), [])
  }

  /// Nothing that a program has started outlives a run, whatever ends it.
  func testKillsLeaveNothingBehind() throws {
    try write("sleep 1000 & setsid sleep 1000 & echo ready >> ready; wait")
    enum Victims { case run, workers, all }
    let cases: [(Victims, String)] = [
      (.run, "processes"), (.workers, "processes"), (.all, "processes"), (.run, "serial"),
    ]
    for (victims, parallel) in cases {
      try? FileManager.default.removeItem(at: directory.appendingPathComponent("ready"))
      let run = try start(
        "run",
        "--fresh",
        "--yes",
        "--no-progress",
        "--workers",
        parallel == "serial" ? "1" : "2",
        "--parallel",
        parallel,
        research: "program",
        environment: environment()
      )
      let count = parallel == "serial" ? 1 : 2
      wait { lines("ready").count >= count }
      let workers = mark.children(of: run.process.id).filter { process in
        let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
        return name?.hasPrefix("TestPlaybook") ?? false
      }
      switch victims {
      case .run: run.signal(SIGKILL)
      case .workers:
        run.interrupt()
        for worker in workers { kill(worker, SIGKILL) }
      case .all:
        run.signal(SIGKILL)
        for worker in workers { kill(worker, SIGKILL) }
      }
      // Before the end of the process is waited for, which would kill what it has left.
      XCTAssertEqual(mark.waitUntilGone(), [], "\(victims) \(parallel)")
      _ = try run.finish()
    }
  }

  /// The results are those of a run without interruption.
  func testAKilledRunIsResumed() throws {
    try write(
      #"for i in 1 2 3; do echo "{\"y\": $(($1 * 10 + i))}"; sleep 0.05; done; echo "end $1" >> count"#
    )
    let size = ["PROGRAM_SIZE": "10"]
    let run = try start(
      "run",
      "--no-progress",
      "--workers",
      "2",
      research: "program",
      environment: environment(size)
    )
    wait { lines("count").count { $0.hasPrefix("end") } >= 3 }
    run.signal(SIGKILL)
    XCTAssertEqual(mark.waitUntilGone(), [])
    _ = try run.finish()
    let begun = lines("count").count
    let stored = try results().experiments.count { $0.state == .done }
    let again = try sweep(environment: size)
    XCTAssertEqual(again.status, 0, again.error)
    XCTAssertEqual(try squares(), (0..<10).map { .int(10 * $0 + 3) })
    let repeated = lines("count").dropFirst(begun).count { $0.hasPrefix("begin") }
    // What a worker had finished before the kill may still have come.
    XCTAssertLessThanOrEqual(repeated, 10 - stored)
  }

  /// The same table comes out whatever is killed, and no program is left. `FIELDWORK_FAULTS` is the number of kills.
  func testKillsAtRandomMoments() throws {
    try write(
      #"for i in 1 2 3; do echo "{\"y\": $(($1 * 10 + i))}"; (setsid sleep 100 &); sleep 0.02; done"#
    )
    let size = ["PROGRAM_SIZE": "12"]
    let wanted = ProcessInfo.processInfo.environment["FIELDWORK_FAULTS"].flatMap { Int($0) } ?? 200
    for round in 0..<max(2, wanted / 100) {
      try? FileManager.default.removeItem(atPath: directory.path + "/program")
      for kills in 0..<50 {
        let run = try start(
          "run",
          "--no-progress",
          "--workers",
          "2",
          "--retry-deaths",
          "5",
          research: "program",
          environment: environment(size)
        )
        usleep(UInt32.random(in: 50_000...600_000))
        let workers = mark.children(of: run.process.id).filter { process in
          let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
          return name?.hasPrefix("TestPlaybook") ?? false
        }
        if kills % 2 == 0, let victim = workers.randomElement() { kill(victim, SIGKILL) }
        if kills % 3 != 1 { run.signal(SIGKILL) }
        let result = try run.finish()
        XCTAssertEqual(mark.waitUntilGone(), [], "round \(round), kill \(kills)")
        if result.status == 0, !result.wasKilled { break }
      }
      XCTAssertEqual(try sweep(environment: size).status, 0)
      XCTAssertEqual(try squares(), (0..<12).map { .int(10 * $0 + 3) })
    }
  }

  func testACheckpointedProgramGoesOn() throws {
    try write(
      #"""
      i=$FIELDWORK_ITERATION
      echo "from $1 $i" >> from
      while [ $i -lt 6 ]; do
        echo "{\"y\": $(($1 * 10 + i))}"
        i=$((i + 1))
        [ $i = 3 ] && [ ! -e go ] && { echo ready >> ready; sleep 1000; }
      done
      exit 0
      """#
    )
    let more = ["PROGRAM_CHECKPOINT": "1", "PROGRAM_SIZE": "2"]
    let run = try start(
      "run",
      "--no-progress",
      "--workers",
      "2",
      research: "program",
      environment: environment(more)
    )
    wait { lines("ready").count == 2 }
    usleep(300_000)
    run.signal(SIGKILL)
    XCTAssertEqual(mark.waitUntilGone(), [])
    _ = try run.finish()
    try "".write(to: directory.appendingPathComponent("go"), atomically: true, encoding: .utf8)
    let again = try sweep(environment: more)
    XCTAssertEqual(again.status, 0, again.error)
    XCTAssertEqual(lines("from").suffix(2).sorted(), ["from 0 3", "from 1 3"])
    let results = try results()
    for experiment in results.experiments {
      let x = try experiment.config["x", as: Int.self]
      XCTAssertEqual(
        results.values(of: "y", in: experiment.id).map(\.value),
        (0..<6).map { .int(10 * x + $0) }
      )
      XCTAssertEqual(experiment.iterations, 6)
    }
  }

  func testAnInterruptTerminatesPrograms() throws {
    try write(
      #"trap 'sleep 0.3; echo saved >> saved; exit 0' TERM; echo "{\"y\": $1}"; echo ready >> ready; while :; do sleep 0.05; done"#
    )
    let run = try start(
      "run",
      "--no-progress",
      "--workers",
      "2",
      research: "program",
      environment: environment()
    )
    wait { lines("ready").count == 2 }
    run.interrupt()
    let result = try run.finish()
    XCTAssertEqual(result.status, 130, result.error)
    XCTAssertEqual(lines("saved").count, 2, "they had time to end")
    XCTAssertEqual(try results().experiments.map(\.state), [.interrupted, .interrupted])
    XCTAssertEqual(mark.waitUntilGone(), [])
  }

  func testAChattyProgram() throws {
    // 200 MB of lines beside three iterations.
    try write(
      #"echo "{\"y\": 1}"; yes "a line of some length that nobody reads" | head -c 200000000; echo; echo "{\"y\": 2}"; echo "{\"y\": 3}""#
    )
    let result = try sweep("--stdout", "experiment", environment: ["PROGRAM_SIZE": "2"])
    XCTAssertEqual(result.status, 0, result.error)
    XCTAssertEqual(try squares(), [3, 3])
    XCTAssertEqual(try results().experiments.map(\.iterations), [3, 3])
  }

  func testAProgramThatIsMissingIsAWarningAndAFailure() throws {
    let result = try sweep(environment: ["PROGRAM_SCRIPT": "no-such-program-xyz"])
    XCTAssertEqual(result.status, 1)
    XCTAssertTrue(
      result.error.contains(
        "warning: program 'work': there is no program 'no-such-program-xyz' in the folders of PATH"
      ),
      result.error
    )
    XCTAssertEqual(try results().experiments.map(\.state), Array(repeating: .failed, count: 4))
  }
}
