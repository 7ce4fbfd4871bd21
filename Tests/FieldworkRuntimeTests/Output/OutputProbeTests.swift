import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// The real streams of a process, which has them captured in mode `both`.
final class OutputProbeTests: OutputCaptureTestCase {
  private struct Outcome {
    let process: Int32
    let output: String
    /// Whether it died of a trap. The thread sanitizer makes an exit code of it.
    let hasDied: Bool
  }

  private func runProbe(_ what: String) throws -> Outcome {
    let path = Self.products.appendingPathComponent("OutputProbe").path
    let output = Pipe()
    let errors = try XCTUnwrap(FileHandle(forWritingAtPath: "/dev/null"))
    let process = try ChildProcess(
      path,
      [path, what, directory],
      descriptors: [
        STDOUT_FILENO: output.fileHandleForWriting.fileDescriptor,
        STDERR_FILENO: errors.fileDescriptor,
      ]
    )
    try output.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return Outcome(process: process.id, output: text, hasDied: process.wait() != .exited(0))
  }

  /// The folder of what has been built.
  private static var products: URL {
    #if os(macOS)
      Bundle(for: OutputProbeTests.self).bundleURL.deletingLastPathComponent()
    #else
      URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()
    #endif
  }

  func testEveryWayOfWriting() throws {
    let outcome = try runProbe("ways")
    XCTAssertEqual(outcome.output, "before\nafter\n")
    func turn(_ id: String, _ turn: Int) -> String {
      """
      print \(id)\(turn)
      fputs \(id)\(turn)
      vfprintf \(turn)
      FileHandle \(id)\(turn)
      child \(id)\(turn)

      """
    }
    for id in ["a", "b"] {
      XCTAssertEqual(experimentText(id), turn(id, 1) + turn(id, 2))
      XCTAssertEqual(
        experimentText(id, "stderr.txt"),
        "child error\nfputs error\nchild error\nfputs error\n"
      )
    }
    XCTAssertEqual(
      text("test/stdout.txt"),
      "outside\n" + turn("a", 1) + turn("b", 1) + turn("a", 2) + turn("b", 2) + "between\n"
    )
  }

  func testMuchOutputNeedsNoMemory() throws {
    let outcome = try runProbe("much")
    let growth = try XCTUnwrap(Int(outcome.output.dropLast()), outcome.output)
    XCTAssertLessThan(growth, 20, "MB")
    for path in ["stdout.txt", "experiments/a/stdout.txt"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(path)")
      XCTAssertEqual(attributes[.size] as? Int, 100_000_000)
    }
  }

  func testAFullDiskNeitherEndsTheProcessNorMixesFiles() throws {
    try requireFullDevice()
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: folder.experimentPath("a"),
      withIntermediateDirectories: true
    )
    for path in ["stdout.txt", "experiments/a/stdout.txt"] {
      try manager.createSymbolicLink(
        atPath: "\(folder.path)/\(path)",
        withDestinationPath: "/dev/full"
      )
    }
    let outcome = try runProbe("full")
    XCTAssertFalse(outcome.hasDied)
    XCTAssertEqual(experimentText("b"), "of b\n")
    XCTAssertEqual(outcome.output, "after, failures told: 1\n")
  }

  func testLastWordsOfAProcess() throws {
    let outcome = try runProbe("trap")
    XCTAssertTrue(outcome.hasDied)
    try OutputCapture.salvage(in: folder, process: outcome.process)
    let text = try XCTUnwrap(experimentText("a", "stderr.txt"))
    XCTAssertTrue(text.hasPrefix("last words\n"), text)
    XCTAssertTrue(text.contains("the process dies"), text)
    XCTAssertEqual(everyFile(), ["experiments", "experiments/a", "experiments/a/stderr.txt"])
  }
}
