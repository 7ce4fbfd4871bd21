import Fieldwork
import Foundation
import XCTest

/// Rows 11 to 16, 25, and 43 to 45: devices.
final class AcceptanceDeviceTests: AcceptanceRunCase {
  /// By worker and branch: the devices, nil for none.
  private func shares(
    _ devices: DeviceList,
    workers: Int = 3,
    branches: Int = 2
  ) throws -> [[[String?]]] {
    let assignment = try DeviceAssignment(devices, workers: workers, branches: branches)
    return (0..<workers).map { worker in
      (0..<branches).map { assignment.devices(ofWorker: worker, branch: $0) }
    }
  }

  func testRow011_noDevices() throws {
    XCTAssertEqual(try shares(nil), [[[nil], [nil]], [[nil], [nil]], [[nil], [nil]]])
  }

  func testRow012_oneDeviceForAll() throws {
    let zero: [[String?]] = [["0"], ["0"]]
    XCTAssertEqual(try shares(0), [zero, zero, zero])
    let named: [[String?]] = [["cuda:1"], ["cuda:1"]]
    XCTAssertEqual(try shares("cuda:1"), [named, named, named])
  }

  func testRow013_fewerDevicesThanSlots() throws {
    XCTAssertEqual(try shares([1, 2]), [[["1"], ["1"]], [["1"], ["2"]], [["2"], ["2"]]])
  }

  func testRow014_theRestInTurn() throws {
    XCTAssertEqual(
      try shares([1, 2, 3, 4, 5]),
      [[["1"], ["2"]], [["3"], ["4"]], [["5"], ["1"]]]
    )
  }

  func testRow015_moreDevicesThanSlots() throws {
    XCTAssertEqual(
      try shares(DeviceList(0..<12)),
      [[["0", "1"], ["2", "3"]], [["4", "5"], ["6", "7"]], [["8", "9"], ["10", "11"]]]
    )
  }

  func testRow016_aNestedListIsTakenAsItIs() throws {
    XCTAssertEqual(
      try shares([[0, [1, 2]], [["a"], 4]], workers: 2),
      [[["0"], ["1", "2"]], [["a"], ["4"]]]
    )
  }

  // MARK: In a run

  /// In one process nothing is hidden from a worker's threads, so `device` is the device's real name.
  func testRow025_theDeviceOfABranch() async throws {
    let results = try await Research(
      "devices",
      seed: 1,
      workers: [["w": 0], ["w": 1]],
      branches: 2,
      devices: [3, 5, 6, 7]
    ) {
      Domain("x" <- 0..<4)
      Unit("f", saving: "on", { (device: String) in "on \(device)" }, EC("device"))
    }.run()
    XCTAssertEqual(try column("on", results), ["on 3", "on 5", "on 6", "on 7"])
    XCTAssertEqual(try column("device", results), ["3", "5", "6", "7"])
    let several = try await Research("several", seed: 1, workers: 1, devices: [0, 1]) {
      Unit("f", saving: "devices", { (devices: [String]) in devices }, EC("device"))
    }.run()
    XCTAssertEqual(try column("devices", several), [["0", "1"]])
    let none = try await Research("none", seed: 1) {
      Unit("f", saving: "on", { (device: String?) in device ?? "none" }, EC("device"))
    }.run()
    XCTAssertEqual(none.lastValues(of: "on"), ["none"])
  }

  /// What a worker that is a process sees, and how the devices are numbered in it.
  func testRow025_whatAWorkerSees() throws {
    let assignment = try DeviceAssignment([3, 5, 6, 7], workers: 2, branches: 2)
    XCTAssertEqual(
      (0..<2).map { assignment.environment(ofWorker: $0)["CUDA_VISIBLE_DEVICES"] },
      ["3,5", "6,7"]
    )
    XCTAssertEqual(assignment.environment(ofWorker: 0)["CUDA_DEVICE_ORDER"], "PCI_BUS_ID")
    XCTAssertEqual((0..<2).map { assignment.local(ofWorker: 1, branch: $0) }, ["0", "1"])
    let many = try DeviceAssignment([10, 9], workers: 1, branches: 1)
    XCTAssertEqual(many.visible(toWorker: 0), ["9", "10"], "sorted as numbers")
  }

  // MARK: Free memory

  func testRow043_aTaskWaitsUntilAllDevicesHaveMemoryFree() throws {
    let standIn = try DeviceStandIn(in: directory, free: [900, 100])
    func run(_ devices: String, _ name: String) throws -> ProcessRun {
      try runPlaybook(
        "--workers",
        "1",
        "--devices",
        devices,
        "--memory-ratio",
        "0.5",
        "--gpu-check-delay",
        "0",
        "--name",
        name,
        environment: standIn.environment
      )
    }
    XCTAssertEqual(try run("0", "free").status, 0)
    let busy = try run("[[[0,1]]]", "busy")
    XCTAssertEqual(busy.status, 2)
    XCTAssertTrue(
      busy.error.contains("its devices have too little memory free"),
      busy.error
    )
    XCTAssertEqual(try ResearchResults.load(folder("free").path).experiments.count, 4)
    XCTAssertEqual(try ResearchResults.load(folder("busy").path).experiments.count, 0)
  }

  /// Gives the same share for ever, and counts how often.
  private final class Reader: DeviceMemoryReader {
    let asked = Journal<String>()
    private let share: Double
    private let whenAsked: @Sendable () -> Void

    init(_ share: Double, whenAsked: @escaping @Sendable () -> Void = {}) {
      self.share = share
      self.whenAsked = whenAsked
    }

    func freeShare(of device: String) throws -> Double {
      asked.add(device)
      whenAsked()
      return share
    }
  }

  func testRow044_theNumberOfAttempts() async throws {
    for attempts in [1, 4] {
      let reader = Reader(0.2)
      let check = try DeviceMemoryCheck(ratio: 0.5, attempts: attempts, delay: 0, reader: reader)
      let isFree = try await check.waitUntilFree(["0"])
      XCTAssertFalse(isFree)
      XCTAssertEqual(reader.asked.entries.count, attempts)
    }
    XCTAssertEqual(DeviceMemoryRule(free: 0.5).attempts, 3)
    let standIn = try DeviceStandIn(in: directory, free: [100])
    let run = try runPlaybook(
      "--workers",
      "1",
      "--devices",
      "0",
      "--memory-ratio",
      "0.5",
      "--gpu-checks",
      "2",
      "--gpu-check-delay",
      "0",
      environment: standIn.environment
    )
    XCTAssertEqual(run.status, 2)
    XCTAssertEqual(standIn.questions, 2)
  }

  /// Between two attempts it waits: a task that is cancelled then has looked once.
  func testRow045_thePauseBetweenAttempts() async throws {
    XCTAssertEqual(DeviceMemoryRule(free: 0.5).delay, 5)
    let (questions, question) = AsyncStream<Void>.makeStream()
    let reader = Reader(0.2) { question.yield() }
    let check = try DeviceMemoryCheck(ratio: 0.5, attempts: 3, delay: 100_000, reader: reader)
    let waiting = Task { try await check.waitUntilFree(["0"]) }
    for await _ in questions { break }
    waiting.cancel()
    do {
      let isFree = try await waiting.value
      XCTFail("\(isFree)")
    } catch {
      XCTAssertTrue(error is CancellationError, "\(error)")
    }
    XCTAssertEqual(reader.asked.entries, ["0"])
  }
}
