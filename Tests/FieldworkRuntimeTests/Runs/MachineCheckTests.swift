import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// What the machine has to have before a run begins.
final class MachineCheckTests: RuntimeTestCase {
  private func problems(
    _ devices: DeviceList?,
    count: Int?,
    folder: ResearchFolder? = nil,
    space: DiskSpace? = nil
  ) -> [String] {
    let research = Research("test", devices: devices, file: "Play/Play.swift", line: 7) {
      Unit("u") { _ in 1 }
    }
    let check = MachineCheck(
      research,
      folder: folder,
      space: { _ in space },
      deviceCount: { count }
    )
    return check.problems.map(\.description)
  }

  private func missing(_ devices: String, _ known: String) -> [String] {
    [
      "Play/Play.swift:7: error: the research asks for \(devices), but the machine has \(known); change devices: or --devices"
    ]
  }

  /// Refused if and only if a number is beyond the count, wherever it stands.
  func testNumbersOfDevices() {
    for number in 0...4 {
      for count in 0...4 {
        for list in [.number(number), [.number(number)], [[0, .list([.number(number)])]]]
          as [DeviceList]
        {
          let isSound = number < count
          XCTAssertEqual(problems(list, count: count).isEmpty, isSound, "\(list) of \(count)")
        }
      }
    }
    XCTAssertEqual(problems([0, 1, 2], count: 1), missing("devices 1, 2", "1 device, number 0"))
    XCTAssertEqual(problems([[4], [4]], count: 2), missing("device 4", "2 devices, from 0 on"))
    XCTAssertEqual(problems("cuda:3", count: 0), missing("device 3", "none"))
  }

  func testWhatCannotBeKnown() {
    XCTAssertEqual(problems([0, 8], count: nil), [])
    XCTAssertEqual(problems(["cpu", "GPU-1", nil], count: 0), [])
    XCTAssertEqual(problems(nil, count: 0), [])
  }

  /// Nobody is asked for devices where none are wanted.
  func testDevicesAreAskedForOnlyIfWanted() {
    let asked = Shared(0)
    let research = Research("test") { Unit("u") { _ in 1 } }
    let check = MachineCheck(
      research,
      folder: nil,
      space: { _ in nil },
      deviceCount: {
        asked.change { $0 += 1 }
        return 0
      }
    )
    XCTAssertEqual(check.problems, [])
    XCTAssertEqual(asked.value, 0)
  }

  func testTheCommandsOfSlurmHaveToBeThere() {
    func problems(_ engine: ResearchEngine, missing: [String]) -> [String] {
      let research = Research(
        "test",
        engine: engine,
        devices: [7],
        file: "Play/Play.swift",
        line: 7
      ) {
        Unit("u") { _ in 1 }
      }
      let check = MachineCheck(
        research,
        folder: nil,
        space: { _ in nil },
        deviceCount: { 8 },
        missingCommands: { missing }
      )
      return check.problems.map(\.description)
    }
    XCTAssertEqual(problems(.local, missing: ["sbatch"]), [])
    XCTAssertEqual(problems(.slurm(), missing: []), [])
    XCTAssertEqual(
      problems(.slurm(tasks: 2), missing: ["sbatch", "squeue"]),
      [
        "Play/Play.swift:7: error: workers are to run in jobs of Slurm, but the commands sbatch, squeue cannot be found in PATH; run on a machine that submits jobs, load the module of Slurm, or run with --engine local"
      ]
    )
  }

  func testTheFolderIsLookedAt() {
    let folder = ResearchFolder(directory: directory, name: "test")
    XCTAssertEqual(
      problems([3], count: 1, folder: folder, space: DiskSpace(bytes: 0)),
      [
        "error: there is no space left on the disk of \(folder.path); make room, or choose another directory"
      ] + missing("device 3", "1 device, number 0")
    )
    XCTAssertEqual(problems(nil, count: nil, space: DiskSpace(bytes: 0)), [], "in memory")
  }

  func testCountsOfDevices() throws {
    func count(_ script: String) throws -> Int? {
      try XCTUnwrap(NVIDIAProgram(searchPath: try program(script))).count()
    }
    XCTAssertEqual(try count("echo 0; echo 1; echo 3"), 4, "device 2 is lost")
    XCTAssertEqual(try count("echo 0"), 1)
    XCTAssertNil(try count("true"))
    XCTAssertNil(try count("echo 'No devices were found'"))
    XCTAssertThrowsError(try count("exit 6"))
    XCTAssertEqual(try NVIDIALibrary(try library()).count(), 3)
  }
}
