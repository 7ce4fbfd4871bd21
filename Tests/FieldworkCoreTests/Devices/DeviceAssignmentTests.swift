import XCTest

@testable import FieldworkCore

final class DeviceAssignmentTests: XCTestCase {
  private func assignment(
    _ devices: DeviceList,
    _ workers: Int,
    _ branches: Int
  ) throws -> DeviceAssignment {
    try DeviceAssignment(devices, workers: workers, branches: branches)
  }

  /// Calls for all small numbers of workers, branches and devices.
  private func forEachSharing(
    _ body: (_ assignment: DeviceAssignment, _ slots: [[Int]], _ count: Int, _ trace: String) throws
      -> Void
  ) throws {
    for workers in 1...4 {
      for branches in 1...4 {
        for count in 1...(2 * workers * branches + 3) {
          let assignment = try assignment(DeviceList(0..<count), workers, branches)
          let slots = try (0..<workers).flatMap { worker in
            try (0..<branches).map { branch in
              try assignment.devices(ofWorker: worker, branch: branch).map {
                try XCTUnwrap($0.flatMap(Int.init))
              }
            }
          }
          try body(assignment, slots, count, "\(count) for \(workers)x\(branches)")
        }
      }
    }
  }

  // MARK: Laws of sharing out

  func testEveryBranchHasEquallyManyDevicesAndNoMoreThanNeeded() throws {
    try forEachSharing { _, slots, count, trace in
      let needed = max(1, (count + slots.count - 1) / slots.count)
      XCTAssertEqual(Set(slots.map(\.count)), [needed], trace)
      for slot in slots { XCTAssertEqual(Set(slot).count, slot.count, "\(trace): one twice") }
    }
  }

  func testEveryDeviceServesAsOftenAsTheRuleSays() throws {
    try forEachSharing { _, slots, count, trace in
      let places = slots.joined().count
      for device in 0..<count {
        let served = slots.joined().filter { $0 == device }.count
        XCTAssertEqual(served, places / count + (device < places % count ? 1 : 0), trace)
      }
    }
  }

  func testNeighboursHaveNeighbouringDevices() throws {
    try forEachSharing { _, slots, count, trace in
      let order = Array(slots.joined())
      guard count < slots.count else {
        XCTAssertEqual(order, (0..<order.count).map { $0 % count }, trace)
        return
      }
      let whole = order.count / count * count
      XCTAssertEqual(Array(order[..<whole]), order[..<whole].sorted(), trace)
      XCTAssertEqual(Array(order[whole...]), Array(0..<order.count - whole), trace)
    }
  }

  func testOneDeviceIsAListOfOne() throws {
    for workers in 1...3 {
      for branches in 1...3 {
        for device: DeviceList in [nil, 2, "cuda:2"] {
          let single = try assignment(device, workers, branches)
          XCTAssertEqual(single, try assignment(.list([device]), workers, branches))
        }
      }
    }
  }

  func testNestedListsSayTheSameAsWhatTheyWereMadeFrom() throws {
    try forEachSharing { assignment, _, _, trace in
      let nested = DeviceList.list(
        (0..<assignment.workers).map { worker in
          .list(
            (0..<assignment.branches).map { branch in
              .list(
                assignment.devices(ofWorker: worker, branch: branch)
                  .map { $0.map(DeviceList.name) ?? .noDevice }
              )
            }
          )
        }
      )
      let again = try self.assignment(nested, assignment.workers, assignment.branches)
      XCTAssertEqual(again, assignment, trace)
    }
  }

