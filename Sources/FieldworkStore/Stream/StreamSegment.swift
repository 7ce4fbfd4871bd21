import FieldworkCore
import Foundation

/// A file that holds a stream of records, such as a worker leaves behind.
package enum StreamSegment {
  /// How many records are written in one transaction.
  private static let groupSize = 5000
  /// How many bytes are read at once.
  private static let pieceSize = 1 << 20

  /// Writes the records of a file to a store, in their order.
  ///
  /// A tail that is incomplete or damaged is dropped; what comes before it is kept. Doing it again changes
  /// nothing. An experiment that the store has as done, pruned or failed stays as it is, unless the file has it as
  /// done or pruned. Frames of other kinds are passed over.
  /// - Returns: the number of records that were taken, the number of bytes at the end that were dropped, and the reason
  ///   why the file could not be read to its end; nil if it could, but for an incomplete tail.
  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be read or written.
  package static func replay(
    path: String,
    into store: any ResultStore
  ) throws -> (records: Int, droppedBytes: Int, problem: String?) {
    guard let file = FileHandle(forReadingAtPath: path) else {
      return (0, 0, "\(path) cannot be opened: \(reason())")
    }
    defer { try? file.close() }
    let ended = try store.states().filter { $0.value.isFinished || $0.value == .failed }
    var replay = Replay(store, ended: Set(ended.keys))
    var reader = FrameReader()
    var (size, sound) = (0, 0)
    var problem: String?
    do {
      while let piece = try file.read(upToCount: pieceSize), !piece.isEmpty {
        size += piece.count
        guard problem == nil else { continue }
        reader.feed(piece)
        problem = try takeFrames(&reader, &sound, into: &replay)
      }
    } catch let error as FieldworkError {
      throw error
    } catch {
      problem = "\(error)"
    }
    replay.takeHeld()
    try replay.flush()
    return (replay.total, size - sound, problem.map { "\(path): \($0)" })
  }

  /// Takes the frames that are whole.
  /// - Parameter sound: the number of bytes of the frames that were taken.
  /// - Returns: the reason why the bytes that come next cannot be read; nil if they can, or if there are none.
  /// - Throws: ``FieldworkError`` if the store cannot be written.
  private static func takeFrames(
    _ reader: inout FrameReader,
    _ sound: inout Int,
    into replay: inout Replay
  ) throws -> String? {
    while true {
      var records: [RunRecord] = []
      do {
        let next = try reader.next()
        if let frame = next, frame.kind == RunRecord.frameKind {
          var bytes = ByteReader(frame.content)
          while !bytes.isAtEnd { records.append(try RunRecord(from: &bytes)) }
        }
        sound = reader.offset
        guard next != nil else { return nil }
      } catch {
        if sound == 0 { sound = min(reader.offset, StreamHeader.count) }
        return (error as? FieldworkError)?.message ?? "\(error)"
      }
      for record in records { replay.take(record) }
      if replay.count >= groupSize { try replay.flush() }
    }
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}

/// Hands records on to a store in groups.
private struct Replay {
  private struct Held {
    var records: [RunRecord] = []
    /// The number of records up to the last end.
    var ended = 0
    var endsWell = false

    mutating func add(_ record: RunRecord) {
      records.append(record)
      guard case .ended(_, let ending, _, _) = record else { return }
      ended = records.count
      endsWell = ending.state.isFinished
    }
  }

  private let store: any ResultStore
  /// The experiments that the store had as ended.
  private let ended: Set<String>
  private var records: [RunRecord] = []
  /// By key: the records of experiments that had ended, until it is known that they end well.
  private var held: [String: Held] = [:]
  private(set) var total = 0

  var count: Int { records.count }

  init(_ store: any ResultStore, ended: Set<String>) {
    self.store = store
    self.ended = ended
  }

  mutating func take(_ record: RunRecord) {
    for part in record.parts where part.isStored {
      total += 1
      if let key = part.experimentKey, ended.contains(key) {
        held[key, default: Held()].add(part)
      } else {
        records.append(part)
      }
    }
  }

  /// Takes the records that were held of experiments that have ended well.
  mutating func takeHeld() {
    for (_, held) in held.sorted(by: { $0.key < $1.key }) where held.endsWell {
      records += held.records.prefix(held.ended)
    }
    held = [:]
  }

  mutating func flush() throws {
    guard !records.isEmpty else { return }
    try store.write(records)
    records.removeAll(keepingCapacity: true)
  }
}
