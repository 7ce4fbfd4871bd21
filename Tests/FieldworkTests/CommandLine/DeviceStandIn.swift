import Foundation

/// A stand-in for NVIDIA's program `nvidia-smi`, for a process that is to find no other devices.
struct DeviceStandIn {
  private let folder: URL
  private let hasProgram: Bool

  /// - Parameters:
  ///   - memory: by device, in order of the numbers: the free memory of 1000 MiB; nil for no program.
  init(in directory: URL, free memory: [Int]?) throws {
    folder = directory.appendingPathComponent("devices-\(UUID().uuidString)")
    hasProgram = memory != nil
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A library that cannot be loaded hides the machine's own.
    try Data("no library".utf8).write(to: folder.appendingPathComponent("libnvidia-ml.so.1"))
    guard let memory else { return }
    let rows = memory.enumerated().map { "echo '\($0), GPU-\($0), \($1), 1000'" }
    let numbers = memory.indices.map { "echo \($0)" }
    let script = """
      #!/bin/sh
      case "$1" in
        --query-gpu=index) \((numbers + ["true"]).joined(separator: "; ")) ;;
        *memory.free*) echo asked >> '\(log.path)'; \(rows.joined(separator: "; ")) ;;
      esac

      """
    let program = folder.appendingPathComponent("nvidia-smi")
    try script.write(to: program, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
  }

  private var log: URL { folder.appendingPathComponent("log") }

  /// How often the free memory was asked for.
  var questions: Int {
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").count
  }

  /// What leads a process to the stand-in.
  var environment: [String: String] {
    let own = ProcessInfo.processInfo.environment
    let libraries = [folder.path] + (own["LD_LIBRARY_PATH"].map { [$0] } ?? [])
    return [
      "LD_LIBRARY_PATH": libraries.joined(separator: ":"),
      // Without the program, no other folder that may have one.
      "PATH": hasProgram ? folder.path + ":" + own["PATH", default: "/usr/bin:/bin"] : folder.path,
    ]
  }
}
