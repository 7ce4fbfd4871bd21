import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The call of the system, which has the name of a method below.
private func makePipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }

/// A call of the system that failed.
struct SystemError: Error, CustomStringConvertible {
  let what: String
  let number: Int32

  init(_ what: String, _ number: Int32 = errno) {
    self.what = what
    self.number = number
  }

  /// Whether others may have better luck: there are too many processes or open files just now.
  var isOfTheMoment: Bool { [EAGAIN, EMFILE, ENFILE, ENOMEM].contains(number) }

  /// True if the error is that too many files are open.
  var isOfDescriptors: Bool { [EMFILE, ENFILE].contains(number) }

  var description: String { "\(what): \(String(cString: strerror(number)))" }
}

/// An open file of the system, closed once nobody holds it.
///
/// Programs that the process starts do not inherit it, and it is never one of the standard streams.
final class SystemFile: Sendable {
  let descriptor: Int32
  private let path: String

  /// Opens a file; one that is made can be read by all.
  /// - Throws: ``SystemError``.
  init(_ path: String, _ flags: Int32) throws {
    var file: Int32
    repeat { file = open(path, flags | O_CLOEXEC, 0o644) } while file < 0 && errno == EINTR
    guard file >= 0 else { throw SystemError("cannot write \(path)") }
    if file <= STDERR_FILENO {
      // Only in a process that was started without a standard stream.
      defer { close(file) }
      descriptor = try SystemFile.duplicate(file)
    } else {
      descriptor = file
    }
    self.path = path
  }