  /// What a process calls a device leads back to the device.
  func testLocalNumbersArePlacesOfVisibleDevices() throws {
    try forEachSharing { assignment, _, _, trace in
      for worker in 0..<assignment.workers {
        let visible = assignment.visible(toWorker: worker)
        let variable = assignment.environment(ofWorker: worker)["CUDA_VISIBLE_DEVICES"]
        XCTAssertEqual(variable, visible.joined(separator: ","), trace)
        XCTAssertEqual(visible.compactMap(Int.init), visible.compactMap(Int.init).sorted(), trace)
        var used: Set<String> = []
        for branch in 0..<assignment.branches {
          let local = self.texts(assignment.local(ofWorker: worker, branch: branch))
          let physical = self.texts(assignment.physical(ofWorker: worker, branch: branch))
          XCTAssertEqual(try local.map { visible[try XCTUnwrap(Int($0))] }, physical, trace)
          XCTAssertEqual(assignment.devices(ofWorker: worker, branch: branch), physical, trace)
          used.formUnion(physical)
        }
        XCTAssertEqual(used, Set(visible), trace)
      }
      XCTAssertEqual(assignment.unused, [], trace)
    }
  }

  private func texts(_ value: Value) -> [String] {
    switch value {
    case .null: []
    case .string(let text): [text]
    case .list(let values): values.map(\.description)
    default: ["not a value of devices: \(value)"]
    }
  }

  // MARK: Examples

