/// Which branch of which worker has which devices.
///
/// A flat list is shared out among all branches of all workers, the first worker's branches first. If
/// there are fewer devices than branches, each device serves equally many neighbouring branches, and
/// the branches that are left take one device each from the beginning of the list. If there are more,
/// all branches get equally many neighbouring devices, and the last ones fill up from the beginning.
///
///     DeviceAssignment([1, 2], workers: 3, branches: 2)            // 1 1 | 1 2 | 2 2
///     DeviceAssignment([1, 2, 3, 4, 5], workers: 3, branches: 2)   // 1 2 | 3 4 | 5 1
///     DeviceAssignment([0, 1, 2], workers: 2, branches: 1)         // 0,1 | 2,0
///
/// A nested list says itself what each worker and branch gets; a single device in a worker's place
/// serves all branches of the worker. Workers and branches are counted from 0.
public struct DeviceAssignment: Sendable, Hashable {
  public let workers: Int
  public let branches: Int
  /// The names of devices by worker and by branch, null for no device: at least as many workers and
  /// branches as there are, since a nested list may have more.
  let slots: [[[String?]]]

  /// Shares out devices.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if there are no workers or branches, if a
  ///   list is empty, if a nested list has fewer entries than there are workers or branches, or if a
  ///   device cannot be one.
  public init(_ devices: DeviceList, workers: Int, branches: Int) throws {
    guard workers > 0, branches > 0 else {
      let what = workers > 0 ? "branches" : "workers"
      throw Self.refusal("there are no \(what) to give devices to; let there be at least one")
    }
    self.workers = workers
    self.branches = branches
    guard case .list(let entries) = devices else {
      let slot = [try Self.name(devices)]
      slots = Array(repeating: Array(repeating: slot, count: branches), count: workers)
      return
    }
    guard !entries.isEmpty else {
      throw Self.refusal("the list of devices is empty; name a device, or write nil for none")
    }
    if entries.contains(where: \.isList) {
      slots = try Self.nested(entries, workers: workers, branches: branches)
    } else {
      let shares = Self.shares(of: try entries.map(Self.name), among: workers * branches)
      slots = (0..<workers).map { Array(shares[$0 * branches..<($0 + 1) * branches]) }
    }
  }

  private static func shares(of devices: [String?], among count: Int) -> [[String?]] {
    if devices.count < count {
      let turns = count / devices.count
      let whole = turns * devices.count
      return (0..<count).map { slot in [devices[slot < whole ? slot / turns : slot - whole]] }
    }
    let length = (devices.count + count - 1) / count
    return (0..<count).map { slot in
      (slot * length..<(slot + 1) * length).map { devices[$0 % devices.count] }
    }
  }

  private static func nested(
    _ entries: [DeviceList],
    workers: Int,
    branches: Int
  ) throws -> [[[String?]]] {
    guard entries.count >= workers else {
      throw refusal(
        "the nested list of devices has entries for \(entries.count) of \(workers) workers; "
          + "add entries, or write a flat list, which is shared out"
      )
    }
    return try entries.enumerated().map { worker, entry in
      guard case .list(let parts) = entry else {
        return Array(repeating: [try name(entry)], count: branches)
      }
      guard parts.count >= branches || worker >= workers else {
        throw refusal(
          "the list of devices of worker \(worker) has entries for \(parts.count) of \(branches) "
            + "branches; add entries, or write a flat list, which is shared out"
        )
      }
      return try parts.map(slot)
    }
  }

  private static func slot(_ entry: DeviceList) throws -> [String?] {
    guard case .list(let devices) = entry else { return [try name(entry)] }
    guard !devices.isEmpty else {
      throw refusal("a branch's list of devices is empty; write nil for no device")
    }
    return try devices.map(name)
  }

