import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder on a shared file system through which a worker and its run exchange frames.
///
///     inbox      the messages to the worker, which the run writes
///     outbox     the records of the worker, which the worker writes
///     stderr     the standard error of the worker
///     run        the process and the machine of the run; not there for a worker of a pilot, which knows itself
///                whether its run lives
///     worker     the process and the machine of the worker
///     closed     is there when the worker has to end, and what it still writes is ignored
///
/// Each file has one writer, which appends. Readers open a file again for each look, since network file systems promise
/// to show what was written before a file was closed to those who open it after.
struct WorkerSession: Sendable {
  /// The environment variable by which a worker finds its session.
  static let variable = "FIELDWORK_SESSION"
  private static let folderName = ".workers"

  let path: String

  var inbox: String { path + "/inbox" }
  var outbox: String { path + "/outbox" }
  var errors: String { path + "/stderr" }
  private var closed: String { path + "/closed" }

  /// The number of bytes that the worker has written.
  var outboxSize: Int {
    var facts = stat()
    return stat(outbox, &facts) == 0 ? Int(facts.st_size) : 0
  }

  init(path: String) { self.path = path }

  /// Makes a session in the folder of a research.
  /// - Parameter endsWithRun: true if the worker ends at once when the run does.
  /// - Throws: ``SystemError`` if it cannot be made.
  static func make(
    in folder: ResearchFolder,
    worker: Int,
    endsWithRun: Bool = true
  ) throws -> WorkerSession {
    let number = RandomName.make()
    let time = Int(Date().timeIntervalSince1970 * 1000)
    let session = WorkerSession(path: "\(root(folder))/\(time)-\(worker)-\(number)")
    try SystemFile.makeFolder(session.path)
    if endsWithRun { try session.write(ProcessPlace.current, to: "run") }
    return session
  }

  /// The session that this process was started for; nil if there is none. Programs that it starts do not see it.
  static func own() -> WorkerSession? {
    guard let path = ProcessInfo.processInfo.environment[variable] else { return nil }
    unsetenv(variable)
    let session = WorkerSession(path: path)
    try? session.write(ProcessPlace.current, to: "worker")
    return session
  }

  private static func root(_ folder: ResearchFolder) -> String { folder.file(folderName) }

  /// Ends the session: its worker ends, and what it still writes is ignored.
  func close() {
    _ = FileManager.default.createFile(atPath: closed, contents: nil)
  }

  var isClosed: Bool {
    access(closed, F_OK) == 0 || SystemFile.isMissing(path)
  }

  /// True if the run is known to have ended. On another machine only its silence shows that.
  var hasLostRun: Bool { place("run").map { $0.isHere && !$0.isAlive } ?? false }

  /// True if a pilot starts the worker.
  var isOfPilot: Bool { access(path + "/run", F_OK) != 0 }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  private func write(_ place: ProcessPlace, to name: String) throws {
    let file = try SystemFile("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC)
    var text = place.text
    try text.withUTF8 { try file.append(UnsafeRawBufferPointer($0)) }
  }

  private func place(_ name: String) -> ProcessPlace? {
    FileManager.default.contents(atPath: "\(path)/\(name)")
      .flatMap { ProcessPlace(String(decoding: $0, as: UTF8.self)) }
  }

  // MARK: Recovery

  /// Returns true if an earlier run has left sessions.
  static func areLeft(in folder: ResearchFolder) -> Bool { !names(in: folder).isEmpty }

  /// The names of the sessions in the order of their beginning.
  private static func names(in folder: ResearchFolder) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: root(folder)))?.sorted() ?? []
  }

  /// Ends the workers of an earlier run that was killed, and writes what they have finished to the store. A session
  /// whose records cannot be read to their end is kept.
  /// - Returns: the reasons why some records could not be read.
  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be written.
  static func recover(in folder: ResearchFolder, into store: any ResultStore) throws -> [String] {
    let sessions = names(in: folder).map { WorkerSession(path: "\(root(folder))/\($0)") }
    for session in sessions { session.close() }
    for session in sessions { session.endWorker() }
    var problems: [String] = []
    for session in sessions {
      if access(session.outbox, F_OK) == 0 {
        if let reason = try StreamSegment.replay(path: session.outbox, into: store).problem {
          problems.append("records of a worker of an earlier run cannot be read: \(reason)")
          continue
        }
      }
      session.remove()
    }
    removeRoot(of: folder)
    return problems
  }

  /// Removes the sessions of a run whose records are all stored.
  static func removeAll(in folder: ResearchFolder) {
    guard access(root(folder), F_OK) == 0 else { return }
    try? FileManager.default.removeItem(atPath: root(folder))
  }

  /// Removes the folder of sessions, if there are none.
  static func removeRoot(of folder: ResearchFolder) { rmdir(root(folder)) }

  /// Kills the worker if it runs on this machine, so that nothing it finishes is run again.
  private func endWorker() {
    guard let worker = place("worker"), worker.isHere, worker.process != getpid() else { return }
    let isOurs = {
      let environment = FileManager.default.contents(atPath: "/proc/\(worker.process)/environ")
      return environment?.range(of: Data(path.utf8)) != nil
    }
    guard isOurs() else { return }
    ChildProcess.killSession(worker.process, nil)
    for _ in 0..<500 where isOurs() { usleep(10_000) }
  }
}

/// A process with the machine that it runs on.
private struct ProcessPlace {
  let process: Int32
  let host: String

  static var current: ProcessPlace {
    ProcessPlace(process: getpid(), host: ProcessInfo.processInfo.hostName)
  }

  private init(process: Int32, host: String) {
    self.process = process
    self.host = host
  }

  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, let process = Int32(words[0]) else { return nil }
    self.init(process: process, host: String(words[1]))
  }

  var text: String { "\(process) \(host)" }
  var isHere: Bool { host == ProcessInfo.processInfo.hostName }
  var isAlive: Bool { kill(process, 0) == 0 || errno == EPERM }
}
