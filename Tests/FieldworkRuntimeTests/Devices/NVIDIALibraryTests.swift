import FieldworkCore
import Foundation
import XCTest

@testable import FieldworkRuntime

final class NVIDIALibraryTests: RuntimeTestCase {
  func testFreeShares() throws {
    let library = try NVIDIALibrary(try library())
    for device in ["0", "cuda:0", "GPU-zero"] {
      XCTAssertEqual(try library.freeShare(of: device), 0.75, device)
    }
  }

  func testDescriptionsTellWhatCanBeTold() throws {
    let library = try NVIDIALibrary(try library())
    XCTAssertEqual(
      try library.descriptions(),
      ["Model 0, 40.0 GiB", "Model 1", "unreadable device"]
    )
  }

  func testDevicesThatCannotBeAsked() async throws {
    let library = try NVIDIALibrary(try library())
    let cases = [
      ("1", "memory of the device 1 is unknown (Not Supported)"),
      ("2", "does not find the device 2; the machine has 3 devices, numbered from 0 (GPU is lost)"),
      ("3", "does not find the device 3"), ("3", "(Invalid Argument)"),
      ("99999999999", "does not find the device 99999999999"),
      ("GPU-one", "does not find the device GPU-one"), ("GPU-one", "(Not Found)"),
      ("cpu", "'cpu' is not an NVIDIA device"), ("cuda:", "'cuda:' is not an NVIDIA device"),
    ]
    for (device, message) in cases {
      await assertThrows(.device, message) { try library.freeShare(of: device) }
    }
  }

  func testMoreFreeThanThereIsIsRefused() async throws {
    let library = try NVIDIALibrary(try library("-DNONSENSE"))
    await assertThrows(.device, "the free memory of the device 0 is unknown") {
      try library.freeShare(of: "0")
    }
  }

  func testTheLibraryIsStartedAndEndedOnce() throws {
    let path = try library()
    do {
      let library = try NVIDIALibrary(path)
      _ = try library.freeShare(of: "0")
      _ = try library.freeShare(of: "0")
    }
    XCTAssertEqual(try String(contentsOfFile: directory + "/log", encoding: .utf8), "start\nend\n")
  }

  func testALibraryThatDoesNotStartIsNotEnded() async throws {
    let path = try library("-DSTART=9")
    await assertThrows(.device, "does not start (Driver Not Loaded)") { try NVIDIALibrary(path) }
    XCTAssertFalse(FileManager.default.fileExists(atPath: directory + "/log"))
    let nameless = try library("-DSTART=77")
    await assertThrows(.device, "does not start (error 77)") { try NVIDIALibrary(nameless) }
  }

  func testLibrariesThatCannotBeUsed() async throws {
    let missing = directory + "/missing.so"
    await assertThrows(.device, "\(missing) cannot be loaded") { try NVIDIALibrary(missing) }
    let text = directory + "/text.so"
    try "no library".write(toFile: text, atomically: false, encoding: .utf8)
    await assertThrows(.device, "\(text) cannot be loaded") { try NVIDIALibrary(text) }
    let old = try library("-DNO_COUNT")
    await assertThrows(.device, "has no nvmlDeviceGetCount_v2") { try NVIDIALibrary(old) }
  }

  func testSeveralThreadsAskAtOnce() async throws {
    let library = try NVIDIALibrary(try library())
    let shares = try await withThrowingTaskGroup(of: Double.self) { group in
      for _ in 0..<50 { group.addTask { try library.freeShare(of: "0") } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    XCTAssertEqual(shares, [0.75])
  }
}
