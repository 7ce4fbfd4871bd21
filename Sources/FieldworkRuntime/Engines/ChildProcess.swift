import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A process that this one has started, the leader of a session of its own.
///
/// Signals of the terminal do not reach it, and with it end the programs that it has started. It has the
/// descriptors that it is given and no others.
package final class ChildProcess: Sendable {
  /// How a process ended.
  package enum Termination: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// The processes that a process has started and left behind, which are killed at its end.
  package enum Remains: Sendable {
    /// Those of its session, and those that have the name of the process in their environments. All processes of the
    /// system are searched.
    case session
    /// Those of its process group, and those that have become children of this process: a matter of microseconds.
    case descendants
  }

  package let id: Int32
  /// Can be read from once the process has ended; nil where the system has no such thing.
  let end: SystemFile?
  private let outcome = Protected<Termination?>(nil)
  /// The name by which the process and everything that it starts is found, in any session.
  private let token: String
  private let remains: Remains

  /// Starts a program.
  /// - Parameters:
  ///   - path: the file to run; it is not looked for.
  ///   - arguments: with the name of the program as the first.
  ///   - descriptors: what the process has under which number; otherwise it has an empty standard input
  ///     and the standard output and error of this process.
  ///   - environment: nil for that of this process, with `changes`.
  ///   - changes: the variables that differ from those of this process.
  ///   - removed: the variables of this process that the process does not have.
  ///   - folder: where it runs; nil for where this process does.
  ///   - isDetached: true for a process that goes on when those end that have started this one.
  /// - Throws: ``SystemError``.
  package init(
    _ path: String,
    _ arguments: [String],
    descriptors: [Int32: Int32] = [:],
    environment: [String: String]? = nil,
    changes: [String: String] = [:],
    without removed: Set<String> = [],
    folder: String? = nil,
    isDetached: Bool = false,
    remains: Remains = .session
  ) throws {
    self.remains = remains
    // From the first such process on, so that none is missed.
    if remains == .descendants { _ = Descendants.areAdopted }
    var actions = posix_spawn_file_actions_t.empty
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if descriptors[STDIN_FILENO] == nil {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    // Copies above all numbers that are asked for, so that none is overwritten before it is used. They
    // are open until the process has been started.
    let limit = max(descriptors.keys.max() ?? 0, STDERR_FILENO)
    let copies = try descriptors.map { wanted, own in
      (wanted, try SystemFile(duplicating: own, above: limit))
    }
    for (wanted, copy) in copies {
      posix_spawn_file_actions_adddup2(&actions, copy.descriptor, wanted)
    }
    // What others have left open would otherwise be open in the process as long as it lives, and keep
    // those waiting who wait for the end of it.
    SpawnExtensions.shared.closeAll(above: limit, &actions)
    if let folder {
      guard SpawnExtensions.shared.change(to: folder, &actions) else {
        throw SystemError("cannot start a program in \(folder)", ENOSYS)
      }
    }
    var attributes = posix_spawnattr_t.empty
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    ChildProcess.configure(&attributes, remains)
    token = ProcessToken.next()
    var changes = environment ?? changes
    let above =
      changes[ProcessToken.variable]
      ?? (environment == nil ? getenv(ProcessToken.variable).map { String(cString: $0) } : nil)
    changes[ProcessToken.variable] = isDetached ? token : ProcessToken.path(below: above, token)
    let variables = changes.map { "\($0)=\($1)" }
    var process: pid_t = 0
    let result = withExtendedLifetime(copies) {
      ChildProcess.withCStrings(arguments) { arguments in
        ChildProcess.withCStrings(variables) { changes in
          var variables = changes
          if environment == nil {
            ChildProcess.withCStrings(removed.map { $0 + "=" }) { removed in
              variables = ChildProcess.inheritedVariables(without: [changes, removed]) + changes
            }
          }
          return posix_spawn(
            &process,
            path,
            &actions,
            &attributes,
            arguments + [nil],
            variables + [nil]
          )
        }
      }
    }
    guard result == 0 else { throw SystemError("cannot start \(path)", result) }
    id = process
    Descendants.started.withLock { _ = $0.insert(process) }
    end = SpawnExtensions.shared.end(of: process)
  }

  /// A session of its own, no signal blocked, and every signal with its usual meaning: what this process
  /// does with them is not for others.
  private static func configure(_ attributes: inout posix_spawnattr_t, _ remains: Remains) {
    #if canImport(Glibc)
      // The C library's name for it is not there without its extensions.
      let newSession: Int32 = 0x80
    #else
      let newSession = POSIX_SPAWN_SETSID
    #endif
    // A session without a terminal is cut off from it already, and a process group is made faster.
    let isCutOff = remains == .descendants && getsid(0) == getpid() && ProcessToken.own != nil
    let separation = isCutOff ? Int32(POSIX_SPAWN_SETPGROUP) : newSession
    let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | separation
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // Handlers end with this program; that a signal is ignored would be inherited.
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
  }

  /// Returns the variables of this process, as the C library holds them, without those whose names begin other entries.
  /// - Parameter others: entries with their `=`.
  private static func inheritedVariables(
    without others: [[UnsafeMutablePointer<CChar>?]]
  ) -> [UnsafeMutablePointer<CChar>?] {
    var variables: [UnsafeMutablePointer<CChar>?] = []
    guard var entry = Optional(environ) else { return [] }
    while let variable = entry.pointee {
      entry += 1
      let length = strchr(variable, Int32(UInt8(ascii: "="))).map { $0 - variable } ?? 0
      let isReplaced =
        length > 0
        && others.contains { others in
          others.contains { other in
            other.map { strncmp($0, variable, length + 1) == 0 } ?? false
          }
        }
      if !isReplaced { variables.append(variable) }
    }
    return variables
  }

  private static func withCStrings<Result>(
    _ texts: [String],
    _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies)
  }

  /// Waits until the process has ended, and ends what it has started and left behind. It has to be called
  /// once at least, or a dead process stays.
  package func wait() -> Termination {
    // With the lock, since its number may be that of another process once it has been waited for.
    outcome.withLock { outcome in
      if let outcome { return outcome }
      var information = siginfo_t()
      while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
      var killed: Set<Int32> = []
      switch remains {
      case .session: killed = ChildProcess.killSession(id, token)
      case .descendants: _ = ChildProcess.signal(SIGKILL, to: -id)
      }
      var status: Int32 = 0
      while waitpid(id, &status, 0) < 0 && errno == EINTR {}
      // They are children of this process if it has ever started a process with `descendants`.
      for process in killed { while waitpid(process, nil, 0) < 0 && errno == EINTR {} }
      Descendants.started.withLock { _ = $0.remove(id) }
      if remains == .descendants { Descendants.end(group: id, token) }
      let signal = status & 0x7f
      let result: Termination = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
      outcome = result
      return result
    }
  }

  /// Waits for a while until the process has ended.
  /// - Returns: nil if it has not.
  package func wait(for duration: Duration) -> Termination? {
    if duration == .zero { return poll(for: duration) }
    let hasEnded = DispatchSemaphore(value: 0)
    let error = SystemThread.start {
      _ = self.wait()
      hasEnded.signal()
    }
    guard error == 0 else { return poll(for: duration) }
    let milliseconds = Int(duration / .milliseconds(1))
    guard hasEnded.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
      return nil
    }
    return wait()
  }

  /// Looks time and again whether the process has ended, where no thread can be had that waits.
  private func poll(for duration: Duration) -> Termination? {
    let end = ContinuousClock.now + duration
    while true {
      var information = siginfo_t()
      if waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) != 0
        || information.si_signo != 0
      {
        return wait()
      }
      guard ContinuousClock.now < end else { return nil }
      usleep(10_000)
    }
  }

  /// Ends the process at once, and the programs that it has started.
  ///
  /// It must not have been waited for, except by a call that is still waiting.
  package func kill() { ChildProcess.killSession(id, token) }

  /// Sends a signal to the process alone, unless it has been waited for.
  func signal(_ number: Int32) {
    outcome.withLock { outcome in
      if outcome == nil { _ = ChildProcess.signal(number, to: id) }
    }
  }

  /// Sends a signal to the process group of the process, unless it has been waited for.
  func signalGroup(_ number: Int32) {
    outcome.withLock { outcome in
      if outcome == nil { _ = ChildProcess.signal(number, to: -id) }
    }
  }

  /// Ends the process at once, and the programs that it has started, unless it has been waited for.
  func killUnlessEnded() {
    outcome.withLock { outcome in
      if outcome == nil { ChildProcess.killSession(id, token) }
    }
  }

  /// Ends all processes of a session, whatever groups they have made for themselves, and those that have moved to
  /// another session.
  /// - Parameter token: the name of the session's first process, which those that it starts inherit.
  /// - Returns: the processes that were killed, without the session's first one.
  @discardableResult
  static func killSession(_ id: Int32, _ token: String?) -> Set<Int32> {
    var killed: Set<Int32> = []
    let isOwn = id == getpid()
    // The leader first, so that it does not see the others end and go on.
    if !isOwn { _ = signal(SIGKILL, to: -id) }
    #if os(Linux)
      // Again while there are others, which those that were found may have started meanwhile.
      while true {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let found = entries.compactMap { Int32($0) }
          .filter { process in
            guard !killed.contains(process), process != id, process != getpid() else {
              return false
            }
            return getsid(process) == id || token.map { ProcessToken.has(process, $0) } ?? false
          }
        if found.isEmpty { break }
        for process in found { _ = signal(SIGKILL, to: process) }
        killed.formUnion(found)
      }
    #endif
    if isOwn { _ = signal(SIGKILL, to: -id) }
    return killed
  }

  private static func signal(_ number: Int32, to process: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.kill(process, number)
    #else
      Darwin.kill(process, number)
    #endif
  }
}

