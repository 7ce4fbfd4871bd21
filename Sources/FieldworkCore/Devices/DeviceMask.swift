/// The devices that a scheduler has left to the process, by an environment variable such as `CUDA_VISIBLE_DEVICES`.
///
/// Programs number devices within the mask: with `CUDA_VISIBLE_DEVICES=2,3` device 0 is the system's device 2.
package struct DeviceMask: Sendable, Hashable {
  /// The variables of the driver's libraries, those that number within another one's mask first.
  private static let variables = [
    "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
  ]

  /// The variable that a worker's devices are given by.
  package let variable: String
  /// The variable whose mask it is.
  package let source: String
  /// The names of the devices in the mask: numbers or UUIDs.
  package let devices: [String]

  /// Reads the mask of an environment.
  /// - Returns: nil if no variable hides devices.
  package init?(_ environment: [String: String]) {
    guard let source = Self.variables.first(where: { environment[$0] != nil }),
      let text = environment[source]
    else { return nil }
    self.source = source
    // HIP numbers within the mask of ROCR, which stays as it is.
    variable = source == "CUDA_VISIBLE_DEVICES" ? source : "HIP_VISIBLE_DEVICES"
    var devices: [String] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part.filter { !$0.isWhitespace })
      // The libraries take no more devices after one that is none.
      guard !name.isEmpty, Int(name).map({ $0 >= 0 }) ?? name.contains("-") else { break }
      devices.append(name)
    }
    self.devices =
      source == "ROCR_VISIBLE_DEVICES" ? devices.indices.map(String.init) : devices
  }

  /// The name by which the system knows a device that is given by its place in the mask, or by its UUID.
  /// - Returns: nil if the mask does not have it.
  package func systemName(of device: String) -> String? {
    switch DeviceAddress(device) {
    case .number(let number): devices.indices.contains(number) ? devices[number] : nil
    case .identifier(let identifier):
      // A mask of numbers does not tell.
      devices.allSatisfy({ Int($0) != nil }) && !devices.isEmpty
        || devices.contains { identifier.hasPrefix($0) || $0.hasPrefix(identifier) }
        ? identifier : nil
    case nil: device
    }
  }

  /// Text on why a device is not in the mask.
  package func problem(of device: String) -> String? {
    guard systemName(of: device) == nil else { return nil }
    return devices.isEmpty
      ? "\(source) hides all devices"
      : "\(source) leaves \(devices.count) device\(devices.count == 1 ? "" : "s"), numbered from 0, and there is no device \(device)"
  }
}
