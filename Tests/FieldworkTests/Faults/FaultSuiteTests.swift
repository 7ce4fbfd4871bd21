import Fieldwork
import FieldworkRuntime
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Processes of runs with a known answer are killed at random moments, and the same command is given again
/// until everything is done: the table is that of an undisturbed run, nothing that was stored as done has
/// run twice, nothing is missing, no process is left.
///
/// `FIELDWORK_FAULTS=1000` is the number of kills; `make faults` asks for that many.
final class FaultSuiteTests: FaultTestCase {
  private static let count = 40
  private static var kills: Int {
    ProcessInfo.processInfo.environment["FIELDWORK_FAULTS"].flatMap { Int($0) } ?? 200
  }
  private static var seed: UInt64 {
    ProcessInfo.processInfo.environment["FIELDWORK_SEED"].flatMap { UInt64($0) }
      ?? .random(in: 0..<1_000_000)
  }

  /// The number of interrupted stores of which all commands were compared.
  private var agreements = 0

  /// A run of `known-answer` in a folder of its own.
  private struct Round {
    let directory: String
    let arguments: [String]

    var all: [String] {
      arguments + ["--no-progress", "--provenance", "none", "--directory", directory]
    }
    var journal: String { directory + "/journal" }
    var folder: ResearchFolder { ResearchFolder(directory: directory, name: "known-answer") }
  }

  private func round(_ name: String, _ arguments: [String] = []) throws -> Round {
    let round = Round(directory: "\(directory.path)/\(name)", arguments: arguments)
    try FileManager.default.createDirectory(
      atPath: round.directory,
      withIntermediateDirectories: true
    )
    return round
  }

  /// - Parameter pause: how long an iteration takes, in microseconds.
  private func start(_ round: Round, pause: Int = 2_000) throws -> RunningProcess {
    try begin(
      "known-answer",
      round.all,
      environment: [
        "TEST_COUNT": "\(Self.count)", "TEST_PAUSE": "\(pause)", "TEST_JOURNAL": round.journal,
      ]
    )
  }

  private func table(_ round: Round) throws -> String {
    let arguments = ["results", "--format", "csv", "--directory", round.directory]
    return try ProcessRun(
      Self.executable("TestPlaybook"),
      arguments,
      environment: ["TEST_PLAYBOOK": "known-answer", "TEST_COUNT": "\(Self.count)"]
    ).output
  }

  private func undisturbed() throws -> String {
    let round = try round("undisturbed")
    let ended = try start(round).finish()
    XCTAssertEqual(ended.status, 0, ended.error)
    let table = try table(round)
    XCTAssertEqual(rows(table).count, Self.count * 2 * 3)
    return table
  }

  /// The ids of the experiments that are stored as done.
  private func done(_ round: Round) throws -> Set<String> {
    guard round.folder.hasStore else { return [] }
    let results: ResearchResults
    do {
      results = try ResearchResults.load(round.folder.path)
    } catch {
      // A store whose making was cut off has nothing in it.
      return []
    }
    return Set(results.experiments.filter { $0.state == .done }.map(\.id)).union(sent(round))
  }

