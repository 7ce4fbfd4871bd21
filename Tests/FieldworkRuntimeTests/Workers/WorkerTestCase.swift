import Foundation
import XCTest

@testable import FieldworkRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tests with processes, which must leave nothing behind.
class WorkerTestCase: RuntimeTestCase {
  /// Whether a process is there that is not dead.
  static func isAlive(_ process: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
      return false
    }
    // The state follows the name, which stands in brackets.
    let state = text.split(separator: ")").last?.first { $0 != " " }
    return state != "Z" && state != "X"
  }

  /// Those of some processes that live on, though they have been killed.
  static func alive(_ processes: [Int32]) -> [Int32] {
    for _ in 0..<1_000 {
      if !processes.contains(where: isAlive) { return [] }
      usleep(5_000)
    }
    return processes.filter(isAlive)
  }

  /// The descriptors that this process has open.
  static var openDescriptors: Set<Int32> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    // One of them was open to read the list.
    return Set(names.compactMap { Int32($0) }.filter { fcntl($0, F_GETFD) >= 0 })
  }

  /// The processes that this one has started and not waited for.
  static var children: Set<Int32> {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return Set(
      entries.compactMap { Int32($0) }.filter { process in
        let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        return status?.contains("\nPPid:\t\(getpid())\n") ?? false
      }
    )
  }

  /// The files of this package in the folder for temporary files, without those of tests.
  static var temporaryFiles: Set<String> {
    let names = try? FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
    return Set((names ?? []).filter { $0.hasPrefix("fieldwork-") && $0.count == 16 })
  }

  /// Checks that something leaves no descriptor, process or temporary file.
  func assertLeavesNothing(
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () async throws -> Void
  ) async throws {
    let (descriptors, children, files) = (
      Self.openDescriptors, Self.children, Self.temporaryFiles
    )
    try await body()
    func left() -> [String] {
      Self.openDescriptors.subtracting(descriptors).compactMap { descriptor -> String? in
        let path = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/self/fd/\(descriptor)"
        )
        // The system's queues and loops open theirs when they are first used, for good.
        guard path?.hasPrefix("anon_inode:[event") != true else { return nil }
        return "\(descriptor): \(path ?? "?")"
      }
    }
    // Threads that are about to end may still hold some.
    for _ in 0..<500 where !left().isEmpty { usleep(10_000) }
    XCTAssertEqual(left(), [], "descriptors", file: file, line: line)
    XCTAssertEqual(Self.children.subtracting(children), [], "processes", file: file, line: line)
    XCTAssertEqual(Self.temporaryFiles.subtracting(files), [], "files", file: file, line: line)
  }
}
