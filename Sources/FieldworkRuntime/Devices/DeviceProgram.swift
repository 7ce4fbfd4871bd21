import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program that answers a question about devices by what it prints.
struct DeviceProgram: Sendable {
  let path: String
  /// The seconds after which a run is given up.
  let limit: Double

  /// Runs the program to its end, without input.
  /// - Returns: the first megabyte of what it printed.
  /// - Throws: ``FieldworkError`` of code `device` if it cannot be started, fails, or does not end.
  func output(_ arguments: [String]) throws -> String {
    // Files, not pipes: a file never fills up.
    let process: ChildProcess
    let output: SystemFile
    let errors: SystemFile
    do {
      (output, errors) = (try SystemFile.memory(), try SystemFile.memory())
      process = try withExtendedLifetime((output, errors)) {
        try ChildProcess(
          path,
          [path] + arguments,
          descriptors: [STDOUT_FILENO: output.descriptor, STDERR_FILENO: errors.descriptor]
        )
      }
    } catch {
      throw FieldworkError(.device, "\(path) cannot be started", cause: "\(error)")
    }
    guard let ending = process.wait(for: .seconds(limit)) else {
      process.kill()
      throw FieldworkError(
        .device,
        "\(path) did not end in \(limit) seconds; try it by hand, a device may be broken"
      )
    }
    let text = try Self.text(of: output)
    guard ending == .exited(0) else {
      let how =
        switch ending {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
      let said = (try Self.text(of: errors) + text).trimmingCharacters(in: .whitespacesAndNewlines)
      throw FieldworkError(
        .device,
        "\(path) failed with \(how)",
        cause: said.isEmpty ? nil : String(said.prefix(500))
      )
    }
    return text
  }

  private static func text(of file: SystemFile) throws -> String {
    var bytes: [UInt8] = []
    try file.forEachPiece(of: 0..<min(file.size, 1 << 20)) { bytes += $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
