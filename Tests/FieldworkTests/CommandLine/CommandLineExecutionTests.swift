import Fieldwork
import Foundation
import XCTest

/// How a research is run: branches and devices.
final class CommandLineExecutionTests: CommandLineTestCase {
  /// Columns of the results as texts.
  private func column(_ name: String, _ research: String) throws -> [String] {
    let table = try runPlaybook(
      "results",
      "--auxiliary",
      "--select",
      name,
      "--format",
      "csv",
      research: research
    )
    XCTAssertEqual(table.status, 0, table.error)
    return rows(table.output).map { $0[0] }
  }

  // MARK: Branches

  func testBranchesShareRootUnits() throws {
    XCTAssertEqual(try runPlaybook("--branches", "2", research: "branched").status, 0)
    XCTAssertEqual(try column("base", "branched"), ["1", "1", "3"])
    XCTAssertEqual(try column("branch", "branched"), ["0", "1", "0"])
    try assertRefused("--branches", "0", saying: "error: --branches is 0: give a number from 1 up")
    try assertRefused(
      "--branches",
      "two",
      saying: "error: The value 'two' is invalid for '--branches <n>'"
    )
  }

  /// One after another, what each branch prints can be told apart.
  func testBranchExecution() throws {
    func run(_ execution: String) throws -> ProcessRun {
      try runPlaybook(
        "--branches",
        "3",
        "--workers",
        "1",
        "--stdout",
        "experiment",
        "--branch-execution",
        execution,
        research: "branched"
      )
    }
    let atOnce = try run("concurrent")
    XCTAssertEqual(atOnce.status, 2)
    XCTAssertTrue(
      atOnce.error.contains("cannot be told apart while several run in one process"),
      atOnce.error
    )
    XCTAssertEqual(try run("sequential").status, 0)
    let ids = try column("id", "branched")
    let printed = try ids.map {
      try String(
        contentsOfFile: "\(directory.path)/branched/experiments/\($0)/stdout.txt",
        encoding: .utf8
      )
    }
    XCTAssertEqual(printed, ["size 1\n", "size 2\n", "size 3\n"])
    try assertRefused(
      "--branch-execution",
      "bogus",
      saying: "error: The value 'bogus' is invalid for '--branch-execution "
        + "<sequential|concurrent>': 'bogus' is none of sequential, concurrent"
    )
  }

  // MARK: Devices

  func testDevicesStandInTheResults() throws {
    XCTAssertEqual(
      try runPlaybook("--workers", "1", "--branches", "2", "--devices", "3,cuda:5").status,
      0
    )
    XCTAssertEqual(
      try column("device", "small"),
      ["3", "3", "cuda:5", "cuda:5", "3", "3", "cuda:5", "cuda:5"],
      "two iterations of each of four experiments"
    )
    let plain = try runPlaybook("results", "--format", "csv")
    XCTAssertEqual(plain.output.split(separator: "\n").first, "id,lr,size,iteration,loss")
  }

  func testDevicesThatCannotBeRead() throws {
    for (text, reason) in [
      ("", "expected a device, at the end"),
      ("[1", "expected ',' or ']', at the end"),
      ("1 2", "expected ',', before \"2\""),
      ("[]", "a list of devices is empty; write 'none' for no device, before \"]\""),
    ] {
      try assertRefused(
        "--devices",
        text,
        saying: "error: --devices: cannot read the devices \"\(text)\": "
          + "\(reason); write them like 0 or 0,1,2 or [[0,1],[2,3]] or none"
      )
    }
  }

  func testANestedListThatIsTooShort() throws {
    try assertRefused(
      "--workers",
      "2",
      "--devices",
      "[[0]]",
      saying:
        "TestPlaybook/TestPlaybook.swift:37: error: devices: the nested list of devices has entries for 1 of 2 workers; "
        + "add entries, or write a flat list, which is shared out\n"
        + "error: the research cannot be run: 1 problem"
    )
    try assertRefused(
      "--workers",
      "1",
      "--branches",
      "2",
      "--devices",
      "[[0]]",
      saying:
        "TestPlaybook/TestPlaybook.swift:37: error: devices: the list of devices of worker 0 has entries for 1 of 2 branches; "
        + "add entries, or write a flat list, which is shared out\n"
        + "error: the research cannot be run: 1 problem"
    )
  }

  // MARK: Free memory

