import XCTest

@testable import FieldworkCore

final class DeviceMaskTests: XCTestCase {
  func testNumbersAreThoseWithinTheMask() throws {
    let mask = try XCTUnwrap(DeviceMask(["CUDA_VISIBLE_DEVICES": "2, 5,7"]))
    XCTAssertEqual(mask.devices, ["2", "5", "7"])
    XCTAssertEqual(mask.systemName(of: "0"), "2")
    XCTAssertEqual(mask.systemName(of: "cuda:2"), "7")
    XCTAssertNil(mask.systemName(of: "3"))
    XCTAssertEqual(mask.systemName(of: "cpu"), "cpu")
    XCTAssertEqual(mask.systemName(of: "GPU-a"), "GPU-a", "a mask of numbers does not tell")
    XCTAssertNotNil(mask.problem(of: "3"))
    XCTAssertNil(mask.problem(of: "1"))
  }

  func testIdentifiers() throws {
    let mask = try XCTUnwrap(DeviceMask(["CUDA_VISIBLE_DEVICES": "GPU-abc,MIG-x"]))
    XCTAssertEqual(mask.systemName(of: "1"), "MIG-x")
    XCTAssertEqual(mask.systemName(of: "GPU-abc"), "GPU-abc")
    XCTAssertEqual(mask.systemName(of: "GPU-abcdef"), "GPU-abcdef")
    XCTAssertNil(mask.systemName(of: "GPU-zzz"))
  }

  /// The libraries take no more devices after one that is none.
  func testAMaskThatHidesAll() throws {
    for text in ["", "-1", "NoDevFiles", " "] {
      let mask = try XCTUnwrap(DeviceMask(["CUDA_VISIBLE_DEVICES": text]))
      XCTAssertEqual(mask.devices, [], text)
      XCTAssertEqual(mask.problem(of: "0"), "CUDA_VISIBLE_DEVICES hides all devices")
    }
    XCTAssertEqual(DeviceMask(["CUDA_VISIBLE_DEVICES": "1,-1,2"])?.devices, ["1"])
    XCTAssertNil(DeviceMask([:]))
  }

  func testTheEnvironmentOfAWorker() throws {
    let assignment = try DeviceAssignment([0, 1], workers: 2, branches: 1)
    func variables(_ environment: [String: String], _ worker: Int) -> [String: String] {
      assignment.environment(ofWorker: worker, within: DeviceMask(environment))
    }
    XCTAssertEqual(
      variables([:], 1),
      ["CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1"]
    )
    XCTAssertEqual(variables(["CUDA_VISIBLE_DEVICES": "2,3"], 1), ["CUDA_VISIBLE_DEVICES": "3"])
    XCTAssertEqual(variables(["HIP_VISIBLE_DEVICES": "4,6"], 0), ["HIP_VISIBLE_DEVICES": "4"])
    // HIP numbers within what ROCR leaves.
    XCTAssertEqual(variables(["ROCR_VISIBLE_DEVICES": "4,6"], 1), ["HIP_VISIBLE_DEVICES": "1"])
  }
}
