import FieldworkRuntime
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

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

/// A process that runs. Its output goes into a file, so that no pipe can fill up; its errors, which are
/// few, can be waited for.
final class RunningProcess {
  let process: ChildProcess
  private let folder: URL
  private let errors = Pipe()
  private var errorText = Data()
  private let output: URL

  /// - Parameters:
  ///   - input: the standard input; nothing if nil.
  ///   - standardOutput: where the output goes instead of into `ProcessRun.output`.
  ///   - standardError: where the errors go instead of into `ProcessRun.error`.
  init(
    _ executable: URL,
    _ arguments: [String],
    environment: [String: String] = [:],
    input: String? = nil,
    standardOutput: FileHandle? = nil,
    standardError: FileHandle? = nil
  ) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-process-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    output = folder.appendingPathComponent("output")
    try Data().write(to: output)
    let standardOutput = try standardOutput ?? FileHandle(forWritingTo: output)
    let standardError = standardError ?? errors.fileHandleForWriting
    var descriptors = [
      STDOUT_FILENO: standardOutput.fileDescriptor, STDERR_FILENO: standardError.fileDescriptor,
    ]
    var inputFile: FileHandle?
    if let input {
      let url = folder.appendingPathComponent("input")
      try Data(input.utf8).write(to: url)
      inputFile = try FileHandle(forReadingFrom: url)
      descriptors[STDIN_FILENO] = inputFile?.fileDescriptor
    }
    process = try ChildProcess(
      executable.path,
      [executable.path] + arguments,
      descriptors: descriptors,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
    )
    // Nobody here writes into the pipe, so reading it ends with the process.
    try errors.fileHandleForWriting.close()
    try inputFile?.close()
  }

  func interrupt() { signal(SIGINT) }

  /// Sends a signal to the process alone.
  func signal(_ number: Int32) { _ = kill(process.id, number) }

  /// Waits until the process has written a text to its standard error.
  /// - Returns: false if it ended without.
  func waitForError(containing text: String) -> Bool {
    while !String(decoding: errorText, as: UTF8.self).contains(text) {
      let data = errors.fileHandleForReading.availableData
      guard !data.isEmpty else { return false }
      errorText += data
    }
    return true
  }

  /// Waits for the process to end.
  func finish() throws -> ProcessRun {
    errorText += errors.fileHandleForReading.readDataToEndOfFile()
    let ending = process.wait()
    defer { try? FileManager.default.removeItem(at: folder) }
    var (status, wasKilled) = (Int32(0), false)
    switch ending {
    case .exited(let code): status = code
    case .signalled(let signal): (status, wasKilled) = (signal, true)
    }
    return ProcessRun(
      status: status,
      wasKilled: wasKilled,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      error: String(decoding: errorText, as: UTF8.self)
    )
  }
}
