import Foundation
import XCTest

/// Where the build put the tests, and with them the executables and modules.
enum BuildProducts {
  /// The folder that holds the test bundle.
  static let folder: URL = {
    #if os(macOS)
      for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
        return bundle.bundleURL.resolvingSymlinksInPath().deletingLastPathComponent()
      }
    #endif
    return URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent()
  }()

  /// What makes `import XCTest` work where it does not stand beside the standard library.
  static var testFrameworkFlags: [String] {
    #if os(macOS)
      let developer =
        "/Applications/Xcode.app/Contents/Developer/Platforms/MacOSX.platform/Developer"
      return ["-F", developer + "/Library/Frameworks", "-I", developer + "/usr/lib"]
    #else
      return []
    #endif
  }
}

/// A process that has run to its end.
struct ProcessRun {
  let status: Int32
  let output: String
  let error: String
  /// Whether a signal ended it; then `status` is the signal.
  let wasKilled: Bool

  init(
    _ executable: URL,
    _ arguments: [String],
    environment: [String: String] = [:],
    input: String? = nil
  ) throws {
    let running = try RunningProcess(
      executable,
      arguments,
      environment: environment,
      input: input
    )
    self = try running.finish()
  }

  fileprivate init(status: Int32, wasKilled: Bool, output: String, error: String) {
    self.status = status
    self.wasKilled = wasKilled
    self.output = output
    self.error = error
  }
}

/// A process that runs. Its output goes into files, so that no pipe can fill up.
final class RunningProcess {
  let process = Process()
  private let folder: URL
  private var output: URL { folder.appendingPathComponent("output") }
  private var error: URL { folder.appendingPathComponent("error") }

  init(
    _ executable: URL,
    _ arguments: [String],
    environment: [String: String] = [:],
    input: String? = nil
  ) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-process-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for url in [output, error] { try Data().write(to: url) }
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    if let input {
      let url = folder.appendingPathComponent("input")
      try Data(input.utf8).write(to: url)
      process.standardInput = try FileHandle(forReadingFrom: url)
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    try process.run()
  }

  func interrupt() { process.interrupt() }

  /// Waits for the process to end.
  func finish() throws -> ProcessRun {
    process.waitUntilExit()
    defer { try? FileManager.default.removeItem(at: folder) }
    return ProcessRun(
      status: process.terminationStatus,
      wasKilled: process.terminationReason == .uncaughtSignal,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      error: String(decoding: try Data(contentsOf: error), as: UTF8.self)
    )
  }
}
