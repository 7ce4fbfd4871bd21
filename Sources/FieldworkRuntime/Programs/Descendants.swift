import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends processes that a program has started and left behind.
///
/// The system makes this process the parent of those whose own parent has ended, so they are found among its children,
/// without a search of all processes.
enum Descendants {
  /// True if the system makes this process the parent of such processes.
  static let areAdopted: Bool = {
    #if os(Linux)
      typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
      // It takes any number of arguments, so it is not shown to Swift.
      guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "prctl") else { return false }
      let setSubreaper: Int32 = 36
      let error = unsafeBitCast(symbol, to: Control.self)(setSubreaper, 1, 0, 0, 0)
      return error == 0 && access(children, R_OK) == 0
    #else
      return false
    #endif
  }()

  /// The file with the children of the main thread, which orphans become.
  private static let children = "/proc/self/task/\(getpid())/children"

  /// Kills what is left of a program that has ended.
  /// - Parameters:
  ///   - group: the process group of the program.
  ///   - token: the name in its environment.
  static func end(group: Int32, _ token: String) {
    guard areAdopted else {
      ChildProcess.killSession(group, token)
      return
    }
    // Until the system has ended the group, its members may have children elsewhere.
    var rounds = 0
    while rounds < 500, kill(-group, SIGKILL) == 0 {
      if waitpid(-group, nil, WNOHANG) <= 0 { usleep(200) }
      rounds += 1
    }
    reapDead()
    while true {
      let orphans = ownChildren().filter { ProcessToken.has($0, token) }
      guard !orphans.isEmpty else { return }
      for orphan in orphans { _ = kill(orphan, SIGKILL) }
      for orphan in orphans { while waitpid(orphan, nil, 0) < 0 && errno == EINTR {} }
    }
  }

  /// The processes that this one has started and waits for.
  static let started = Protected<Set<Int32>>([])

  /// Takes the ends of orphans that have ended by themselves. Their names can no longer be read.
  private static func reapDead() {
    let own = getsid(0)
    for child in ownChildren() where !started.withLock({ $0.contains(child) }) {
      // A child that other code has started from this thread is its own to wait for.
      guard let status = FileManager.default.contents(atPath: "/proc/\(child)/stat"),
        let fields = String(decoding: status, as: UTF8.self).split(separator: ")").last?
          .split(separator: " "),
        fields.count > 3, fields[0] == "Z", let session = Int32(fields[3]),
        session != own || ProcessToken.own != nil
      else { continue }
      waitpid(child, nil, WNOHANG)
    }
  }

  private static func ownChildren() -> [Int32] {
    let file = open(children, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(file, &buffer, buffer.count)
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    guard !text.isEmpty else { return [] }
    return text.split(separator: UInt8(ascii: " ")).compactMap {
      Int32(String(decoding: $0, as: UTF8.self))
    }
  }
}
