/// What knows how much memory devices have free.
public protocol DeviceMemoryReader: Sendable {
  /// The free share of a device's memory, from 0 to 1.
  ///
  /// The call may take a second, and blocks its thread.
  /// - Parameter device: its number in the order of the PCI bus, whatever the process sees of it (`0`,
  ///   `cuda:0`), or its UUID (`GPU-…`).
  /// - Throws: an error that says why the memory cannot be told, also for what is no such device.
  func freeShare(of device: String) throws -> Double
}
