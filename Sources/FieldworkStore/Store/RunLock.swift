import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to write a store. The system takes it back when the process ends, however it ends, so a
/// dead process never holds it.
final class RunLock: Sendable {
  private let descriptor: Protected<Int32?>

  /// - Throws: ``FieldworkError`` of code `busy`, which names the process that has the right.
  init(_ folder: ResearchFolder) throws {
    let file = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw FieldworkError(
        .store,
        "cannot write \(folder.lockPath): \(String(cString: strerror(errno)))"
      )
    }
    guard RunLock.take(file) else {
      let text = (try? String(contentsOfFile: folder.lockPath, encoding: .utf8)) ?? ""
      close(file)
      let holder = text.isEmpty ? "another process" : "process \(text)"
      throw FieldworkError(
        .busy,
        "\(folder.path) is being written by \(holder); wait for it, or stop it"
      )
    }
    ftruncate(file, 0)
    let holder = Array("\(getpid())".utf8)
    _ = holder.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    descriptor = Protected(file)
  }

  /// Takes the lock unless another one writes. Who only looks whether it is held, holds it for a moment
  /// in a way that others may share; that is no reason to be refused.
  private static func take(_ file: Int32) -> Bool {
    for _ in 0..<1000 {
      if flock(file, LOCK_EX | LOCK_NB) == 0 { return true }
      if flock(file, LOCK_SH | LOCK_NB) != 0 { return false }
    }
    return false
  }

  /// Whether a process holds the right to write a store at this moment.
  static func isHeld(_ folder: ResearchFolder) -> Bool {
    let file = open(folder.lockPath, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    // Closing it gives the lock back.
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  func release() {
    descriptor.withLock { file in
      if let file { close(file) }
      file = nil
    }
  }

  deinit { release() }
}
