/// What the name of a device says to CUDA: its number or its UUID.
package enum DeviceAddress: Sendable, Hashable {
  /// The number in the order of the PCI bus, from 0: `2`, `cuda:2`.
  case number(Int)
  /// A UUID: `GPU-…` for a device, `MIG-…` for a part of one.
  case identifier(String)

  /// Reads a name; nil if it is no CUDA device, such as `cpu`.
  package init?(_ device: String) {
    if device.hasPrefix("GPU-") || device.hasPrefix("MIG-") {
      self = .identifier(device)
      return
    }
    let digits = device.hasPrefix("cuda:") ? device.dropFirst("cuda:".count) : device[...]
    guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
      let number = Int(digits)
    else { return nil }
    self = .number(number)
  }

  /// The address as `CUDA_VISIBLE_DEVICES` takes it.
  package var text: String {
    switch self {
    case .number(let number): String(number)
    case .identifier(let identifier): identifier
    }
  }
}