  /// Makes a folder, and those above it.
  /// - Throws: ``SystemError``.
  static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw SystemError("cannot make \(path): \(error.localizedDescription)", EIO)
    }
  }

  /// Returns true if a file or folder is not there. A file system that does not answer says nothing.
  static func isMissing(_ path: String) -> Bool { access(path, F_OK) != 0 && errno == ENOENT }

  /// Another descriptor of an open file.
  /// - Parameter limit: a number that the new descriptor is to be above.
  /// - Throws: ``SystemError``, with `EBADF` if it is not open.
  init(duplicating descriptor: Int32, above limit: Int32 = STDERR_FILENO) throws {
    self.descriptor = try SystemFile.duplicate(descriptor, above: limit)
    path = "descriptor \(descriptor)"
  }

  /// Held while a descriptor is open that a program started in this moment would inherit.
  static let inheritance = Protected(0)

  /// Both ends of a pipe.
  /// - Throws: ``SystemError``.
  static func pipe() throws -> (reading: SystemFile, writing: SystemFile) {
    try inheritance.withLock { _ in
      var ends: [Int32] = [-1, -1]
      guard makePipe(&ends) == 0 else { throw SystemError("cannot make a pipe") }
      defer { for end in ends { close(end) } }
      return (try SystemFile(duplicating: ends[0]), try SystemFile(duplicating: ends[1]))
    }
  }

  private typealias MakeMemoryFile = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32

  /// Makes a file in memory, where the system can. The headers do not show the call to Swift.
  private static let makeMemoryFile = dlsym(dlopen(nil, RTLD_NOW), "memfd_create").map {
    unsafeBitCast($0, to: MakeMemoryFile.self)
  }

  /// An empty file in memory, which is gone with the last process that has it open; a temporary file where the system
  /// has no such thing.
  /// - Throws: ``SystemError``.
  static func memory() throws -> SystemFile {
    try inheritance.withLock { _ in
      // Closed in programs that are started.
      let closeOnExec: UInt32 = 1
      guard let descriptor = makeMemoryFile?("fieldwork", closeOnExec), descriptor >= 0 else {
        return try unlockedTemporary()
      }
      defer { close(descriptor) }
      return try SystemFile(duplicating: descriptor)
    }
  }

  /// An empty file without a name, which is gone with the last process that has it open.
  /// - Throws: ``SystemError``.
  static func temporary() throws -> SystemFile {
    try inheritance.withLock { _ in try unlockedTemporary() }
  }

  private static func unlockedTemporary() throws -> SystemFile {
    let folder = NSTemporaryDirectory()
    var path = Array((folder + "/fieldwork-XXXXXX").utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else {
      throw SystemError(
        "cannot make a temporary file in \(folder) (set TMPDIR to choose another folder)"
      )
    }
    unlink(path)
    defer { close(descriptor) }
    return try SystemFile(duplicating: descriptor)
  }

  deinit { close(descriptor) }

  private static func duplicate(
    _ descriptor: Int32,
    above limit: Int32 = STDERR_FILENO
  ) throws -> Int32 {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, max(limit, STDERR_FILENO) + 1)
    guard copy >= 0 else { throw SystemError("cannot duplicate descriptor \(descriptor)") }
    return copy
  }

  /// The number of bytes in the file; 0 if it is none that has a size.
  var size: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The smallest hole that is looked for.
  private static let smallestHole = 1 << 16

  /// True if a part of the file has been taken out of it, see ``punch(_:)``.
  var hasHoles: Bool {
    let size = size
    var position: off_t = 0
    while position >= 0, position < size {
      let hole = lseek(descriptor, position, Self.seekHole)
      guard hole >= 0, hole < size else { return false }
      let data = lseek(descriptor, hole, Self.seekData)
      let end = data < 0 ? off_t(size) : data
      if end - hole >= Self.smallestHole { return true }
      position = end
    }
    return false
  }

  #if os(Linux)
    private static let (seekData, seekHole): (Int32, Int32) = (3, 4)
  #else
    private static let (seekData, seekHole): (Int32, Int32) = (4, 3)
  #endif

  #if os(Linux)
    private typealias Allocate = @convention(c) (Int32, Int32, off_t, off_t) -> Int32

    /// The headers do not show the call to Swift.
    private static let allocate = dlsym(dlopen(nil, RTLD_NOW), "fallocate").map {
      unsafeBitCast($0, to: Allocate.self)
    }
  #endif

  /// Gives the room of a range of bytes back to the disk. Those after it stay where they are.
  /// - Returns: false if the file system cannot do that.
  func punch(_ range: Range<Int>) -> Bool {
    #if os(Linux)
      // FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE.
      let mode: Int32 = 1 | 2
      guard let allocate = Self.allocate else { return false }
      return allocate(descriptor, mode, off_t(range.lowerBound), off_t(range.count)) == 0
    #else
      return false
    #endif
  }

  /// Makes the file shorter.
  func cut(to size: Int) { ftruncate(descriptor, off_t(size)) }

  /// Hands out the bytes of a range as ``forEachPiece(of:_:)``, without those that were taken out of the file.
  /// - Parameter hole: is called with the number of bytes of each hole.
  /// - Throws: ``SystemError``, and what the closures throw.
  func forEachPiece(
    of range: Range<Int>,
    hole: (Int) throws -> Void,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard hasHoles else { return try forEachPiece(of: range, body) }
    var position = range.lowerBound
    while position < range.upperBound {
      let found = lseek(descriptor, off_t(position), Self.seekData)
      let data = found < 0 ? range.upperBound : min(Int(found), range.upperBound)
      if data > position { try hole(data - position) }
      guard data < range.upperBound else { return }
      let next = lseek(descriptor, off_t(data), Self.seekHole)
      let end = next < 0 ? range.upperBound : min(Int(next), range.upperBound)
      try forEachPiece(of: data..<end, body)
      position = end
    }
  }

  /// Makes the file empty.
  func clear() { ftruncate(descriptor, 0) }

  /// Writes bytes, at the end if the file was opened for appending; in one call unless the system takes
  /// a part of them only.
  /// - Throws: ``SystemError``.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try SystemFile.append(bytes, to: descriptor, path)
  }

  /// Writes a text as ``append(_:)-(UnsafeRawBufferPointer)``.
  /// - Throws: ``SystemError``.
  func append(_ text: String) throws {
    var text = text
    try text.withUTF8 { try append(UnsafeRawBufferPointer($0)) }
  }

  static func append(
    _ bytes: UnsafeRawBufferPointer,
    to descriptor: Int32,
    _ path: String
  ) throws {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = write(descriptor, start, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno == EAGAIN {
        // A terminal or pipe that does not block.
        var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wish, 1, -1)
      } else if errno != EINTR {
        throw SystemError("cannot write \(path)")
      }
    }
  }

  /// Hands out the bytes of a range, a piece at a time, as far as the file has them.
  /// - Throws: ``SystemError``, and what the closure throws.
  func forEachPiece(
    of range: Range<Int>,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard !range.isEmpty else { return }
    let size = min(range.count, 1 << 16)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    var position = range.lowerBound
    while position < range.upperBound {
      let wanted = min(size, range.upperBound - position)
      let count = pread(descriptor, buffer.baseAddress, wanted, off_t(position))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemError("cannot read \(path)") }
      guard count > 0 else { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      position += count
    }
  }
}
