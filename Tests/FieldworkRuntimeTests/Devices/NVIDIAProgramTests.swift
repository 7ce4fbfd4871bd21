import FieldworkCore
import Foundation
import XCTest

@testable import FieldworkRuntime

final class NVIDIAProgramTests: RuntimeTestCase {
  private let devices = """
    echo '0, GPU-zero, 30000, 40000'
    echo '1, GPU-one, [N/A], [N/A]'
    echo '10, GPU-ten, 0, 40000'
    echo '11, GPU-full, 40000, 40000'
    """

  private func program(
    running script: String,
    limit: Double = 60
  ) throws -> NVIDIAProgram {
    try XCTUnwrap(NVIDIAProgram(searchPath: try program(script), limit: limit))
  }

  func testFreeShares() throws {
    let program = try program(running: devices)
    let shares: [(String, Double)] = [
      ("0", 0.75), ("cuda:0", 0.75), ("GPU-zero", 0.75), ("10", 0), ("cuda:10", 0),
      ("GPU-full", 1),
    ]
    for (device, share) in shares {
      XCTAssertEqual(try program.freeShare(of: device), share, device)
    }
  }

  func testTheProgramIsAskedForWhatIsRead() throws {
    let check = """
      test $# = 2 && test "$2" = --format=csv,noheader,nounits || exit 1
      case "$1" in
      --query-gpu=index,uuid,memory.free,memory.total) echo '0, GPU-zero, 1, 2' ;;
      --query-gpu=memory.total,name)
        echo '81559, NVIDIA H100 80GB HBM3'
        echo '[N/A], NVIDIA, with a comma' ;;
      *) exit 1 ;;
      esac
      """
    let program = try program(running: check)
    XCTAssertEqual(try program.freeShare(of: "0"), 0.5)
    XCTAssertEqual(
      try program.descriptions(),
      ["NVIDIA H100 80GB HBM3, 79.6 GiB", "NVIDIA, with a comma"]
    )
  }

  func testDevicesThatCannotBeAsked() async throws {
    let program = try program(running: devices)
    let cases = [
      ("1", "the free memory of the device 1 is unknown"), ("1", "printed [N/A] of [N/A]"),
      ("2", "does not know the device 2; it knows 0 (GPU-zero), 1 (GPU-one), 10 (GPU-ten)"),
      ("GPU-two", "does not know the device GPU-two"),
      ("MIG-a", "does not know the device MIG-a"),
      ("cpu", "'cpu' is not an NVIDIA device"), ("", "'' is not an NVIDIA device"),
    ]
    for (device, message) in cases {
      await assertThrows(.device, message) { try program.freeShare(of: device) }
    }
  }

  func testGarbageIsRefused() async throws {
    let outputs: [(String, String)] = [
      ("echo 'No devices were found'", "printed \"No devices were found\""),
      ("echo '0, GPU-zero, 1'", "printed \"0, GPU-zero, 1\""),
      ("echo '0, GPU-zero, 1, 2, 3'", "printed \"0, GPU-zero, 1, 2, 3\""),
      ("echo ', , , '", "printed \", , , \""),
      ("head -c 5000 /dev/zero", "printed \""),
      ("printf '\\377\\376\\n'", "printed"),
      ("echo '0, GPU-zero, 3, 2'", "printed 3 of 2"),
      ("echo '0, GPU-zero, 0, 0'", "printed 0 of 0"),
      ("echo '0, GPU-zero, -1, 2'", "printed -1 of 2"),
      ("echo '0, GPU-zero, nan, nan'", "printed nan of nan"),
      ("echo '0, GPU-zero, 1, inf'", "printed 1 of inf"),
      (":", "it knows none"), ("echo; echo ' '", "it knows none"),
    ]
    for (script, message) in outputs {
      let program = try program(running: script)
      await assertThrows(.device, message) { try program.freeShare(of: "0") }
    }
  }

  func testOtherLinesAreNoDescriptions() throws {
    let lines = "echo 'No devices were found'; echo; echo 'Sorry, none'; echo '1024, A'"
    XCTAssertEqual(try program(running: lines).descriptions(), ["A, 1.0 GiB"])
  }

  func testALineThatIsNoDeviceHidesNone() throws {
    let program = try program(running: "echo 'Warning: something'; \(devices)")
    XCTAssertEqual(try program.freeShare(of: "0"), 0.75)
  }

  func testFailures() async throws {
    let scripts: [(String, [String])] = [
      ("echo 'cannot reach the driver'; exit 9", ["exit code 9", "cannot reach the driver"]),
      ("echo 'shared library' >&2; exit 127", ["exit code 127", "shared library"]),
      ("exit 1", ["failed with exit code 1"]),
      ("\(devices)\nexit 3", ["exit code 3"]),
      ("kill -11 $$", ["failed with signal 11"]),
    ]
    for (script, messages) in scripts {
      let program = try program(running: script)
      for message in messages {
        await assertThrows(.device, message) { try program.freeShare(of: "0") }
        await assertThrows(.device, message) { try program.descriptions() }
      }
    }
  }

  /// More than a pipe holds, on both streams.
  func testAProgramThatPrintsMuchEnds() throws {
    let much = "head -c 300000 /dev/zero | tr '\\0' 'x'"
    let program = try program(running: "\(devices)\n\(much) >&2\n\(much)")
    XCTAssertEqual(try program.freeShare(of: "0"), 0.75)
  }

  func testAProgramReadsNoInput() throws {
    XCTAssertEqual(try program(running: "cat\n\(devices)").freeShare(of: "0"), 0.75)
  }

  func testAProgramThatDoesNotEndIsGivenUp() async throws {
    let program = try program(running: "trap '' TERM\nexec sleep 1000", limit: 0.2)
    await assertThrows(.device, "did not end in 0.2 seconds") { try program.freeShare(of: "0") }
  }

  func testAProgramThatCannotBeStarted() async throws {
    let folder = try program("")
    try "#!/no/such/shell\n"
      .write(toFile: folder + "/nvidia-smi", atomically: false, encoding: .utf8)
    let program = try XCTUnwrap(NVIDIAProgram(searchPath: folder))
    await assertThrows(.device, "nvidia-smi") { try program.freeShare(of: "0") }
  }

  func testTheFirstExecutableOfTheSearchPathIsTaken() throws {
    let folder = try program("echo '0, GPU-zero, 1, 4'")
    let later = try program("echo '0, GPU-zero, 1, 2'")
    let withFolder = directory + "/with-folder"
    try FileManager.default.createDirectory(
      atPath: withFolder + "/nvidia-smi",
      withIntermediateDirectories: true
    )
    let notExecutable = directory + "/not-executable"
    try FileManager.default.createDirectory(
      atPath: notExecutable,
      withIntermediateDirectories: true
    )
    try "text".write(
      toFile: notExecutable + "/nvidia-smi",
      atomically: false,
      encoding: .utf8
    )
    let path = "/no/such/folder::\(withFolder):\(notExecutable):\(folder):\(later)"
    let program = try XCTUnwrap(NVIDIAProgram(searchPath: path))
    XCTAssertEqual(try program.freeShare(of: "0"), 0.25)
    XCTAssertNil(NVIDIAProgram(searchPath: ""))
    XCTAssertNil(NVIDIAProgram(searchPath: "\(withFolder):\(directory)"))
  }
}
