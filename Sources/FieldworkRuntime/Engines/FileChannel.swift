import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A pair of files through which frames go: one that this side appends to, and one that the other side does.
///
/// `@unchecked Sendable`: the reader is used by the thread that receives alone.
final class FileChannel: FrameChannel, @unchecked Sendable {
  private static let pieceSize = 1 << 20
  /// The times between two looks, in microseconds: the least, and the greatest after many without anything new.
  private static let (shortest, longest): (UInt32, UInt32) = (500, 20_000)

  private let reading: String
  private let writing: String
  /// Returns false when the other side is gone.
  private let isOpen: @Sendable () -> Bool
  private let writer = Protected(FrameWriter())
  /// Held while bytes are written, so that frames are not mixed; others may add frames meanwhile.
  private let sending = Protected(true)
  private var reader = FrameReader()
  private var offset = 0

  init(reading: String, writing: String, isOpen: @escaping @Sendable () -> Bool) {
    self.reading = reading
    self.writing = writing
    self.isOpen = isOpen
  }

  let isIntact = true

  func add(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> Int? {
    writer.withLock { writer in writer.append(kind, body) ? writer.count : nil }
  }

  func flush() -> Bool {
    sending.withLock { isSound in
      let bytes = writer.withLock { $0.take() }
      guard isSound, !bytes.isEmpty else { return isSound }
      do {
        // Closing the file shows what was written to other machines.
        let file = try SystemFile(writing, O_WRONLY | O_APPEND | O_CREAT)
        try bytes.withUnsafeBytes { try file.append($0) }
      } catch {
        // A part may have been written, after which nothing can be read.
        isSound = false
      }
      return isSound
    }
  }

  func receive() -> Bool {
    var pause = Self.shortest
    while true {
      if receiveAtOnce() { return true }
      guard isOpen() else { return receiveAtOnce() }
      usleep(pause)
      pause = min(pause * 2, Self.longest)
    }
  }

  /// Takes what has been written since the last look.
  /// - Returns: false if nothing has.
  func receiveAtOnce() -> Bool {
    let file = open(reading, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 16)
    defer { buffer.deallocate() }
    let count = pread(file, buffer.baseAddress, buffer.count, off_t(offset))
    guard count > 0 else { return false }
    offset += count
    reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return true
  }

  func next() throws -> Frame? { try reader.next() }
}
