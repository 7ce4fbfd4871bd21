#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What tells a file from another one that has its path later.
struct FileIdentity: Sendable, Hashable {
  private let device: UInt64
  private let number: UInt64

  /// The identity of the file at a path; nil if there is none, or it cannot be looked at.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(truncatingIfNeeded: status.st_ino)
  }

  /// Whether the file is certainly no longer at the path: deleted, or another one in its place.
  func hasLeft(_ path: String) -> Bool {
    guard let now = FileIdentity(path) else { return errno == ENOENT || errno == ENOTDIR }
    return now != self
  }
}
