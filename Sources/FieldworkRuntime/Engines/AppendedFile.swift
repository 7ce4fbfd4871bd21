import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that one process appends to and others read, also on other machines.
///
/// It is opened for each write, since network file systems promise to show what was written before a file was closed to
/// those who open it after.
struct AppendedFile {
  enum Problem: Error {
    /// Nothing that counts was written, and it may be tried again.
    case ofTheMoment
    /// Bytes that were written before are gone, so what follows could not be read.
    case lostBytes
  }

  let path: String
  /// The number of bytes that were written whole.
  private(set) var size = 0

  init(_ path: String) { self.path = path }

  /// Appends bytes.
  /// - Throws: ``Problem``.
  mutating func append(_ bytes: [UInt8]) throws {
    var file: Int32
    repeat {
      file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    } while file < 0 && errno == EINTR
    guard file >= 0 else { throw Problem.ofTheMoment }
    var isOpen = true
    defer { if isOpen { close(file) } }
    var facts = stat()
    guard fstat(file, &facts) == 0 else { throw Problem.ofTheMoment }
    guard Int(facts.st_size) >= size else { throw Problem.lostBytes }
    // A part that an earlier attempt has written would damage what follows.
    if Int(facts.st_size) > size, ftruncate(file, off_t(size)) != 0 { throw Problem.ofTheMoment }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        pwrite(file, bytes.baseAddress! + written, bytes.count - written, off_t(size + written))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Problem.ofTheMoment }
      written += count
    }
    // A full disk of another machine may show only now.
    isOpen = false
    guard close(file) == 0 || errno == EINTR else { throw Problem.ofTheMoment }
    size += bytes.count
  }
}