/// What the system can do when a program is started, but the headers do not show to Swift.
private struct SpawnExtensions: Sendable {
  static let shared = SpawnExtensions()

  private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>
  private typealias CloseFrom = @convention(c) (Actions, Int32) -> Int32
  private typealias Change = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32
  private typealias Open = @convention(c) (pid_t, UInt32) -> Int32

  private let closeFrom: CloseFrom?
  private let change: Change?
  private let open: Open?

  private init() {
    func function<Function>(_ name: String, _ type: Function.Type) -> Function? {
      dlsym(dlopen(nil, RTLD_NOW), name).map { unsafeBitCast($0, to: type) }
    }
    closeFrom = function("posix_spawn_file_actions_addclosefrom_np", CloseFrom.self)
    change = function("posix_spawn_file_actions_addchdir_np", Change.self)
    open = function("pidfd_open", Open.self)
  }

  /// Closes all descriptors above one, where the system can.
  func closeAll(above limit: Int32, _ actions: inout posix_spawn_file_actions_t) {
    _ = closeFrom?(&actions, limit + 1)
  }

  /// A descriptor that can be read from once a process has ended.
  func end(of process: pid_t) -> SystemFile? {
    guard let descriptor = open?(process, 0), descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return try? SystemFile(duplicating: descriptor)
  }

  /// - Returns: whether the system can.
  func change(to folder: String, _ actions: inout posix_spawn_file_actions_t) -> Bool {
    change?(&actions, folder) == 0
  }
}

#if canImport(Darwin)
  extension Optional where Wrapped == OpaquePointer {
    fileprivate static var empty: Self { nil }
  }
#else
  extension posix_spawn_file_actions_t {
    fileprivate static var empty: Self { Self() }
  }

  extension posix_spawnattr_t {
    fileprivate static var empty: Self { Self() }
  }
#endif