  private func runWaiting(
    _ standIn: DeviceStandIn,
    devices: String,
    workers: String = "1",
    checks: String = "2"
  ) throws -> ProcessRun {
    try runPlaybook(
      "--workers",
      workers,
      "--devices",
      devices,
      "--memory-ratio",
      "0.5",
      "--gpu-checks",
      checks,
      "--gpu-check-delay",
      "0",
      environment: standIn.environment
    )
  }

  func testFreeDevices() throws {
    let standIn = try DeviceStandIn(in: directory, free: [900, 500])
    let run = try runWaiting(standIn, devices: "0,1")
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(run.output.contains("small: 4 experiments done in"), run.output)
    XCTAssertEqual(standIn.questions, 8, "of both devices before each of four tasks")
  }

  func testBusyDevicesEndTheRun() throws {
    let busy = try runWaiting(DeviceStandIn(in: directory, free: [499]), devices: "0")
    XCTAssertEqual(busy.status, 2)
    XCTAssertEqual(busy.output, "")
    XCTAssertTrue(
      busy.error.contains(
        "warning: worker 1 takes no more tasks: its devices have too little memory free\n"
      ),
      busy.error
    )
    XCTAssertTrue(
      busy.error.hasSuffix(
        "error: experiments are left that no worker could run: its devices have too little "
          + "memory free; run again when the devices are free\n"
      ),
      busy.error
    )
    let free = try runWaiting(DeviceStandIn(in: directory, free: [500]), devices: "0")
    XCTAssertEqual(free.status, 0)
    XCTAssertTrue(free.output.contains("small: 4 experiments done in"), free.output)
  }

  func testAWorkerWithFreeDevicesDoesTheWorkOfOthers() throws {
    let standIn = try DeviceStandIn(in: directory, free: [0, 1000])
    let run = try runWaiting(standIn, devices: "0,1", workers: "2")
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(run.output.contains("small: 4 experiments done in"), run.output)
    XCTAssertEqual(Set(try column("device", "small")), ["1"])
  }

  func testADeviceThatIsNotThere() throws {
    let standIn = try DeviceStandIn(in: directory, free: [900])
    let run = try runWaiting(standIn, devices: "4")
    XCTAssertEqual(run.status, 2)
    XCTAssertEqual(
      run.error,
      "TestPlaybook/TestPlaybook.swift:37: error: the research asks for device 4, but the machine "
        + "has 1 device, number 0; change devices: or --devices\n"
        + "error: the research cannot be run: 1 problem\n"
    )
    XCTAssertFalse(FileManager.default.fileExists(atPath: directory.path + "/small"))
    let named = try runWaiting(standIn, devices: "GPU-4")
    XCTAssertEqual(named.status, 2)
    XCTAssertTrue(
      named.error.contains("does not know the device GPU-4; it knows 0 (GPU-0)"),
      named.error
    )
  }

  func testMemoryOfNoDevices() throws {
    let run = try runPlaybook("--memory-ratio", "0.5")
    XCTAssertEqual(run.status, 2)
    XCTAssertTrue(
      run.error.contains(
        "there are no devices whose memory could be free; say which with devices: or --devices"
      ),
      run.error
    )
    for option in ["--gpu-checks", "--gpu-check-delay"] {
      try assertRefused(
        option,
        "2",
        saying: "error: --gpu-checks and --gpu-check-delay need --memory-ratio, "
          + "as the research asks for no free memory"
      )
    }
  }

  func testMemoryThatNobodyCanTell() throws {
    let nothing = try DeviceStandIn(in: directory, free: nil)
    try assertRefused(
      "--devices",
      "0",
      "--memory-ratio",
      "0.5",
      environment: nothing.environment,
      saying: "error: the free memory of devices cannot be read: there is neither NVIDIA's driver "
        + "library nor the program nvidia-smi; leave out deviceMemory: or --memory-ratio"
    )
  }

  func testMemoryThatMakesNoSense() throws {
    let standIn = try DeviceStandIn(in: directory, free: [900])
    for (options, message) in [
      (
        ["--memory-ratio", "1.5"],
        "the free share of a device's memory is 1.5; give a share above 0 and up to 1, such as 0.9"
      ),
      (
        ["--memory-ratio", "0.5", "--gpu-checks", "0"],
        "the memory of devices is looked at 0 times; give a number from 1 up"
      ),
    ] {
      let run = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["--devices", "0"] + options),
        environment: standIn.environment
      )
      XCTAssertEqual(run.status, 2)
      XCTAssertTrue(run.error.contains("error: \(message)\n"), run.error)
    }
  }
}
