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
  /// nothing. An experiment that the store has as done stays as it is, unless the file has it as done too.
  /// Frames of other kinds are passed over.
  /// - Returns: the number of records that the file holds, and of bytes at its end that were dropped.
  /// - Throws: ``FieldworkError`` of code `store` if the file cannot be read, is no stream or one of
  ///   another version, holds a record that means nothing, or if the store cannot be written.
  package static func replay(
    path: String,
    into store: any ResultStore
  ) throws -> (records: Int, droppedBytes: Int) {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw FieldworkError(.store, "the records \(path) cannot be opened: \(reason())")
    }
    defer { try? file.close() }
    var replay = Replay(store, done: Set(try store.states().filter(\.value.isFinished).keys))
    var reader = FrameReader()
    var isSound = true
    var size = 0
    while let piece = try read(file, path) {
      size += piece.count
      guard isSound else { continue }
      reader.feed(piece)
      isSound = try takeFrames(&reader, path) { frame in
        guard frame.kind == RunRecord.frameKind else { return }
        var bytes = ByteReader(frame.content)
        while !bytes.isAtEnd { try replay.take(try RunRecord(from: &bytes)) }
        if replay.count >= groupSize { try replay.flush() }
      }
    }
    try replay.flush()
    return (replay.total, size - reader.offset)
  }

  /// Takes the frames that are whole.
  /// - Returns: false if the bytes that come next are damaged.
  private static func takeFrames(
    _ reader: inout FrameReader,
    _ path: String,
    _ body: (Frame) throws -> Void
  ) throws -> Bool {
    while true {
      let frame: Frame?
      do {
        frame = try reader.next()
      } catch let error as FieldworkError {
        // Without its header nothing says what the file is.
        guard reader.offset > 0 else {
          throw FieldworkError(.store, "\(path): \(error.message)")
        }
        return false
      }
      guard let frame else { return true }
      try body(frame)
    }
  }

  private static func read(_ file: FileHandle, _ path: String) throws -> Data? {
    do {
      let piece = try file.read(upToCount: pieceSize)
      return piece?.isEmpty ?? true ? nil : piece
    } catch {
      throw FieldworkError(.store, "the records \(path) cannot be read", cause: "\(error)")
    }
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}

/// Hands records on to a store in groups.
private struct Replay {
  private let store: any ResultStore
  /// The experiments that the store had as done.
  private let done: Set<String>
  private var records: [RunRecord] = []
  /// By key: what comes of experiments that were done, until it is clear that it ends well.
  private var held: [String: [RunRecord]] = [:]
  private(set) var total = 0

  var count: Int { records.count }

  init(_ store: any ResultStore, done: Set<String>) {
    self.store = store
    self.done = done
  }

  mutating func take(_ record: RunRecord) throws {
    guard record.isStored else { return }
    total += 1
    guard let key = record.experimentKey, done.contains(key) else {
      records.append(record)
      return
    }
    if case .started = record { held[key] = [] }
    held[key, default: []].append(record)
    guard case .ended(_, let ending, _, _) = record else { return }
    let attempt = held.removeValue(forKey: key) ?? []
    if ending.state.isFinished { records += attempt }
  }

  mutating func flush() throws {
    guard !records.isEmpty else { return }
    try store.write(records)
    records.removeAll(keepingCapacity: true)
  }
}
