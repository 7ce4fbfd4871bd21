import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A name in the environment of a process that this one has started.
///
/// Programs that the process starts inherit it, also in a session of their own, so they can be found when the process
/// has ended.
enum ProcessToken {
  static let variable = "FIELDWORK_PROCESS"

  private static let count = Protected(0)

  /// Makes a name that no other process has.
  static func next() -> String {
    let number = count.withLock { count in
      count += 1
      return count
    }
    // All are equally long, so that none is a part of another one.
    let random = RandomName.make()
    return "\(random)-\(String(UInt32(truncatingIfNeeded: number) | 1 << 31, radix: 16))"
  }

  /// The value of the variable for a process: the names of those above it, and its own.
  /// - Parameter above: the value of the process that starts it; nil for none.
  static func path(below above: String?, _ token: String) -> String {
    above.map { "\($0):\(token)" } ?? token
  }

  /// The name of this process; nil if it was started by none of ours.
  static let own =
    ProcessInfo.processInfo.environment[variable]?.split(separator: ":").last.map(String.init)

  /// Returns true if a process, or one above it, was started with the name.
  static func has(_ process: Int32, _ token: String) -> Bool {
    guard let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") else {
      return false
    }
    return environment.range(of: Data(token.utf8)) != nil
  }
}
