import Foundation

/// The Python that tests hold results against: that of `FIELDWORK_PYTHON`, or the one on the path.
enum Python {
  static var path: String {
    if let given = ProcessInfo.processInfo.environment["FIELDWORK_PYTHON"] { return given }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/python3" }
      .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "/usr/bin/python3"
  }

  /// Whether it has a module.
  static func has(_ module: String) throws -> Bool {
    guard FileManager.default.isExecutableFile(atPath: path) else { return false }
    return try ProcessRun(URL(fileURLWithPath: path), ["-c", "import \(module)"]).status == 0
  }
}
