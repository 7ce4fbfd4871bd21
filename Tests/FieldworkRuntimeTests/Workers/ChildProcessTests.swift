import Foundation
import XCTest

@testable import FieldworkRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

final class ChildProcessTests: WorkerTestCase {
  private struct Run {
    let ending: ChildProcess.Termination
    let output: String
  }

  /// Runs a script of the shell to its end.
  private func shell(
    _ script: String,
    arguments: [String] = [],
    descriptors: [Int32: Int32] = [:],
    environment: [String: String]? = nil,
    folder: String? = nil
  ) throws -> Run {
    let (reading, writing) = try SystemFile.pipe()
    let process = try withExtendedLifetime(writing) {
      try ChildProcess(
        "/bin/sh",
        ["sh", "-c", script, "sh"] + arguments,
        descriptors: descriptors.merging([STDOUT_FILENO: writing.descriptor]) { $1 },
        environment: environment,
        folder: folder
      )
    }
    return Run(ending: process.wait(), output: try rest(of: reading))
  }

  /// What is in a pipe that nobody writes to any more.
  private func rest(of file: SystemFile) throws -> String {
    _ = fcntl(file.descriptor, F_SETFL, O_NONBLOCK)
    var (bytes, buffer): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 4096))
    while true {
      let count = read(file.descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Ends

  func testEndings() throws {
    for code: Int32 in [0, 1, 3, 127, 255] {
      XCTAssertEqual(try shell("exit \(code)").ending, .exited(code))
    }
    for signal in [SIGKILL, SIGTERM, SIGABRT, SIGINT, SIGSEGV] {
      XCTAssertEqual(try shell("kill -\(signal) $$").ending, .signalled(signal))
    }
  }

  func testAnEndIsToldAsOftenAsOneAsks() async throws {
    let process = try ChildProcess("/bin/sh", ["sh", "-c", "exit 4"])
    await withTaskGroup(of: ChildProcess.Termination.self) { group in
      for _ in 0..<8 { group.addTask { process.wait() } }
      for await ending in group { XCTAssertEqual(ending, .exited(4)) }
    }
    XCTAssertEqual(process.wait(), .exited(4))
    XCTAssertEqual(process.wait(for: .seconds(100)), .exited(4))
  }

  func testWaitingForAWhile() throws {
    let process = try ChildProcess("/bin/sleep", ["sleep", "1000"])
    XCTAssertNil(process.wait(for: .milliseconds(20)))
    XCTAssertTrue(Self.isAlive(process.id))
    process.kill()
    XCTAssertEqual(process.wait(), .signalled(SIGKILL))
    XCTAssertFalse(Self.isAlive(process.id))
  }

  func testAProgramThatIsNotThere() {
    XCTAssertThrowsError(try ChildProcess(directory + "/none", ["none"])) { error in
      XCTAssertEqual((error as? SystemError)?.number, ENOENT, "\(error)")
    }
  }

  // MARK: What it has

  func testItHasTheDescriptorsThatItIsGivenAndNoOthers() throws {
    // Neither this one, which any program would inherit, nor one far up.
    let inherited = open("/dev/null", O_RDONLY)
    let far = fcntl(inherited, F_DUPFD, 200)
    defer { for file in [inherited, far] { close(file) } }
    let script = "for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done; true"
    XCTAssertEqual(try shell(script).output, "0\n1\n2\n")
    XCTAssertEqual(
      try shell(script, descriptors: [7: inherited, 3: far]).output,
      "0\n1\n2\n3\n7\n".replacingOccurrences(of: "", with: "")
    )
  }

  /// The numbers that are asked for may be those of others that are handed on.
  func testDescriptorsThatChangePlaces() throws {
    let files = try (0..<3).map { index -> FileHandle in
      let path = directory + "/\(index)"
      try "content \(index)\n".write(toFile: path, atomically: true, encoding: .utf8)
      return try XCTUnwrap(FileHandle(forReadingAtPath: path))
    }
    let own = files.map(\.fileDescriptor)
    // Each is handed on under the number of the next one.
    var descriptors: [Int32: Int32] = [:]
    for index in 0..<3 where own[(index + 1) % 3] > 2 {
      descriptors[own[(index + 1) % 3]] = own[index]
    }
    let script = (0..<3).map { "cat /dev/fd/\(own[($0 + 1) % 3])" }.joined(separator: "; ")
    XCTAssertEqual(
      try shell(script, descriptors: descriptors).output,
      "content 0\ncontent 1\ncontent 2\n"
    )
    for file in files { try file.close() }
  }

  func testItsInputIsEmpty() throws {
    XCTAssertEqual(try shell("cat; echo end").output, "end\n")
  }

  func testWords() throws {
    let words = ["a b", "", "'\"", "$HOME", "é\n2"]
    XCTAssertEqual(
      try shell("printf '%s|' \"$@\"", arguments: words).output,
      words.map { $0 + "|" }.joined()
    )
  }

  func testItsEnvironment() throws {
    let own = try shell("echo $TEST_OF_CHILDREN:$HOME").output
    XCTAssertEqual(own, ":\(ProcessInfo.processInfo.environment["HOME"] ?? "")\n")
    let other = try shell("echo $TEST_OF_CHILDREN:$HOME", environment: ["TEST_OF_CHILDREN": "a=b"])
    XCTAssertEqual(other.output, "a=b:\n")
  }

  func testItsFolder() throws {
    let real = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
    XCTAssertEqual(try shell("pwd -P", folder: directory).output, real + "\n")
    XCTAssertEqual(
      try shell("pwd -P").output,
      URL(fileURLWithPath: FileManager.default.currentDirectoryPath).resolvingSymlinksInPath().path
        + "\n"
    )
  }

  /// What this process does with a signal is not for others.
  func testSignalsHaveTheirUsualMeaning() throws {
    let before = signal(SIGUSR1, SIG_IGN)
    defer { signal(SIGUSR1, before) }
    XCTAssertEqual(try shell("kill -USR1 $$; echo alive").ending, .signalled(SIGUSR1))
  }

  // MARK: What it leaves behind

  func testItIsTheLeaderOfASession() throws {
    let process = try ChildProcess("/bin/sleep", ["sleep", "1000"])
    defer {
      process.kill()
      _ = process.wait()
    }
    XCTAssertEqual(getsid(process.id), process.id)
    XCTAssertNotEqual(getsid(0), process.id)
  }

  func testProgramsThatItLeftBehindEndWithIt() throws {
    // Two that run, and one that heeds no signal.
    let run = try shell(
      """
      sleep 976 & echo $!
      sleep 977 & echo $!
      (trap '' HUP INT TERM; sleep 978) & echo $!
      """
    )
    let processes = run.output.split(separator: "\n").compactMap { Int32($0) }
    XCTAssertEqual(processes.count, 3, run.output)
    XCTAssertEqual(Self.alive(processes), [])
  }

  func testProgramsEndWhenItIsKilled() throws {
    let (reading, writing) = try SystemFile.pipe()
    let process = try withExtendedLifetime(writing) {
      try ChildProcess(
        "/bin/sh",
        ["sh", "-c", "sleep 979 & echo $!; wait"],
        descriptors: [STDOUT_FILENO: writing.descriptor]
      )
    }
    var buffer = [UInt8](repeating: 0, count: 100)
    let count = read(reading.descriptor, &buffer, buffer.count)
    let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let sleeper = try XCTUnwrap(Int32(text.trimmingCharacters(in: .newlines)))
    XCTAssertTrue(Self.isAlive(sleeper))
    process.kill()
    XCTAssertEqual(process.wait(), .signalled(SIGKILL))
    XCTAssertEqual(Self.alive([sleeper]), [])
  }

  func testNothingIsLeft() async throws {
    try await assertLeavesNothing {
      for index in 0..<50 {
        let script = ["exit 0", "exit 1", "kill -9 $$", "sleep 980 & exit 0"][index % 4]
        _ = try self.shell(script, descriptors: [5: STDERR_FILENO])
        XCTAssertThrowsError(try ChildProcess(self.directory + "/none", ["none"]))
      }
    }
  }
}
