import FieldworkCore
import XCTest

@testable import FieldworkRuntime

final class DeviceMemoryTests: RuntimeTestCase {
  private func missing() -> String { directory + "/missing.so" }

  func testTheLibraryIsPreferred() throws {
    let folder = try program("echo '0, GPU-zero, 1, 2'")
    let reader = DeviceMemory.nvidia(library: try library(), searchPath: folder)
    XCTAssertEqual(try XCTUnwrap(reader).freeShare(of: "0"), 0.75)
  }

  func testTheProgramStandsIn() throws {
    let folder = try program("echo '0, GPU-zero, 1, 2'")
    for library in [missing(), try library("-DSTART=9")] {
      let reader = DeviceMemory.nvidia(library: library, searchPath: folder)
      XCTAssertEqual(try XCTUnwrap(reader).freeShare(of: "0"), 0.5)
    }
  }

  func testAMachineWithoutBoth() {
    XCTAssertNil(DeviceMemory.nvidia(library: missing(), searchPath: directory))
  }

  /// On any machine, with devices or without.
  func testDescriptionsOfThisMachine() throws {
    let descriptions = DeviceMemory.descriptions()
    if let reader = DeviceMemory.reader(), !descriptions.isEmpty {
      let share = try? reader.freeShare(of: "0")
      XCTAssertTrue((0...1).contains(share ?? 0))
    } else {
      XCTAssertEqual(descriptions, [])
    }
  }
}
