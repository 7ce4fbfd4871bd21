import Foundation
import GRDB
import XCTest

@testable import Fieldwork
@testable import FieldworkStore

/// What stands in the way of a run: results of another definition, files that are no store, and
/// deleting without being told to.
final class CommandLineStoreTests: CommandLineTestCase {
  private func makeFolder(_ name: String) throws -> URL {
    let folder = directory.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent("research.sqlite")
  }

  func testDamagedStore() throws {
    try Data("this is no database".utf8).write(to: try makeFolder("small"))
    let message =
      "error: the store DIR/small/research.sqlite is damaged or no store at all "
      + "(file is not a database); move it away, or start over with --fresh"
    for command in ["run", "results", "configs"] { try assertRefused(command, saying: message) }
    XCTAssertEqual(try runPlaybook("--fresh", "--yes").status, 0)
  }

  func testDatabaseOfAnotherProgram() throws {
    let file = try makeFolder("small")
    let other = try DatabaseQueue(path: file.path)
    try other.write { try $0.execute(sql: "CREATE TABLE other (x)") }
    try other.close()
    let before = try Data(contentsOf: file)
    let message = "error: DIR/small/research.sqlite is a database, but not a store of Fieldwork"
    for command in ["run", "results", "configs"] { try assertRefused(command, saying: message) }
    XCTAssertEqual(try Data(contentsOf: file), before, "it is left as it was")
  }

  func testNoResults() throws {
    try assertRefused(
      "results",
      saying: "error: there are no results in DIR/small; run the research first"
    )
    try assertRefused("remove", "--yes", saying: "error: there are no results in DIR/small")
  }

  func testNothingIsDeletedWithoutBeingAsked() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    let size = Wording.bytes(
      ResearchFolder(directory: directory.path, name: "small").extent().bytes
    )
    try assertRefused(
      "remove",
      saying:
        "error: nothing was removed: add --yes to remove the results in DIR/small (4 experiments, \(size))"
    )
    try assertRefused(
      "--fresh",
      saying:
        "error: --fresh removes the results in DIR/small (4 experiments, \(size)): add --yes to say so"
    )
    XCTAssertTrue(try runPlaybook().output.contains("0 experiments done, 4 already stored"))
    XCTAssertTrue(
      try runPlaybook("--fresh", "--yes").output.contains("small: 4 experiments done in")
    )
    let removed = try runPlaybook("remove", "--yes")
    XCTAssertEqual(removed.status, 0)
    XCTAssertTrue(
      removed.output.hasPrefix(
        "removed \(directory.path)/small; they are in \(directory.path)/.trash/small-"
      ),
      removed.output
    )
    // Those that --fresh has replaced are there, too.
    let trash = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/.trash")
    XCTAssertEqual(trash.count, 2)
    for name in trash {
      let results = try ResearchResults.load("\(directory.path)/.trash/\(name)")
      XCTAssertEqual(results.experiments.count, 4)
    }
    XCTAssertFalse(FileManager.default.fileExists(atPath: directory.path + "/small"))
  }

  func testChangedIterationsAreRefusedUnlessToldToGoOn() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    let message = """
      error: the research 'small' has changed since its results were begun:
        - iterations 2, finalize true
        + iterations 3, finalize true
      Start over with --fresh, go on with the stored results with --continue, or give the research \
      another name.
      """
    try assertRefused("--iterations", "3", saying: message)
    try assertRefused("--iterations", "3", "--debug", saying: message)
    let continued = try runPlaybook("--iterations", "3", "--continue")
    XCTAssertEqual(continued.status, 0)
    XCTAssertTrue(continued.output.contains("4 already stored"), continued.output)
  }

  func testChangedUnitsAreRefused() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    try assertRefused(
      research: "other-units",
      saying: """
        error: the research 'small' has changed since its results were begun:
          - function 'train', .every(1), saving loss
          + function 'fit', .every(1), saving loss
        Start over with --fresh, go on with the stored results with --continue, or give the \
        research another name.
        """
    )
  }

  func testAnotherSeedIsRefused() throws {
    XCTAssertEqual(try runPlaybook("--seed", "3").status, 0)
    XCTAssertEqual(try runPlaybook("--seed", "3").status, 0)
    let message =
      "leave out the seed, start over with --fresh, or give the research another name"
    try assertRefused(
      "--seed",
      "4",
      saying: "error: the results of 'small' were begun with seed 3, not 4; \(message)"
    )
    try assertRefused(
      research: "seeded",
      saying: "error: the results of 'small' were begun with seed 3, not 7; \(message)"
    )
  }
}
