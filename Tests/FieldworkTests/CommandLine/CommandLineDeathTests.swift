import Fieldwork
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Units that bring down their process: what is told of it, and that nothing else suffers.
final class CommandLineDeathTests: FaultTestCase {
  /// Runs an experiment with a fault between two that go well, and checks that these do, and that the
  /// failure is told and kept as it should be.
  /// - Returns: the failure.
  @discardableResult
  private func failure(
    of fault: String,
    _ arguments: String...,
    saying message: String,
    unit: String = "fault",
    iterations: ClosedRange<Int> = 1...1,
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws -> Failure {
    let run = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["run", "--workers", "2"] + arguments),
      environment: mark.environment.merging(
        ["TEST_PLAYBOOK": "faulty", "TEST_FAULTS": "none,\(fault),nothing"]
      ) { $1 }
    )
    XCTAssertFalse(run.wasKilled, file: file, line: line)
    XCTAssertEqual(run.status, 1, run.error, file: file, line: line)
    let headline = "faulty: 2 experiments done, 1 failed in"
    XCTAssertTrue(run.output.contains(headline), run.output, file: file, line: line)
    let results = try results("faulty")
    XCTAssertEqual(
      results.experiments.map(\.state),
      [.done, .failed, .done],
      file: file,
      line: line
    )
    for experiment in results.experiments where experiment.state == .done {
      XCTAssertEqual(
        saved("x", results, experiment.id),
        [0: 0, 1: 1, 2: 2],
        file: file,
        line: line
      )
      XCTAssertEqual(
        saved("y", results, experiment.id),
        [0: 0, 1: 10, 2: 20],
        file: file,
        line: line
      )
    }
    // What was handed on before stays.
    let id = results.experiments[1].id
    XCTAssertEqual(saved("x", results, id)[0], 0, "handed on", file: file, line: line)
    XCTAssertEqual(saved("y", results, id)[0], 0, "handed on", file: file, line: line)
    XCTAssertEqual(results.failures.count, 1, file: file, line: line)
    let failure = try XCTUnwrap(results.failures.first?.failure, file: file, line: line)
    // The line in the standard library is another one with each version.
    let words = failure.message.replacing(/(ContiguousArrayBuffer\.swift):\d+/) { "\($0.1)" }
    XCTAssertEqual(words, message, file: file, line: line)
    XCTAssertTrue(run.output.contains(failure.message), run.output, file: file, line: line)
    XCTAssertEqual(failure.unit, unit, file: file, line: line)
    XCTAssertTrue(iterations.contains(failure.iteration), file: file, line: line)
    XCTAssertEqual(
      failure.kind,
      failure.death?.cause.rawValue ?? failure.kind,
      file: file,
      line: line
    )
    return failure
  }

  // MARK: Ends of a process

  func testAnErrorIsNoDeath() throws {
    let failure = try failure(of: "throw", saying: "thrown")
    XCTAssertEqual(failure.kind, "Message")
    XCTAssertNil(failure.death)
  }

  func testATrap() throws {
    #if arch(x86_64)
      let (signal, name) = (SIGILL, "SIGILL")
    #else
      let (signal, name) = (SIGTRAP, "SIGTRAP")
    #endif
    let failure = try failure(
      of: "trap",
      saying: "the process died of a trap (\(name)): "
        + "Swift/ContiguousArrayBuffer.swift: Fatal error: Index out of range"
    )
    XCTAssertEqual(failure.death?.cause, .signal)
    XCTAssertEqual(failure.death?.signal, Int(signal))
    XCTAssertNil(failure.death?.code)
    let lines = failure.death?.stderr.split(separator: "\n").map(String.init) ?? []
    XCTAssertEqual(lines.first, "the last words")
    XCTAssertLessThanOrEqual(lines.count, 20)
    XCTAssertTrue(failure.place?.description.hasPrefix("TestPlaybook/Faulty.swift:") ?? false)
  }

  func testExits() throws {
    for (fault, code) in [("exit", 3), ("exit 0", 0)] {
      let failure = try failure(of: fault, saying: "the process ended with exit(\(code))")
      XCTAssertEqual(failure.death, Death(.exit, code: code))
      try FileManager.default.removeItem(atPath: folder("faulty").path)
    }
  }

  func testSignals() throws {
    for (fault, number, message) in [
      ("abort", SIGABRT, "the process died of SIGABRT, an abort"),
      ("segv", SIGSEGV, "the process died of SIGSEGV, a bad access"),
      ("recursion", SIGSEGV, "the process died of SIGSEGV, a bad access"),
      (
        "kill", SIGKILL,
        "the process died of SIGKILL; somebody killed it, or memory ran out"
      ),
      // Nobody waits for what it has forked, which lives on with its connection.
      (
        "fork", SIGKILL,
        "the process died of SIGKILL; somebody killed it, or memory ran out"
      ),
    ] {
      let failure = try failure(of: fault, saying: message)
      XCTAssertEqual(failure.death?.cause, .signal, fault)
      XCTAssertEqual(failure.death?.signal, Int(number), fault)
      try FileManager.default.removeItem(atPath: folder("faulty").path)
    }
  }

  /// The process is able to run on for a while, and to begin the next iteration.
  func testAUnitThatClosesDescriptors() throws {
    let message =
      "the worker process closed its connection to the run and was killed; a unit may have closed "
      + "descriptors that are not its own"
    let run = try run("faulty", environment: ["TEST_FAULTS": "none,close,nothing"])
    XCTAssertEqual(run.status, 1, run.error)
    let results = try results("faulty")
    XCTAssertEqual(results.experiments.map(\.state), [.done, .failed, .done])
    let failure = try XCTUnwrap(results.failures.first?.failure)
    XCTAssertEqual(failure.message, message)
    XCTAssertEqual(failure.death?.cause, .disconnected)
    XCTAssertGreaterThanOrEqual(failure.iteration, 1)
  }

  func testAUnitThatClosesTheStandardStreams() throws {
    let run = try run("faulty", environment: ["TEST_FAULTS": "none,close standard,nothing"])
    XCTAssertEqual(run.status, 0, run.error)
    let results = try results("faulty")
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done, .done])
    for experiment in results.experiments {
      XCTAssertEqual(saved("y", results, experiment.id), [0: 0, 1: 10, 2: 20])
    }
  }

  /// The test's end checks that nothing is left of it.
  func testAProgramThatAUnitLeftBehindIsGone() throws {
    let failure = try failure(
      of: "child",
      saying: "the process died of SIGKILL; somebody killed it, or memory ran out"
    )
    XCTAssertEqual(failure.death?.signal, 9)
    XCTAssertEqual(mark.waitUntilGone(), [])
  }

  // MARK: Time

  func testAnExperimentThatHeedsTheEndOfItsTime() throws {
    let failure = try failure(of: "sleep", "--timeout", "3s", saying: "it took longer than 3 s")
    XCTAssertEqual(failure.death, Death(.timeLimit))
  }

  func testAnExperimentThatDoesNotHeedTheEndOfItsTime() throws {
    let failure = try failure(
      of: "hang",
      "--timeout",
      "3s",
      "--grace",
      "0.2s",
      saying: "it took longer than 3 s"
    )
    XCTAssertEqual(failure.death?.cause, .timeLimit)
    XCTAssertNil(failure.death?.signal, "the run's own signal tells nothing")
  }

  func testAWorkerThatStopsAnswering() throws {
    let failure = try failure(
      of: "stop",
      "--silence-limit",
      "3s",
      saying: "the worker process gave no sign of life for 3 s and was killed"
    )
    XCTAssertEqual(failure.death?.cause, .unresponsive)
  }

  /// A unit may keep its threads as busy as it likes: it is not what answers.
  func testABusyWorkerIsNoSilentOne() throws {
    let failure = try failure(
      of: "hang",
      "--silence-limit",
      "1.5s",
      "--timeout",
      "5s",
      "--grace",
      "0.1s",
      saying: "it took longer than 5 s"
    )
    XCTAssertEqual(failure.death?.cause, .timeLimit)
  }

  // MARK: Much output

  func testAUnitThatWritesAHundredMegabytes() throws {
    let nothing = try XCTUnwrap(FileHandle(forWritingAtPath: "/dev/null"))
    let running = try RunningProcess(
      Self.executable("TestPlaybook"),
      complete(["run", "--workers", "2", "--no-progress", "--output-limit", "0"]),
      environment: mark.environment.merging(
        ["TEST_PLAYBOOK": "faulty", "TEST_FAULTS": "flood,flood output,none"]
      ) { $1 },
      standardError: nothing
    )
    XCTAssertEqual(try running.finish().status, 0)
    let results = try results("faulty")
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done, .done])
    let size = try FileManager.default.attributesOfItem(
      atPath: folder("faulty").path + "/stdout.txt"
    )[.size]
    XCTAssertEqual(size as? Int, 100_000_000)
  }
}
