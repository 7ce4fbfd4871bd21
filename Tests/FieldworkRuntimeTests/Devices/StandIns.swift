import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// A reader of memory that gives prepared answers, one for each call, and the last one for ever.
final class PreparedReader: DeviceMemoryReader {
  private let answers: [String: [Double]]
  private let asked = Shared<[String]>([])
  private let whenAsked: @Sendable () -> Void

  /// - Parameter answers: shares by device.
  init(_ answers: [String: [Double]], whenAsked: @escaping @Sendable () -> Void = {}) {
    self.answers = answers
    self.whenAsked = whenAsked
  }

  /// The devices that were asked for, in order.
  var calls: [String] { asked.value }

  func freeShare(of device: String) throws -> Double {
    let number = asked.change { asked in
      asked.append(device)
      return asked.filter { $0 == device }.count - 1
    }
    whenAsked()
    guard let shares = answers[device] else { throw TestError("no device \(device)") }
    return shares[min(number, shares.count - 1)]
  }
}

extension RuntimeTestCase {
  /// Writes an executable `nvidia-smi`.
  /// - Parameter script: lines of a shell, to which `$1` is the query.
  /// - Returns: the folder that it is in.
  func program(_ script: String) throws -> String {
    let folder = directory + "/bin-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/nvidia-smi"
    try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return folder
  }

  /// Compiles a stand-in for NVIDIA's library: device 0 has 30 of 40 GiB free, device 1 tells no memory,
  /// device 2 is lost.
  ///
  /// It writes `start` and `end` into the file `log` of the test's folder.
  /// - Parameter options: of the compiler, such as `-DSTART=9`.
  /// - Returns: the library's path.
  func library(_ options: String...) throws -> String {
    let name = directory + "/stand-in-\(UUID().uuidString)"
    try librarySource.write(toFile: name + ".c", atomically: false, encoding: .utf8)
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments =
      ["clang", "-shared", "-fPIC", "-Wall", "-Werror", "-DLOG=\"\(directory)/log\""]
      + options + ["-o", name + ".so", name + ".c"]
    try compiler.run()
    compiler.waitUntilExit()
    // What `env` says if it finds no program.
    try XCTSkipIf(compiler.terminationStatus == 127, "there is no clang")
    guard compiler.terminationStatus == 0 else { throw TestError("the library does not compile") }
    return name + ".so"
  }
}

private let librarySource = """
  #include <stdio.h>
  #include <string.h>

  #ifndef START
  #define START 0
  #endif

  typedef struct { unsigned int number; } Device;
  typedef struct { unsigned long long total, free, used; } Memory;
  static Device devices[3] = {{0}, {1}, {2}};

  static void note(const char *text) {
    FILE *file = fopen(LOG, "a");
    if (file) { fputs(text, file); fclose(file); }
  }

  int nvmlInit_v2(void) { if (START == 0) note("start\\n"); return START; }
  int nvmlShutdown(void) { note("end\\n"); return 0; }

  const char *nvmlErrorString(int code) {
    switch (code) {
    case 2: return "Invalid Argument";
    case 3: return "Not Supported";
    case 6: return "Not Found";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    default: return 0;
    }
  }

  #ifndef NO_COUNT
  int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return 0; }
  #endif

  int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device **device) {
    if (index >= 3) return 2;
    if (index == 2) return 15;
    *device = devices + index;
    return 0;
  }

  int nvmlDeviceGetHandleByUUID(const char *identifier, Device **device) {
    if (strcmp(identifier, "GPU-zero")) return 6;
    *device = devices;
    return 0;
  }

  int nvmlDeviceGetName(Device *device, char *name, unsigned int length) {
    snprintf(name, length, "Model %u", device->number);
    return 0;
  }

  int nvmlDeviceGetMemoryInfo(Device *device, Memory *memory) {
    if (device->number == 1) return 3;
    memory->total = 40ull << 30;
    memory->free = 30ull << 30;
    memory->used = 10ull << 30;
  #ifdef NONSENSE
    memory->free = memory->total + 1;
  #endif
    return 0;
  }

  """
