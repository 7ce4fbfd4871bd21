import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One end of a pair of sockets between a worker and its supervisor.
///
/// Messages may be sent from several threads; one thread receives.
///
/// `@unchecked Sendable`: the reader and its buffer are used by the thread that receives alone.
final class SocketChannel: FrameChannel, @unchecked Sendable {
  let descriptor: Int32
  private let file: SystemFile
  private let writer = Protected(FrameWriter())
  /// Held while bytes are sent, so that frames are not mixed; others may add frames meanwhile.
  private let sending = Protected(0)
  private var reader = FrameReader()
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private let identity: [UInt64]
  private let isFlushing = Protected(false)
  private let queue = DispatchQueue(label: "fieldwork.worker.channel")

  /// Takes an end that is open.
  /// - Throws: ``SystemError`` if it is not.
  init(descriptor: Int32) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
      throw SystemError("descriptor \(descriptor) is no connection", ENOTSOCK)
    }
    file = try SystemFile(duplicating: descriptor)
    self.descriptor = file.descriptor
    identity = Self.identity(of: file.descriptor)
  }

  deinit { buffer.deallocate() }

  private static func identity(of descriptor: Int32) -> [UInt64] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return [] }
    return [UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino)]
  }

  /// False if a unit has closed the connection, or put something else in its place.
  var isIntact: Bool { Self.identity(of: descriptor) == identity }

  /// Makes both ends.
  /// - Throws: ``SystemError``.
  static func pair() throws -> (SocketChannel, SocketChannel) {
    var ends: [Int32] = [-1, -1]
    #if canImport(Glibc)
      let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #else
      let type = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw SystemError("cannot connect to a worker")
    }
    defer { for end in ends { close(end) } }
    return (try SocketChannel(descriptor: ends[0]), try SocketChannel(descriptor: ends[1]))
  }

  /// The number of the process that has made the connection; nil if the system does not tell.
  var peer: Int32? {
    #if os(Linux)
      // The structure `ucred`: the numbers of the process, the user and the group.
      var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
      var size = socklen_t(MemoryLayout.size(ofValue: credentials))
      let result = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
      return result == 0 && credentials.0 > 0 ? credentials.0 : nil
    #else
      return nil
    #endif
  }

  // MARK: Sending

  /// Adds a frame to those that are sent with the next ``flush()``.
  /// - Returns: the number of bytes that wait; nil if the frame is too long to be sent.
  @discardableResult
  func add(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> Int? {
    writer.withLock { writer in
      writer.append(kind, body) ? writer.count : nil
    }
  }

  /// Sends what waits.
  /// - Returns: false if there is nobody at the other end.
  @discardableResult
  func flush() -> Bool {
    sending.withLock { _ in
      let bytes = writer.withLock { $0.take() }
      return bytes.withUnsafeBytes { send($0) }
    }
  }

  /// Sends what waits, and what comes to it until then, from another thread.
  func flushSoon() {
    let isNew = isFlushing.withLock { isFlushing in
      defer { isFlushing = true }
      return !isFlushing
    }
    guard isNew else { return }
    queue.async {
      self.isFlushing.withLock { $0 = false }
      self.flush()
    }
  }

  private func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      #if canImport(Glibc)
        let count = Glibc.send(descriptor, start, rest.count, Int32(MSG_NOSIGNAL))
      #else
        let count = Darwin.send(descriptor, start, rest.count, 0)
      #endif
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  // MARK: Receiving

  /// Waits until something comes, and takes it.
  /// - Returns: false if nobody is at the other end any more.
  func receive() -> Bool {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 {
        reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return true
      }
      if count == 0 || errno != EINTR { return false }
    }
  }

  /// The next frame of those that have come.
  /// - Throws: ``FieldworkError`` of code `store` if the bytes are damaged.
  func next() throws -> Frame? { try reader.next() }
}
