import FieldworkCore
import Foundation

/// The program `nvidia-smi`, which comes with NVIDIA's driver. Each question starts it anew.
struct NVIDIAProgram: NVIDIADevices {
  private let program: DeviceProgram

  /// Looks for the program; nil if no folder has it.
  /// - Parameters:
  ///   - searchPath: folders, with colons between.
  ///   - limit: the seconds after which a run is given up: with a broken device it may never end.
  init?(searchPath: String, limit: Double = 60) {
    let paths = searchPath.split(separator: ":").map { "\($0)/nvidia-smi" }
    let path = paths.first { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
    }
    guard let path else { return nil }
    program = DeviceProgram(path: path, limit: limit)
  }

  func freeShare(of device: String) throws -> Double {
    let address = try Self.address(of: device)
    let rows = try query("index,uuid,memory.free,memory.total")
    let found = rows.first { row in
      guard row.count == 4 else { return false }
      return switch address {
      case .number(let number): Int(row[0]) == number
      case .identifier(let identifier): row[1] == identifier
      }
    }
    guard let found else {
      if let strange = rows.first(where: { $0.count != 4 || Int($0[0]) == nil }) {
        throw Self.failure(
          "\(program.path) does not tell the memory of the device \(device)",
          cause: "it printed \(Value.quoted(String(strange.joined(separator: ", ").prefix(200))))"
        )
      }
      throw Self.failure(
        "\(program.path) does not know the device \(device); it knows "
          + (rows.isEmpty ? "none" : rows.map { "\($0[0]) (\($0[1]))" }.joined(separator: ", "))
      )
    }
    guard let free = Double(found[2]), let total = Double(found[3]), total > 0, total.isFinite,
      (0...total).contains(free)
    else {
      throw Self.failure(
        "the free memory of the device \(device) is unknown",
        cause: "\(program.path) printed \(found[2]) of \(found[3])"
      )
    }
    return free / total
  }

  func descriptions() throws -> [String] {
    try query("memory.total,name").compactMap { row in
      // `[N/A]` stands for an unknown number. Other lines are words, not devices.
      guard row.count >= 2, Double(row[0]) != nil || row[0].hasPrefix("[") else { return nil }
      // In MiB. The name comes last, since it may hold commas.
      let bytes = Double(row[0]).flatMap { $0 > 0 && $0.isFinite ? $0 * 0x1p20 : nil }
      return Self.description(name: row[1...].joined(separator: ", "), bytes: bytes)
    }
  }

  func count() throws -> Int? {
    // Other lines are words, not devices; the numbers may have gaps where a device is lost.
    let numbers = try query("index").compactMap { $0.count == 1 ? Int($0[0]) : nil }
    return numbers.max().map { $0 + 1 }
  }

  /// The fields of each line that the program prints.
  private func query(_ fields: String) throws -> [[String]] {
    let output = try program.output(["--query-gpu=\(fields)", "--format=csv,noheader,nounits"])
    return output.split(whereSeparator: \.isNewline)
      .filter { line in !line.allSatisfy(\.isWhitespace) }
      .map { line in
        line.split(separator: ",", omittingEmptySubsequences: false)
          .map { $0.trimmingCharacters(in: .whitespaces) }
      }
  }
}
