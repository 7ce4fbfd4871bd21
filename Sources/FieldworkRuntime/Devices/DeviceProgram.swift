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
    // Files, not pipes: a file never fills up, and a process that got hold of a pipe's other end by
    // being started meanwhile would keep it open.
    let output = try Self.namelessFile()
    let errors = try Self.namelessFile()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    do {
      try process.run()
    } catch {
      throw FieldworkError(.device, "\(path) cannot be started", cause: "\(error)")
    }
    guard ended.wait(timeout: .now() + limit) == .success else {
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      throw FieldworkError(
        .device,
        "\(path) did not end in \(limit) seconds; try it by hand, a device may be broken"
      )
    }
    let text = try Self.text(of: output)
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let how = process.terminationReason == .exit ? "exit code" : "signal"
      let said = (try Self.text(of: errors) + text).trimmingCharacters(in: .whitespacesAndNewlines)
      throw FieldworkError(
        .device,
        "\(path) failed with \(how) \(process.terminationStatus)",
        cause: said.isEmpty ? nil : String(said.prefix(500))
      )
    }
    return text
  }

  /// An empty file that goes when it is closed, however this process ends.
  private static func namelessFile() throws -> FileHandle {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-output-\(UUID().uuidString)")
    do {
      try Data().write(to: url, options: .withoutOverwriting)
      defer { try? FileManager.default.removeItem(at: url) }
      return try FileHandle(forUpdating: url)
    } catch {
      throw FieldworkError(.device, "no file can be made for a program's output", cause: "\(error)")
    }
  }

  private static func text(of file: FileHandle) throws -> String {
    try file.seek(toOffset: 0)
    return String(decoding: try file.read(upToCount: 1 << 20) ?? Data(), as: UTF8.self)
  }
}
