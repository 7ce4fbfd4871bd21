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
  /// The times between two attempts to write, in microseconds.
  private static let (shortestRetry, longestRetry): (UInt32, UInt32) = (50_000, 2_000_000)

  private let reading: String
  private let pauses: PollingPauses
  /// Returns false when the other side is gone.
  private let isOpen: @Sendable () -> Bool
  private let writer = Protected(FrameWriter())
  /// Held while bytes are written, so that frames are not mixed; others may add frames meanwhile.
  private let writing: Protected<AppendedFile>
  private var reader = FrameReader()
  /// The number of bytes that have come.
  private(set) var offset = 0

  /// - Parameter pauses: the times between two looks at the file that is read.
  init(
    reading: String,
    writing: String,
    pauses: PollingPauses = .local,
    isOpen: @escaping @Sendable () -> Bool
  ) {
    self.reading = reading
    self.writing = Protected(AppendedFile(writing))
    self.pauses = pauses
    self.isOpen = isOpen
  }

  let isIntact = true

  func add(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> Int? {
    writer.withLock { writer in writer.append(kind, body) ? writer.count : nil }
  }

  /// Appends what waits. While the file cannot be written, such as on a full disk, it tries again until it can or the other
  /// side is gone.
  func flush() -> Bool {
    writing.withLock { file in
      let bytes = writer.withLock { $0.take() }
      guard !bytes.isEmpty else { return true }
      var pause = Self.shortestRetry
      while true {
        do {
          try file.append(bytes)
          return true
        } catch AppendedFile.Problem.lostBytes {
          return false
        } catch {
          guard isOpen() else { return false }
          usleep(pause)
          pause = min(pause * 2, Self.longestRetry)
        }
      }
    }
  }

  func receive() -> Bool {
    let wait = pauses.wait()
    while true {
      if receiveAtOnce() { return true }
      guard isOpen() else { return receiveAtOnce() }
      wait.sleep()
    }
  }

  /// Takes what has been written since the last look.
  /// - Returns: false if nothing has.
  func receiveAtOnce() -> Bool {
    let file = open(reading, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    // Most looks find nothing, and need no buffer.
    var facts = stat()
    guard fstat(file, &facts) == 0, Int(facts.st_size) > offset else { return false }
    let size = min(Int(facts.st_size) - offset, Self.pieceSize)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    let count = pread(file, buffer.baseAddress, buffer.count, off_t(offset))
    guard count > 0 else { return false }
    offset += count
    reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return true
  }

  func next() throws -> Frame? { try reader.next() }
}

/// The times between two looks at a file that another process appends to.
struct PollingPauses {
  /// For files on a disk of this machine.
  static let local = PollingPauses(longest: 20_000)
  /// For files that other machines write. A tenth of the time without news is little beside it, and a worker that runs an
  /// hour is looked at once a second.
  static let shared = PollingPauses(longest: 1_000_000)

  /// In microseconds.
  let longest: UInt32
  private static let shortest: UInt32 = 500

  init(longest: UInt32) { self.longest = longest }

  func wait() -> Wait { Wait(longest: longest) }

  /// The looks since the last news.
  struct Wait {
    fileprivate let longest: UInt32
    private let since = ContinuousClock.now

    fileprivate init(longest: UInt32) { self.longest = longest }

    /// The pause before the next look, in microseconds.
    var pause: UInt32 {
      let tenth = (.now - since) / .microseconds(10)
      return UInt32(min(max(Double(PollingPauses.shortest), tenth), Double(longest)))
    }

    func sleep() { usleep(pause) }
  }
}
