import FieldworkCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// NVIDIA's management library (NVML), looked for while running, so that no machine needs it.
///
/// Its functions may be called from several threads at once.
final class NVIDIALibrary: NVIDIADevices {
  static let usualName = "libnvidia-ml.so.1"

  private let functions: Functions

  /// Loads and starts the library.
  /// - Throws: ``FieldworkError`` of code `device` if it is not there, lacks a function, or finds no
  ///   driver.
  init(_ path: String = usualName) throws {
    let functions = try Functions(path)
    let code = functions.start()
    guard code == 0 else {
      throw Self.failure(
        "NVIDIA's library \(path) does not start",
        cause: functions.text(of: code)
      )
    }
    self.functions = functions
  }

  deinit { _ = functions.end() }

  func freeShare(of device: String) throws -> Double {
    let handle = try handle(of: device)
    let memory = try memory(of: handle, named: device)
    return Double(memory.free) / Double(memory.total)
  }

  func descriptions() throws -> [String] {
    try (0..<number()).map { index in
      // One device that has fallen off the bus does not hide the others.
      guard let handle = try? handle(of: String(index)) else { return "unreadable device" }
      let bytes = try? memory(of: handle, named: String(index)).total
      return Self.description(name: name(of: handle), bytes: bytes.map { Double($0) })
    }
  }

  func count() throws -> Int? { try number() }

  private func number() throws -> Int {
    var count: UInt32 = 0
    let code = functions.count(&count)
    guard code == 0 else {
      throw Self.failure("NVIDIA's library does not count devices", cause: functions.text(of: code))
    }
    return Int(count)
  }

  private func handle(of device: String) throws -> OpaquePointer {
    var handle: OpaquePointer?
    let code =
      switch try Self.address(of: device) {
      // What is no number for the library is no device either.
      case .number(let number): functions.byIndex(UInt32(clamping: number), &handle)
      case .identifier(let identifier): functions.byIdentifier(identifier, &handle)
      }
    guard code == 0, let handle else {
      let known = (try? number()).map { "; the machine has \($0) devices, numbered from 0" }
      throw Self.failure(
        "NVIDIA's library does not find the device \(device)\(known ?? "")",
        cause: functions.text(of: code)
      )
    }
    return handle
  }

  /// The bytes of a device; `total` is above 0, and `free` no more.
  private func memory(
    of handle: OpaquePointer,
    named device: String
  ) throws -> (total: UInt64, free: UInt64) {
    // Total, free, used.
    var bytes: [UInt64] = [0, 0, 0]
    let code = functions.memory(handle, &bytes)
    guard code == 0, bytes[0] > 0, bytes[1] <= bytes[0] else {
      throw Self.failure(
        "the free memory of the device \(device) is unknown",
        cause: code == 0 ? "\(bytes[1]) of \(bytes[0]) bytes free" : functions.text(of: code)
      )
    }
    return (bytes[0], bytes[1])
  }

  private func name(of handle: OpaquePointer) -> String {
    var characters = [CChar](repeating: 0, count: 97)
    // The last character stays 0, whatever the library writes.
    let code = functions.name(handle, &characters, UInt32(characters.count - 1))
    guard code == 0 else { return "NVIDIA device" }
    return String(
      decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
      as: UTF8.self
    )
  }
}

/// The functions of the library. All give 0 for success; a device is a pointer of the library's own.
private struct Functions: Sendable {
  typealias Step = @Sendable @convention(c) () -> Int32
  typealias Text = @Sendable @convention(c) (Int32) -> UnsafePointer<CChar>?
  typealias Count = @Sendable @convention(c) (UnsafeMutablePointer<UInt32>) -> Int32
  typealias ByIndex =
    @Sendable @convention(c) (UInt32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  typealias ByIdentifier =
    @Sendable @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  typealias Name =
    @Sendable @convention(c) (OpaquePointer, UnsafeMutablePointer<CChar>, UInt32) -> Int32
  typealias Memory =
    @Sendable @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt64>) -> Int32

  let start: Step
  let end: Step
  let errorText: Text
  let count: Count
  let byIndex: ByIndex
  let byIdentifier: ByIdentifier
  let name: Name
  let memory: Memory

  init(_ path: String) throws {
    // Never unloaded: a library with threads of its own would leave them without code.
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw FieldworkError(
        .device,
        "NVIDIA's library \(path) cannot be loaded",
        cause: dlerror().map { String(cString: $0) }
      )
    }
    func function<Function>(_ symbol: String, as type: Function.Type) throws -> Function {
      guard let address = dlsym(library, symbol) else {
        throw FieldworkError(
          .device,
          "NVIDIA's library \(path) has no \(symbol); install a newer driver"
        )
      }
      return unsafeBitCast(address, to: type)
    }
    start = try function("nvmlInit_v2", as: Step.self)
    end = try function("nvmlShutdown", as: Step.self)
    errorText = try function("nvmlErrorString", as: Text.self)
    count = try function("nvmlDeviceGetCount_v2", as: Count.self)
    byIndex = try function("nvmlDeviceGetHandleByIndex_v2", as: ByIndex.self)
    byIdentifier = try function("nvmlDeviceGetHandleByUUID", as: ByIdentifier.self)
    name = try function("nvmlDeviceGetName", as: Name.self)
    memory = try function("nvmlDeviceGetMemoryInfo", as: Memory.self)
  }

  func text(of code: Int32) -> String {
    errorText(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
