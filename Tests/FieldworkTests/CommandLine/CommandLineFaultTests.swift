import FieldworkRuntime
import Foundation
import GRDB
import XCTest

@testable import FieldworkStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run does when its store goes or its disk is full, and what `verify` says of stores.
final class CommandLineFaultTests: CommandLineTestCase {
  private func shown(_ run: ProcessRun) -> String {
    (run.output + run.error).replacingOccurrences(of: directory.path, with: "DIR")
  }

  private func startAtGate() throws -> (run: RunningProcess, gate: FileHandle) {
    let path = directory.appendingPathComponent("gate").path
    guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let run = try start(research: "slow", gate: path)
    // Opening it waits until an experiment runs.
    return (run, try XCTUnwrap(FileHandle(forWritingAtPath: path)))
  }

  func testAStoreThatIsDeletedMeanwhileEndsTheRun() throws {
    let (run, gate) = try startAtGate()
    try FileManager.default.removeItem(atPath: directory.path + "/slow")
    try gate.write(contentsOf: Data([1, 1, 1, 1]))
    let ended = try run.finish()
    XCTAssertEqual(ended.status, 2, shown(ended))
    XCTAssertTrue(
      shown(ended).contains(
        "error: the store DIR/slow/research.sqlite was deleted or replaced while it was being written"
      ),
      shown(ended)
    )
    let again = try runPlaybook(research: "slow")
    XCTAssertEqual(again.status, 0)
    XCTAssertTrue(again.output.contains("slow: 4 experiments done in"), again.output)
  }

  func testAFullDiskEndsTheRunAndAnotherGoesOn() throws {
    // Beyond a limit for files, writing fails as on a full disk.
    func limited(_ blocks: Int) throws -> ProcessRun {
      try ProcessRun(
        URL(fileURLWithPath: "/bin/sh"),
        [
          "-c", "trap '' XFSZ; ulimit -f \(blocks); exec \"$0\" \"$@\"",
          Self.executable("TestPlaybook").path, "--directory", directory.path, "--provenance",
          "none",
        ],
        environment: ["TEST_PLAYBOOK": "small"]
      )
    }
    let first = try limited(16)
    XCTAssertEqual(first.status, 2, shown(first))
    XCTAssertTrue(shown(first).contains("the disk is full, gone or damaged"), shown(first))
    let second = try runPlaybook()
    XCTAssertEqual(second.status, 0, shown(second))
    XCTAssertEqual(try runPlaybook("verify").status, 0)
    XCTAssertEqual(rows(try runPlaybook("results", "--format", "csv").output).count, 8)
  }

  func testDurability() throws {
    let power = try runPlaybook("--durability", "power")
    XCTAssertEqual(power.status, 0, shown(power))
    XCTAssertTrue(try runPlaybook("--durability", "process").output.contains("4 already stored"))
    try assertRefused(
      "--store",
      "memory",
      "--durability",
      "power",
      saying: "error: --store memory survives nothing: leave out --durability power"
    )
  }

  // MARK: verify

  func testASoundStore() throws {
    try assertRefused(
      "verify",
      saying: "error: there are no results in DIR/small; run the research first"
    )
    XCTAssertEqual(try runPlaybook().status, 0)
    let verified = try runPlaybook("verify")
    XCTAssertEqual(verified.status, 0)
    XCTAssertEqual(shown(verified), "DIR/small is sound: 4 experiments (4 done)\n")
    let json = try runPlaybook("verify", "--json")
    XCTAssertEqual(
      shown(json),
      """
      {"experiments":{"done":4},"findings":[],"folder":"DIR/small","running":false,"sound":true}

      """
    )
  }

  func testWhatIsWrongIsSaid() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    let database = try DatabaseQueue(path: directory.path + "/small/research.sqlite")
    try database.write {
      try $0.execute(sql: "UPDATE experiment SET state = 'running' WHERE ordinal = 1")
      try StoredChecksum.sealAll($0)
    }
    let id = try database.read {
      try String.fetchOne($0, sql: "SELECT id FROM experiment WHERE ordinal = 1")
    }
    try database.close()
    try Data("text".utf8).write(
      to: directory.appendingPathComponent("small/.stdout.txt.999999")
    )
    let verified = try runPlaybook("verify")
    XCTAssertEqual(verified.status, 0)
    XCTAssertEqual(
      shown(verified),
      """
      note: 1 experiment was running when the process that ran it ended: \(id ?? "")
        → run the research again: what was interrupted runs anew
      note: what units printed before their process died is still in hidden files: .stdout.txt.999999
        → run the research again: it puts them where they belong
      DIR/small is sound: 4 experiments (1 running, 3 done)

      """
    )
    XCTAssertEqual(try runPlaybook("verify", "--json").status, 0)
    XCTAssertEqual(try runPlaybook().status, 0)
    let mended = try runPlaybook("verify")
    XCTAssertEqual(mended.status, 0, shown(mended))
  }

  func testVerifyingWhileARunWrites() throws {
    let (run, gate) = try startAtGate()
    let verified = try runPlaybook("verify", research: "slow")
    XCTAssertEqual(verified.status, 0, shown(verified))
    XCTAssertTrue(shown(verified).hasSuffix("a run is writing it now\n"), shown(verified))
    try gate.write(contentsOf: Data([1, 1, 1, 1]))
    XCTAssertEqual(try run.finish().status, 0)
  }

  func testAKilledRunIsFoundInterruptedAndGoesOn() throws {
    let (run, gate) = try startAtGate()
    kill(run.process.id, SIGKILL)
    let killed = try run.finish()
    try gate.close()
    XCTAssertTrue(killed.wasKilled)
    // Whether its beginning was stored depends on when it was killed.
    XCTAssertLessThan(try runPlaybook("verify", research: "slow").status, 2)
    let second = try runPlaybook(research: "slow")
    XCTAssertEqual(second.status, 0, shown(second))
    XCTAssertEqual(try runPlaybook("verify", research: "slow").status, 0)
  }
}