  /// The ids of the experiments that workers have finished in files which their run has not read to the end.
  private func sent(_ round: Round) -> Set<String> {
    let folder = round.folder.path + "/.workers"
    var done: Set<String> = []
    for session in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(session)/outbox") else {
        continue
      }
      var reader = FrameReader()
      reader.feed(data)
      while let frame = try? reader.next() {
        var bytes = ByteReader(frame.content)
        // Ids have no prefixes here, so they are the keys.
        if case .ended(let key, let ending, _, _)? = try? RunRecord(from: &bytes),
          ending.state == .done
        {
          done.insert(key)
        }
      }
    }
    return done
  }

  /// The ids of experiments that have begun, in order, from a line of the journal on.
  private func begun(_ round: Round, after lines: Int) -> [String] {
    journal(round).dropFirst(lines).filter { $0.hasPrefix("begins ") }
      .map { String($0.dropFirst(7)) }
  }

  private func journal(_ round: Round) -> [Substring] {
    ((try? text(round.journal)) ?? "").split(separator: "\n")
  }

  /// Runs the same command until everything is done.
  /// - Parameter disturb: does something to a run, until that has ended.
  private func runUntilDone(
    _ round: Round,
    _ what: String,
    disturb: (RunningProcess) throws -> Void
  ) throws {
    for attempt in 0..<500 {
      if attempt > 0, agreements < 8 {
        agreements += 1
        try agreement(round).check(what)
      }
      let (before, lines) = (try done(round), journal(round).count)
      let running = try start(round)
      try disturb(running)
      let ended = try running.finish()
      XCTAssertEqual(mark.waitUntilGone(), [], "\(what): processes are left")
      let twice = before.intersection(begun(round, after: lines))
      XCTAssertEqual(twice, [], "\(what): stored as done, and run again")
      XCTAssertTrue(
        before.isSubset(of: try done(round)),
        "\(what): what was stored as done is so no more"
      )
      if ended.wasKilled { continue }
      switch ended.status {
      case 0: return
      case 1, 130: break
      case 2:
        // Three processes of a worker in a row were killed before they had begun anything.
        let message = "worker processes end before they run anything"
        XCTAssertTrue(ended.error.contains(message), "\(what): \(ended.error)")
      default: XCTFail("\(what): exit code \(ended.status): \(ended.error)")
      }
    }
    XCTFail("\(what): it is not done after 500 runs")
  }

  private func agreement(_ round: Round) -> CountAgreement {
    CountAgreement { arguments in
      try ProcessRun(
        Self.executable("TestPlaybook"),
        arguments + ["--directory", round.directory],
        environment: ["TEST_PLAYBOOK": "known-answer", "TEST_COUNT": "\(Self.count)"]
      )
    }
  }

  private func check(_ round: Round, _ table: String, _ what: String) throws {
    XCTAssertEqual(try self.table(round), table, what)
    let results = try ResearchResults.load(round.folder.path)
    XCTAssertEqual(results.experiments.count, Self.count * 2, what)
    XCTAssertTrue(results.experiments.allSatisfy { $0.state == .done }, what)
    XCTAssertEqual(results.failures.count, 0, what)
    let files = try FileManager.default.contentsOfDirectory(atPath: round.folder.path)
    XCTAssertEqual(files.filter { $0.hasPrefix(".") }, [], "\(what): hidden files")
    let lines = journal(round).count
    let again = try start(round).finish()
    XCTAssertEqual(again.status, 0, what)
    XCTAssertEqual(journal(round).count, lines, "\(what): nothing is left to run")
  }

  func testKills() throws { try checkKills(Self.kills, "sockets") }

  /// Workers that are reached through files, as on a cluster.
  func testKillsOfWorkersBehindFiles() throws { try checkKills(Self.kills / 4, "files") }

  private func checkKills(_ count: Int, _ transport: String) throws {
    let (seed, table) = (Self.seed, try undisturbed())
    var random = RandomStream(Philox(seed: seed))
    var (kills, signals, rounds, started) = (0, 0, 0, 0)
    let began = Date()
    while kills < count {
      let workers = random.integer(1...3)
      let retries = random.integer(0...1) == 1
      let round = try round(
        "round\(rounds)",
        ["--workers", "\(workers)", "--keep-going", "--transport", transport]
          + (retries ? ["--retry-deaths", "1000"] : [])
      )
      rounds += 1
      let limit = min(kills + random.integer(5...40), count)
      let what = "\(transport), seed \(seed), round \(rounds)"
      try runUntilDone(round, what) { running in
        started += 1
        while kills < limit {
          let pause = Duration.milliseconds(random.integer(1...60))
          if running.process.wait(for: pause) != nil { return }
          let workers = mark.children(of: running.process.id)
          switch random.integer(0...35) {
          case 0...2:
            running.signal(SIGKILL)
            kills += 1
            return
          case 3:
            // A stopped process does not see that the one is gone that it works for.
            for worker in workers { kill(worker, SIGSTOP) }
            running.signal(SIGKILL)
            kills += 1
            return
          case 4:
            // What a scheduler sends to all processes.
            for process in workers + [running.process.id] { kill(process, SIGTERM) }
            signals += 1
            return
          case 5, 6:
            running.signal(SIGSTOP)
            for worker in workers where random.integer(0...1) == 0 {
              if kill(worker, SIGKILL) == 0 { kills += 1 }
            }
            usleep(UInt32(random.integer(0...20_000)))
            running.signal(SIGCONT)
            signals += 1
          case 7, 8:
            guard let worker = workers.randomElement(using: &random) else { continue }
            kill(worker, SIGSTOP)
            usleep(UInt32(random.integer(0...20_000)))
            kill(worker, SIGCONT)
            signals += 1
          default:
            guard let worker = workers.randomElement(using: &random) else { continue }
            if kill(worker, SIGKILL) == 0 { kills += 1 }
          }
        }
      }
      try check(round, table, what)
      try FileManager.default.removeItem(atPath: round.directory)
    }
    let minutes = Date().timeIntervalSince(began) / 60
    print(
      "\(transport): \(kills) kills, \(signals) other signals, \(started) runs, \(rounds) rounds, \(Int(Double(kills) / minutes)) kills a minute"
    )
  }

  func testInterruptsAtRandomMoments() throws {
    let (seed, table) = (Self.seed, try undisturbed())
    let random = RandomStream(Philox(seed: seed))
    for number in 0..<max(4, Self.kills / 40) {
      let round = try round("interrupted\(number)", ["--workers", "2"])
      let what = "seed \(seed), \(number)"
      var count = 0
      try runUntilDone(round, what) { running in
        count += 1
        guard count < 6 else { return }
        let pause = Duration.milliseconds(random.integer(1...400))
        guard running.process.wait(for: pause) == nil else { return }
        running.interrupt()
        guard random.integer(0...1) == 1 else { return }
        let second = Duration.milliseconds(random.integer(0...20))
        guard running.process.wait(for: second) == nil else { return }
        running.interrupt()
      }
      try check(round, table, what)
    }
  }

  func testASecondRunDisturbsNothing() throws {
    let table = try undisturbed()
    let round = try round("twice", ["--workers", "2"])
    let first = try start(round, pause: 30_000)
    while !journal(round).contains(where: { $0.hasPrefix("ends") }) { usleep(5_000) }
    // It must not end meanwhile, however slow the machine is.
    first.signal(SIGSTOP)
    for _ in 0..<2 {
      let second = try start(round).finish()
      XCTAssertEqual(second.status, 2)
      XCTAssertTrue(
        second.error.contains("is being written by process \(first.process.id)"),
        second.error
      )
      XCTAssertFalse(try self.table(round).isEmpty, "reading is allowed")
    }
    first.signal(SIGCONT)
    XCTAssertEqual(try first.finish().status, 0)
    try check(round, table, "two at once")
  }

  /// A disk that is full in the middle of a run, where a test may make one.
  func testAFullDisk() throws {
    let disk = directory.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let mount = try ProcessRun(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", disk]
    )
    try XCTSkipIf(mount.status != 0, "no disk can be mounted here: \(mount.error)")
    defer { _ = try? ProcessRun(URL(fileURLWithPath: "/usr/bin/env"), ["umount", "-l", disk]) }
    let table = try undisturbed()
    let round = Round(directory: disk, arguments: ["--workers", "2", "--log-level", "critical"])
    let first = try start(round).finish()
    XCTAssertEqual(first.status, 2, first.error)
    XCTAssertTrue(first.error.contains("error: "), first.error)
    XCTAssertEqual(mark.waitUntilGone(), [])
    let before = try done(round)
    let enlarged = try ProcessRun(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["mount", "-o", "remount,size=50m", disk]
    )
    XCTAssertEqual(enlarged.status, 0, enlarged.error)
    XCTAssertTrue(before.isSubset(of: try done(round)))
    try runUntilDone(round, "with room") { _ in }
    try check(round, table, "with room")
  }
}
