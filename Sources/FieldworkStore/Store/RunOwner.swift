@preconcurrency import Dispatch
import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to write a store on a file system that several machines use. A file names the process that has it, with its
/// machine, its job and a number that grows while the process lives. A process creates the file only if it is missing.
///
/// Another process may replace the file when the named one is known to be gone: the system knows that of this machine, the
/// batch system of a job. A number that no longer grows proves nothing, since a machine that stopped may write again.
final class RunOwner: Sendable {
  /// Finds out whether the owner of a store is gone: true if it is, false if it is not, nil if nobody knows.
  typealias Inquiry = @Sendable (RunHolder) -> Bool?

  private static let interval = 5

  private let folder: ResearchFolder
  private let holder: Protected<RunHolder>
  private let timer: any DispatchSourceTimer
  private let lost = Protected<RunHolder?>(nil)
  private let lastBeat = Protected(ContinuousClock.now)

  /// - Throws: ``FieldworkError`` of code `busy` if another process has the right, of code `store` if the file cannot be
  ///   written.
  init(
    _ folder: ResearchFolder,
    command: String?,
    isGone: Inquiry
  ) throws {
    var own = RunHolder.current(command: command)
    own.session = RandomName.make()
    let environment = ProcessInfo.processInfo.environment
    own.job = environment["SLURM_JOB_ID"]
    own.restarts = own.job.map { _ in environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0 }
    own.beat = 0
    try Self.take(folder, own, isGone)
    self.folder = folder
    holder = Protected(own)
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fieldwork.owner"))
    timer.setEventHandler { [weak self] in self?.beat() }
    timer.schedule(deadline: .now() + .seconds(Self.interval), repeating: .seconds(Self.interval))
    timer.resume()
  }

  deinit { release() }

  /// Gives the right back.
  func release() {
    timer.cancel()
    let session = holder.withLock { $0.session }
    guard Self.holder(folder)?.session == session else { return }
    unlink(folder.ownerPath)
  }

  /// The process that has taken the right over; nil if this one has it.
  var successor: RunHolder? { lost.withLock { $0 } }

  /// Looks whether this process still has the right, unless it looked within the last seconds. A process that was stopped calls
  /// this before it writes.
  func check() {
    let isDue = lastBeat.withLock { .now - $0 > .seconds(Self.interval) }
    if isDue { beat() }
  }

  /// Says that this process lives, and finds out whether it still has the right.
  func beat() {
    lastBeat.withLock { $0 = .now }
    let own = holder.withLock { holder in
      holder.beat = (holder.beat ?? 0) + 1
      return holder
    }
    guard let present = Self.holder(folder) else { return }
    guard present.session == own.session else {
      lost.withLock { $0 = present }
      timer.cancel()
      return
    }
    try? Self.replace(folder, with: own)
  }

  // MARK: The file

  private static func take(_ folder: ResearchFolder, _ own: RunHolder, _ isGone: Inquiry) throws {
    while true {
      // Written whole before it has its name, so that nobody reads a part.
      let new = "\(folder.ownerPath).\(own.session ?? "")"
      try write(own, to: new, folder)
      defer { unlink(new) }
      if link(new, folder.ownerPath) == 0 { return }
      let error = errno
      // Over a network the answer to a request that has been met may be lost.
      if let present = holder(folder), present.session == own.session { return }
      guard error == EEXIST else {
        if try make(own, folder, error) { return }
        continue
      }
      guard let present = holder(folder) else {
        if access(folder.ownerPath, F_OK) == 0 { try removeUnreadable(folder) }
        continue
      }
      guard hasEnded(present, isGone) else { throw RunLock.busy(folder, present) }
      try remove(present, folder, own)
    }
  }

  /// Makes the file where the file system has no links.
  /// - Returns: true if it was made.
  private static func make(
    _ own: RunHolder,
    _ folder: ResearchFolder,
    _ number: Int32
  ) throws -> Bool {
    guard [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(number) else { throw refused(folder, number) }
    let file = open(folder.ownerPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      guard errno == EEXIST else { throw refused(folder, errno) }
      guard let present = holder(folder) else { return false }
      throw RunLock.busy(folder, present)
    }
    close(file)
    try replace(folder, with: own)
    return true
  }

  /// Returns true if a holder is known to be gone.
  static func hasEnded(_ holder: RunHolder, _ isGone: Inquiry) -> Bool {
    if holder.host == RunHolder.ownHost { return !holder.isAlive }
    return isGone(holder) ?? false
  }

  /// Removes the file of a holder that is gone, unless another process has done so and has taken its place.
  private static func remove(
    _ gone: RunHolder,
    _ folder: ResearchFolder,
    _ own: RunHolder
  ) throws {
    let old = "\(folder.ownerPath).old.\(own.session ?? "")"
    guard rename(folder.ownerPath, old) == 0 else {
      if errno == ENOENT { return }
      throw refused(folder, errno)
    }
    let moved = RunHolder(text: text(old) ?? "")
    if let moved, moved.session != gone.session {
      // It was the file of a process that has been faster.
      _ = link(old, folder.ownerPath)
    }
    unlink(old)
  }

  /// A file without contents is of a process that died while it made it.
  private static func removeUnreadable(_ folder: ResearchFolder) throws {
    usleep(2_000_000)
    guard holder(folder) == nil else { return }
    unlink(folder.ownerPath)
  }

  static func holder(_ folder: ResearchFolder) -> RunHolder? {
    text(folder.ownerPath).flatMap { RunHolder(text: $0) }
  }

  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func replace(_ folder: ResearchFolder, with holder: RunHolder) throws {
    let new = "\(folder.ownerPath).\(holder.session ?? "")"
    try write(holder, to: new, folder)
    guard rename(new, folder.ownerPath) == 0 else { throw refused(folder, errno) }
  }

  private static func write(_ holder: RunHolder, to path: String, _ folder: ResearchFolder) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw refused(folder, errno) }
    defer { close(file) }
    let bytes = Array(holder.text.utf8)
    guard bytes.withUnsafeBytes({ Foundation.write(file, $0.baseAddress, $0.count) }) == bytes.count
    else { throw refused(folder, errno) }
  }

  private static func refused(_ folder: ResearchFolder, _ number: Int32) -> FieldworkError {
    FieldworkError(
      .store,
      "cannot write \(folder.shown(ResearchFolder.owner)): \(String(cString: strerror(number)))"
    )
  }
}
