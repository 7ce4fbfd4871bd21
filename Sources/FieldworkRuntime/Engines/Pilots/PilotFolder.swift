import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder on a shared file system through which a run and its pilots find each other.
///
/// A pilot is the process that a job of a cluster runs. It starts worker processes beside itself, and says how they end.
///
///     coordinator     the session of the run, and a number that grows while the run lives
///     <pilot>/outbox  the messages of a pilot, the first one says who it is
///     <pilot>/inbox   the messages of the run to it
///
/// Each file has one writer.
struct PilotFolder: Sendable, Hashable {
  private static let name = ".pilots"
  private static let coordinatorName = "coordinator"

  let path: String

  init(in folder: ResearchFolder) { path = folder.file(Self.name) }

  init(path: String) { self.path = path }

  private var coordinator: String { "\(path)/\(Self.coordinatorName)" }

  /// False if the folder is gone. If the file system does not answer, it counts as there.
  var exists: Bool { !SystemFile.isMissing(path) }

  func make() throws { try SystemFile.makeFolder(path) }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Removes the files of pilots.
  func remove(_ names: [String]) {
    for name in names { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
  }

  /// The names of the pilots that have registered.
  func names() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { !$0.hasPrefix(Self.coordinatorName) }.sorted()
  }

  func pilot(_ name: String) -> PilotFiles { PilotFiles(path: "\(path)/\(name)") }

  /// A sign of life of the run.
  struct Beat: Codable, Hashable {
    let session: String
    let count: Int
    /// In seconds since 1970, by the clock of the run.
    let time: Double

    /// True if it was made a moment ago, as far as clocks agree.
    var isRecent: Bool { abs(Date().timeIntervalSince1970 - time) < 4 }
  }

  func write(_ beat: Beat) throws {
    let file = "\(coordinator).new"
    let content = try JSONEncoder().encode(beat)
    do {
      try content.write(to: URL(fileURLWithPath: file))
    } catch {
      throw SystemError("cannot write \(file): \(error.localizedDescription)", EIO)
    }
    guard rename(file, coordinator) == 0 else { throw SystemError("cannot write \(coordinator)") }
  }

  /// The last sign of life of the run; nil if there is none.
  var beat: Beat? {
    FileManager.default.contents(atPath: coordinator)
      .flatMap { try? JSONDecoder().decode(Beat.self, from: $0) }
  }
}

/// The files of one pilot.
struct PilotFiles: Sendable, Hashable {
  let path: String

  var name: String { (path as NSString).lastPathComponent }
  var inbox: String { path + "/inbox" }
  var outbox: String { path + "/outbox" }

  func make() throws { try SystemFile.makeFolder(path) }
}

/// A message of a run to a pilot.
enum PilotOrder: Codable, Hashable {
  /// Starts a worker for a session.
  /// - Parameter slot: its number among the workers of the pilot, from 0.
  case start(session: String, slot: Int, environment: [String: String])
  /// Ends a worker at once.
  case kill(session: String)
  /// Ends the pilot when its workers have ended, and puts its task back into the queue.
  case requeue
  /// Ends all workers, and the pilot.
  case end
}

/// A message of a pilot to its run.
enum PilotReport: Codable, Hashable {
  case registered(PilotIdentity)
  case beat(Int)
  /// A worker has ended, with a code or by a signal.
  case ended(session: String, code: Int32?, signal: Int32?, WorkerRemains)
  /// A worker could not be started.
  case refused(session: String, reason: String)
  /// The pilot ends soon. Its workers end their experiments with their iteration.
  case leaving(reason: String)
  /// The pilot has ended, and so have its workers.
  case left

  /// True for a sign of life.
  var isBeat: Bool { if case .beat = self { true } else { false } }
}

/// The facts that a pilot says of itself.
struct PilotIdentity: Codable, Hashable {
  let host: String
  let process: Int32
  /// The id of the task of the batch system that runs it, such as `17_3`.
  let task: String
  /// The number of workers that it may run at once.
  let slots: Int
  /// The hash of the program and its arguments that its array has; empty if it says none.
  let key: String
}

/// The end for writing of a file of messages, one to a line.
final class MessageWriter<Message: Encodable & Sendable>: Sendable {
  private struct State {
    var file: AppendedFile
    var waiting: [UInt8] = []
  }

  private let state: Protected<State>

  init(_ path: String) { state = Protected(State(file: AppendedFile(path))) }

  /// Writes a message, and those that could not be written before.
  func write(_ message: Message) {
    guard let line = try? JSONEncoder().encode(message) else { return }
    state.withLock { state in
      state.waiting += Array(line) + [UInt8(ascii: "\n")]
      Self.flush(&state)
    }
  }

  /// Writes the messages that could not be written before.
  func retry() { state.withLock { Self.flush(&$0) } }

  private static func flush(_ state: inout State) {
    guard !state.waiting.isEmpty, (try? state.file.append(state.waiting)) != nil else { return }
    state.waiting = []
  }
}

/// The end for reading of a file of messages.
struct MessageReader<Message: Decodable> {
  private let path: String
  private var offset = 0
  private var rest: [UInt8] = []

  init(_ path: String) { self.path = path }

  /// Returns the messages that were written since the last call. A line that is none is left out.
  mutating func next() -> [Message] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, Int(facts.st_size) > offset else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(facts.st_size) - offset)
    let count = bytes.withUnsafeMutableBytes {
      pread(file, $0.baseAddress, $0.count, off_t(offset))
    }
    guard count > 0 else { return [] }
    offset += count
    rest += bytes.prefix(count)
    var messages: [Message] = []
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      if let message = try? JSONDecoder().decode(Message.self, from: Data(rest[..<end])) {
        messages.append(message)
      }
      rest.removeSubrange(...end)
    }
    return messages
  }
}
