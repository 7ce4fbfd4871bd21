package import FieldworkCore
package import FieldworkStore
import Foundation

/// The things that the machine has to have before a run begins: a place for the results, the devices, and the commands of Slurm.
///
/// The command line asks for it. A run in a test is not held to the machine, so that a playbook for four
/// devices can be tested where there is none.
package struct MachineCheck {
  private let research: Research
  private let folder: ResearchFolder?
  private let space: (String) -> DiskSpace?
  private let deviceCount: () -> Int?
  private let missingCommands: () -> [String]

  /// - Parameters:
  ///   - folder: where results go; nil for memory.
  ///   - submits: true if jobs are to be submitted, for a research with them.
  package init(_ research: Research, folder: ResearchFolder?, submits: Bool = true) {
    self.init(
      research,
      folder: folder,
      space: { DiskSpace(at: $0) },
      deviceCount: {
        DeviceMask(ProcessInfo.processInfo.environment)?.devices.count ?? DeviceMemory.count()
      },
      missingCommands: { submits ? SlurmScheduler.missingCommands() : [] }
    )
  }

  /// - Parameters:
  ///   - space: what there is room for at a path.
  ///   - deviceCount: how many devices the machine has; nil if it cannot tell.
  ///   - missingCommands: returns the commands of Slurm that are not there.
  init(
    _ research: Research,
    folder: ResearchFolder?,
    space: @escaping (String) -> DiskSpace?,
    deviceCount: @escaping () -> Int?,
    missingCommands: @escaping () -> [String] = { [] }
  ) {
    self.research = research
    self.folder = folder
    self.space = space
    self.deviceCount = deviceCount
    self.missingCommands = missingCommands
  }

  package var problems: [Problem] {
    (folder?.problems(space: space) ?? []) + deviceProblems + slurmProblems
  }

  private var slurmProblems: [Problem] {
    guard case .slurm = research.settings.engine else { return [] }
    let missing = missingCommands()
    guard !missing.isEmpty else { return [] }
    return [
      Problem(
        "workers are to run in jobs of Slurm, but the commands \(missing.joined(separator: ", ")) cannot be found in PATH",
        remedy:
          "run on a machine that submits jobs, load the module of Slurm, or run with --engine local",
        place: research.place
      )
    ]
  }

  private var deviceProblems: [Problem] {
    // Jobs have the devices of their own machines.
    guard research.settings.engine == .local else { return [] }
    guard let numbers = research.settings.devices?.numbers, let largest = numbers.max(),
      let count = deviceCount(), largest >= count
    else { return [] }
    let missing = Set(numbers).filter { $0 >= count }.sorted().map(String.init)
    let devices = "device\(missing.count == 1 ? "" : "s") \(missing.joined(separator: ", "))"
    let known =
      count == 0 ? "none" : count == 1 ? "1 device, number 0" : "\(count) devices, from 0 on"
    return [
      Problem(
        "the research asks for \(devices), but the machine has \(known)",
        remedy: "change devices: or --devices",
        place: research.place
      )
    ]
  }
}

extension DeviceList {
  /// The numbers of devices anywhere in the list, as CUDA counts them.
  fileprivate var numbers: [Int] {
    switch self {
    case .noDevice: return []
    case .number(let number): return [number]
    case .name(let name):
      if case .number(let number) = DeviceAddress(name) { return [number] }
      return []
    case .list(let devices): return devices.flatMap(\.numbers)
    }
  }
}