  private static func name(_ device: DeviceList) throws -> String? {
    switch device {
    case .noDevice: return nil
    case .number(let number):
      guard number >= 0 else {
        throw refusal("\(number) is no device; numbers of devices start at 0")
      }
      return String(number)
    case .name(let name):
      guard !name.isEmpty, !name.contains(where: { $0.isWhitespace || ",[]\"'\\".contains($0) })
      else {
        throw refusal(
          "\(device) is no name of a device; write one device a text, without spaces, commas, "
            + "brackets and quotes"
        )
      }
      return name
    case .list:
      throw refusal(
        "\(device) is nested too deep; lists go by worker, by branch, and the devices of a branch"
      )
    }
  }

  private static func refusal(_ message: String) -> FieldworkError {
    FieldworkError(.invalidDefinition, message)
  }
}

extension DeviceAssignment {
  /// The devices of a branch, by the names that they were given; null for no device.
  public func devices(ofWorker worker: Int, branch: Int) -> [String?] { slots[worker][branch] }

  /// The devices that a worker's branches have, each once: by number if all have numbers, otherwise in
  /// the order in which the branches name them.
  public func visible(toWorker worker: Int) -> [String] {
    var keys: Set<String> = []
    let names = slots[worker].prefix(branches).joined().compactMap(\.self)
      .filter { keys.insert(Self.key($0)).inserted }
    var numbered: [(number: Int, name: String)] = []
    for name in names {
      guard case .number(let number) = DeviceAddress(name) else { return names }
      numbered.append((number, name))
    }
    return numbered.sorted { $0.number < $1.number }.map(\.name)
  }

  /// The environment variables that hide all other devices from a worker's process, and number its own
  /// as ``local(ofWorker:branch:)`` does; none if the worker has no devices.
  public func environment(ofWorker worker: Int) -> [String: String] {
    environment(ofWorker: worker, within: nil)
  }

  /// The same where a scheduler has left some devices to the process, within which they are numbered.
  package func environment(ofWorker worker: Int, within mask: DeviceMask?) -> [String: String] {
    let devices = visible(toWorker: worker).map(Self.key)
    guard !devices.isEmpty else { return [:] }
    if let mask {
      // The order of the devices is that of the mask.
      let names = devices.map { mask.systemName(of: $0) ?? $0 }
      return [mask.variable: names.joined(separator: ",")]
    }
    return [
      // CUDA numbers devices by speed otherwise, and a number would mean another device.
      "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
      "CUDA_VISIBLE_DEVICES": devices.joined(separator: ","),
    ]
  }

  /// The value of `device` in the config of a branch whose worker is a process of its own: null for no
  /// device, a text for one, a list of texts for several.
  ///
  /// The texts are numbers, from 0, of places in ``visible(toWorker:)``: what CUDA calls the devices in
  /// a process that sees only these.
  public func local(ofWorker worker: Int, branch: Int) -> Value {
    let keys = visible(toWorker: worker).map(Self.key)
    return value(worker, branch) { name in
      keys.firstIndex(of: Self.key(name)).map(String.init) ?? name
    }
  }

  /// The value of `device` in the config of a branch whose worker shares its process with others, from
  /// which nothing is hidden: as ``local(ofWorker:branch:)``, but with the names that were given.
  public func physical(ofWorker worker: Int, branch: Int) -> Value {
    value(worker, branch) { $0 }
  }

  /// The devices of a nested list that no branch gets, since it has more entries than there are workers
  /// or branches; each once.
  public var unused: [String] {
    var keys = Set((0..<workers).flatMap { visible(toWorker: $0) }.map(Self.key))
    return slots.joined().joined().compactMap(\.self).filter { keys.insert(Self.key($0)).inserted }
  }

  private func value(_ worker: Int, _ branch: Int, _ text: (String) -> String) -> Value {
    let texts = slots[worker][branch].compactMap { $0.map { Value.string(text($0)) } }
    return texts.isEmpty ? .null : texts.count == 1 ? texts[0] : .list(texts)
  }

  /// What tells a device from others: `cuda:1` and `1` are the same one. CUDA itself takes only the
  /// latter, and sees no device at all if one is listed twice.
  private static func key(_ name: String) -> String { DeviceAddress(name)?.text ?? name }
}

extension DeviceList {
  fileprivate var isList: Bool {
    if case .list = self { true } else { false }
  }
}