  func testProcessesOfWorkersSeeTheirDevices() throws {
    let assignment = try assignment([3, 5, 6, 7], 2, 2)
    XCTAssertEqual(
      assignment.environment(ofWorker: 0),
      ["CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "3,5"]
    )
    XCTAssertEqual(assignment.environment(ofWorker: 1)["CUDA_VISIBLE_DEVICES"], "6,7")
    for worker in 0...1 {
      XCTAssertEqual(assignment.local(ofWorker: worker, branch: 0), "0")
      XCTAssertEqual(assignment.local(ofWorker: worker, branch: 1), "1")
    }
    XCTAssertEqual(assignment.physical(ofWorker: 1, branch: 0), "6")
  }

  func testSeveralDevicesOfABranch() throws {
    let assignment = try assignment([0, 1, 2], 2, 1)
    XCTAssertEqual(assignment.visible(toWorker: 1), ["0", "2"])
    XCTAssertEqual(assignment.local(ofWorker: 1, branch: 0), ["1", "0"])
    XCTAssertEqual(assignment.physical(ofWorker: 1, branch: 0), ["2", "0"])
  }

  func testNoDevices() throws {
    let nested = try assignment([[nil], [0]], 2, 1)
    for assignment in [try assignment(nil, 2, 1), nested] {
      XCTAssertEqual(assignment.devices(ofWorker: 0, branch: 0), [nil])
      XCTAssertEqual(assignment.visible(toWorker: 0), [])
      XCTAssertEqual(assignment.environment(ofWorker: 0), [:])
      XCTAssertEqual(assignment.local(ofWorker: 0, branch: 0), nil)
      XCTAssertEqual(assignment.physical(ofWorker: 0, branch: 0), nil)
    }
    XCTAssertEqual(nested.environment(ofWorker: 1)["CUDA_VISIBLE_DEVICES"], "0")
  }

  /// Null is shared out like a device, wherever it stands.
  func testNullInAList() throws {
    XCTAssertEqual(try assignment([nil, 1], 2, 1).slots, [[[nil]], [["1"]]])
    XCTAssertEqual(try assignment([1, nil], 2, 1).slots, [[["1"]], [[nil]]])
    let both = try assignment([nil, 1], 1, 1)
    XCTAssertEqual(both.devices(ofWorker: 0, branch: 0), [nil, "1"])
    XCTAssertEqual(both.local(ofWorker: 0, branch: 0), "0")
    XCTAssertEqual(both.physical(ofWorker: 0, branch: 0), "1")
  }

  func testNumbersAreSortedAsNumbers() throws {
    let numbers = try assignment([10, 9, "2"], 1, 3)
    XCTAssertEqual(numbers.visible(toWorker: 0), ["2", "9", "10"])
    XCTAssertEqual((0..<3).map { numbers.local(ofWorker: 0, branch: $0) }, ["2", "1", "0"])
    let names = try assignment([10, "GPU-b", 9, "GPU-a", 10], 1, 5)
    XCTAssertEqual(names.visible(toWorker: 0), ["10", "GPU-b", "9", "GPU-a"])
    XCTAssertEqual(
      names.environment(ofWorker: 0)["CUDA_VISIBLE_DEVICES"],
      "10,GPU-b,9,GPU-a"
    )
    XCTAssertEqual(
      (0..<5).map { names.local(ofWorker: 0, branch: $0) },
      ["0", "1", "2", "3", "0"]
    )
  }

  /// CUDA takes no `cuda:1` for a visible device, and hides all devices if one is listed twice.
  func testTwoNamesOfOneDevice() throws {
    let assignment = try assignment(["cuda:1", 1, "cuda:0"], 1, 3)
    XCTAssertEqual(assignment.visible(toWorker: 0), ["cuda:0", "cuda:1"])
    XCTAssertEqual(assignment.environment(ofWorker: 0)["CUDA_VISIBLE_DEVICES"], "0,1")
    XCTAssertEqual((0..<3).map { assignment.local(ofWorker: 0, branch: $0) }, ["1", "1", "0"])
    XCTAssertEqual(
      (0..<3).map { assignment.physical(ofWorker: 0, branch: $0) },
      ["cuda:1", "1", "cuda:0"]
    )
  }

  func testADeviceInAWorkersPlaceServesAllItsBranches() throws {
    let mixed = try assignment([0, [1, [2, 3]]], 2, 2)
    XCTAssertEqual(mixed.slots, [[["0"], ["0"]], [["1"], ["2", "3"]]])
  }

  func testEntriesBeyondWorkersAndBranchesAreKeptAndTold() throws {
    let assignment = try assignment([[0, 1, 2], [3, "cuda:0"], [], [4]], 2, 2)
    XCTAssertEqual(assignment.unused, ["2", "4"])
    XCTAssertEqual(assignment.visible(toWorker: 0), ["0", "1"])
    XCTAssertEqual(assignment.visible(toWorker: 1), ["cuda:0", "3"])
  }

  // MARK: Refusals

  func testRefusals() {
    let cases: [(DeviceList, Int, Int, String)] = [
      (nil, 0, 1, "no workers"), (nil, 1, 0, "no branches"), ([0], -1, 1, "no workers"),
      ([], 2, 2, "the list of devices is empty"),
      ([[0, 1]], 3, 2, "for 1 of 3 workers"),
      ([[0, 1], [2]], 2, 2, "of worker 1 has entries for 1 of 2 branches"),
      ([[], [0]], 2, 1, "of worker 0 has entries for 0 of 1 branches"),
      ([[[]]], 1, 1, "a branch's list of devices is empty"),
      ([[[[0]]]], 1, 1, "[0] is nested too deep"),
      ([0, -1], 1, 1, "-1 is no device"), (-1, 1, 1, "-1 is no device"),
      ("", 1, 1, "\"\" is no name of a device"), (["0,1"], 1, 1, "one device a text"),
      ([["0 1"]], 1, 1, "one device a text"), ("[0]", 1, 1, "one device a text"),
    ]
    for (devices, workers, branches, message) in cases {
      assertThrows(.invalidDefinition, containing: message) {
        try assignment(devices, workers, branches)
      }
    }
  }

  // MARK: Addresses

  func testAddresses() {
    let addresses: [(String, DeviceAddress?)] = [
      ("0", .number(0)), ("12", .number(12)), ("007", .number(7)), ("cuda:3", .number(3)),
      ("GPU-a", .identifier("GPU-a")), ("MIG-a", .identifier("MIG-a")), ("cuda", nil),
      ("cuda:", nil), ("cuda:x", nil), ("cpu", nil), ("", nil), ("-1", nil), ("+1", nil),
      ("cuda:-1", nil), ("cuda:+1", nil), ("1a", nil), ("gpu-a", nil), ("cuda:cuda:1", nil),
    ]
    for (text, address) in addresses { XCTAssertEqual(DeviceAddress(text), address, text) }
  }
}
