import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Captures what is written to two descriptors of its own, for XCTest needs the standard ones.
class OutputCaptureTestCase: RuntimeTestCase {
  /// What is redirected, in place of the standard output and error. Before, they lead to files.
  private(set) var output: Int32 = -1
  private(set) var error: Int32 = -1
  let failures = Shared<[FieldworkError]>([])

  var folder: ResearchFolder { ResearchFolder(directory: directory, name: "test") }

  override func setUpWithError() throws {
    try super.setUpWithError()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
    output = open(directory + "/terminal-output", O_RDWR | O_CREAT | O_APPEND, 0o600)
    error = open(directory + "/terminal-error", O_RDWR | O_CREAT | O_APPEND, 0o600)
  }

  override func tearDownWithError() throws {
    close(output)
    close(error)
    try super.tearDownWithError()
  }

  func makeCapture(
    _ output: OutputMode,
    _ error: OutputMode = .terminal,
    inMemory: Bool = false
  ) throws -> OutputCapture {
    try OutputCapture(
      folder: inMemory ? nil : folder,
      output: output,
      error: error,
      descriptors: (self.output, self.error)
    ) { [failures] failure in failures.change { $0.append(failure) } }
  }

  func put(_ text: String, error: Bool = false) { put(Array(text.utf8), error: error) }

  func put(_ bytes: [UInt8], error: Bool = false) {
    let count = bytes.withUnsafeBytes {
      write(error ? self.error : output, $0.baseAddress, $0.count)
    }
    XCTAssertEqual(count, bytes.count)
  }

  /// The bytes of a file below the test's directory; nil if there is none.
  func bytes(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(directory)/\(path)").map(Array.init)
  }

  /// The text of a file below the test's directory; nil if there is none.
  func text(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

  func experimentText(_ id: String, _ file: String = "stdout.txt") -> String? {
    text("test/experiments/\(id)/\(file)")
  }

  /// Everything in the folder of the research, hidden or not.
  func everyFile() -> [String] {
    (FileManager.default.subpaths(atPath: folder.path) ?? []).sorted()
  }

  /// The number of the process's open descriptors of files. Databases, pipes and what else other tests
  /// may still be closing are left aside.
  func descriptorCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/dev/fd").count { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/dev/fd/\(name)")
      return target.map { $0.hasPrefix("/") && !$0.contains(".sqlite") } ?? false
    }
  }
}

extension XCTestCase {
  /// Skips a test where there is no device that stands for a full disk.
  func requireFullDevice() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { throw XCTSkip("no /dev/full") }
  }
}
