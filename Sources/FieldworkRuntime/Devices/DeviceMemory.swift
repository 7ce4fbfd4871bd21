import FieldworkCore
import Foundation

/// The memory of the machine's NVIDIA devices.
///
/// The driver's library is asked, and the program `nvidia-smi` where the library cannot be used. Both
/// know all devices of the machine, whatever `CUDA_VISIBLE_DEVICES` hides.
public enum DeviceMemory {
  /// A reader of free memory; nil if the machine has neither the driver's library nor `nvidia-smi`.
  public static func reader() -> (any DeviceMemoryReader)? { nvidia() }

  /// Each device's name and memory, in the order of their numbers: `NVIDIA A100, 79.3 GiB`.
  ///
  /// The list is empty if the machine has no such devices, or cannot tell.
  public static func descriptions() -> [String] { (try? nvidia()?.descriptions()) ?? [] }

  /// The number of devices; nil if the machine cannot tell.
  static func count() -> Int? { nvidia().flatMap { try? $0.count() } }

  /// - Parameters:
  ///   - library: the name or path of the driver's library.
  ///   - searchPath: folders in which to look for `nvidia-smi`, with colons between.
  static func nvidia(
    library: String = NVIDIALibrary.usualName,
    searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
  ) -> (any NVIDIADevices)? {
    if let library = try? NVIDIALibrary(library) { return library }
    return NVIDIAProgram(searchPath: searchPath)
  }
}

/// A way to ask about NVIDIA devices.
protocol NVIDIADevices: DeviceMemoryReader {
  /// Each device's name and memory, in the order of their numbers.
  func descriptions() throws -> [String]

  /// The number of devices; nil if what is asked does not tell.
  func count() throws -> Int?
}

extension NVIDIADevices {
  /// A device in a few words.
  /// - Parameter bytes: its memory; nil if that is unknown, as with memory shared with the processor.
  static func description(name: String, bytes: Double?) -> String {
    guard let bytes else { return name }
    return "\(name), \((bytes / 0x1p30 * 10).rounded() / 10) GiB"
  }

  static func address(of device: String) throws -> DeviceAddress {
    guard let address = DeviceAddress(device) else {
      throw failure(
        "'\(device)' is not an NVIDIA device, so its free memory is unknown; "
          + "name devices like 0, cuda:0 or GPU-…, or don't ask for free memory"
      )
    }
    return address
  }

  static func failure(_ message: String, cause: String? = nil) -> FieldworkError {
    FieldworkError(.device, message, cause: cause)
  }
}
