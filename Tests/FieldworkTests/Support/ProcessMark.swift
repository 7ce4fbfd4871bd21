import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A variable of the environment by which a test finds the processes that it has started, and those that
/// these have started.
struct ProcessMark {
  private static let name = "TEST_MARK"
  private let value = UUID().uuidString

  var environment: [String: String] { [Self.name: value] }

  /// The processes that live, by their numbers.
  var processes: [Int32] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let text = Data("\(Self.name)=\(value)".utf8)
    return entries.compactMap { Int32($0) }.filter { process in
      // A process that is dead, though nobody has asked for its end, has none.
      let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ")
      return environment?.range(of: text) != nil
    }
  }

  /// The processes that live and whose parent is another one.
  func children(of parent: Int32) -> [Int32] {
    processes.filter { process in
      let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
      return status?.contains("\nPPid:\t\(parent)\n") ?? false
    }
  }

  /// Waits until none lives, or until that has lasted too long.
  /// - Returns: those that live still.
  func waitUntilGone() -> [Int32] {
    for _ in 0..<2_000 {
      if processes.isEmpty { return [] }
      usleep(10_000)
    }
    return processes
  }

  /// Ends all of them.
  func killAll() { for process in processes { kill(process, SIGKILL) } }
}
