import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to write a store. The system takes it back when the process ends, however it ends, so a
/// dead process never holds it.
///
/// Who has the right holds the lock file alone. Others who only want to know, or to wait, share it for a
/// moment.
final class RunLock: Sendable {
  /// The call of the system: with a descriptor and an operation of `flock`.
  /// - Returns: 0, or the number of the error.
  typealias Call = (Int32, Int32) -> Int32

  private let descriptor: Protected<Int32?>
  /// The right among machines; nil where the folder is on a disk of this machine.
  let owner: RunOwner?

  /// - Parameters:
  ///   - command: the command line of the process, for those who are refused.
  ///   - isGone: finds out whether a process of another machine is gone.
  ///   - call: only for tests of file systems that cannot lock.
  /// - Throws: ``FieldworkError`` of code `busy`, which names the process that has the right, of code
  ///   `store` if the file cannot be written or locked.
  init(
    _ folder: ResearchFolder,
    command: String? = nil,
    isGone: RunOwner.Inquiry = { _ in nil },
    call: Call = RunLock.system
  ) throws {
    let isShared = folder.isShared
    while true {
      let file = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else {
        throw FieldworkError(
          .store,
          "cannot write \(folder.shown("research.lock")): \(String(cString: strerror(errno)))"
        )
      }
      do {
        try RunLock.take(file, folder, isShared, call)
      } catch {
        close(file)
        throw error
      }
      // Someone who removed the research may have deleted the file since it was opened.
      guard RunLock.isFile(file, at: folder.lockPath) else {
        close(file)
        continue
      }
      do {
        owner = isShared ? try RunOwner(folder, command: command, isGone: isGone) : nil
      } catch {
        close(file)
        throw error
      }
      RunLock.write(RunHolder.current(command: command).text, to: file)
      descriptor = Protected(file)
      return
    }
  }

  func release() {
    owner?.release()
    descriptor.withLock { file in
      if let file {
        ftruncate(file, 0)
        // A process that a unit has forked holds the file open, too.
        flock(file, LOCK_UN)
        close(file)
      }
      file = nil
    }
  }

  deinit { release() }

  // MARK: Taking

  static func system(_ file: Int32, _ operation: Int32) -> Int32 {
    flock(file, operation) == 0 ? 0 : errno
  }

  private static func take(
    _ file: Int32,
    _ folder: ResearchFolder,
    _ isShared: Bool,
    _ call: Call
  ) throws {
    while true {
      switch call(file, LOCK_EX | LOCK_NB) {
      case 0: return
      case EINTR: continue
      // A machine that is gone may have left its lock with the file server.
      case EWOULDBLOCK where isShared: return
      case EWOULDBLOCK:
        guard call(file, LOCK_SH | LOCK_NB) == 0 else { throw busy(folder, holder(file)) }
        // Nobody has the right: somebody has looked whether there is anyone, which takes a moment.
        _ = call(file, LOCK_UN)
        sched_yield()
      // The file of the owner keeps runs apart.
      case ENOLCK where isShared, ENOTSUP where isShared, ENOSYS where isShared: return
      case let error: throw cannotLock(folder, error)
      }
    }
  }

  static func busy(_ folder: ResearchFolder, _ holder: RunHolder?) -> FieldworkError {
    let isElsewhere = holder.map { !$0.isOnThisHost } ?? false
    let remedy =
      isElsewhere ? ". If that machine will never write again, run with --take-over" : ""
    return FieldworkError(
      .busy,
      "\(folder.path) is being written by \(holder?.description ?? "another process"); wait for it, or end it with 'stop'\(remedy)"
    )
  }

  private static func cannotLock(_ folder: ResearchFolder, _ error: Int32) -> FieldworkError {
    let reason = String(cString: strerror(error))
    return FieldworkError(
      .store,
      "\(folder.shown("research.lock")) cannot be locked (\(reason)), so that two runs could not be kept apart; keep the results in a directory of another file system"
    )
  }

  /// Whether a descriptor is that of the file that a path leads to.
  private static func isFile(_ file: Int32, at path: String) -> Bool {
    var (own, other) = (stat(), stat())
    guard fstat(file, &own) == 0, stat(path, &other) == 0 else { return false }
    return own.st_dev == other.st_dev && own.st_ino == other.st_ino
  }

  private static func write(_ text: String, to file: Int32) {
    // The new text first, so that the file is never empty while the lock is held; what follows its line is
    // not read.
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    ftruncate(file, off_t(bytes.count))
  }

  // MARK: Looking

  /// Who stands in an open lock file; nil if nobody does, or one who is dead.
  private static func holder(_ file: Int32) -> RunHolder? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return nil }
    let holder = RunHolder(text: String(decoding: bytes.prefix(count), as: UTF8.self))
    return holder.flatMap { $0.isAlive ? $0 : nil }
  }

  static func holding(_ folder: ResearchFolder, call: Call = RunLock.system) throws -> RunHolding {
    if folder.isShared {
      // The lock file tells of this machine alone.
      guard let holder = RunOwner.holder(folder), !RunOwner.hasEnded(holder, { _ in nil }) else {
        return .free
      }
      return .held(holder)
    }
    guard let file = try openToLook(folder) else { return .free }
    defer { close(file) }
    while true {
      switch call(file, LOCK_SH | LOCK_NB) {
      case 0: return .free
      case EINTR: continue
      case EWOULDBLOCK: return .held(holder(file))
      case let error: throw cannotLock(folder, error)
      }
    }
  }

  /// Blocks the thread until nobody has the right.
  static func waitUntilFree(_ folder: ResearchFolder) throws {
    if folder.isShared {
      while case .held = try holding(folder) { usleep(500_000) }
      return
    }
    guard let file = try openToLook(folder) else { return }
    defer { close(file) }
    while true {
      switch system(file, LOCK_SH) {
      case 0: return
      case EINTR: continue
      case let error: throw cannotLock(folder, error)
      }
    }
  }

  private static func openToLook(_ folder: ResearchFolder) throws -> Int32? {
    let file = open(folder.lockPath, O_RDONLY | O_CLOEXEC)
    if file >= 0 { return file }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw FieldworkError(
      .store,
      "cannot read \(folder.shown("research.lock")): \(String(cString: strerror(errno)))"
    )
  }
}

/// Whether somebody has the right to write a store.
package enum RunHolding: Sendable, Hashable {
  case free
  /// By whom; nil if that cannot be told, as in the moment in which a run begins.
  case held(RunHolder?)
}

extension ResearchFolder {
  /// Whether a run holds the research at this moment.
  /// - Throws: ``FieldworkError`` of code `store` if that cannot be found out.
  package func holding() throws -> RunHolding { try RunLock.holding(self) }

  /// Whether a run holds the research at this moment, whoever it is.
  /// - Throws: ``FieldworkError`` of code `store` if that cannot be found out.
  package var isHeld: Bool {
    get throws { try holding() != .free }
  }

  /// - Throws: ``FieldworkError`` of code `busy` if a run holds the research.
  package func requireFree() throws {
    if case .held(let holder) = try holding() { throw RunLock.busy(self, holder) }
  }

  /// Does something once no run holds the research, on a thread of its own. It does not look time and
  /// again: the system wakes it.
  package func whenFree(_ action: @escaping @Sendable () -> Void) {
    let folder = self
    let error = SystemThread.start {
      // If it cannot be found out, there is nothing to wait for.
      try? RunLock.waitUntilFree(folder)
      action()
    }
    if error != 0 { action() }
  }
}
