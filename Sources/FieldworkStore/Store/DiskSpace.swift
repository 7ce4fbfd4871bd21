#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a disk has room for.
package struct DiskSpace: Sendable, Hashable {
  /// The bytes that may still be written.
  package let bytes: Int
  /// Whether files can still be made.
  package let hasRoomForFiles: Bool

  package init(bytes: Int, hasRoomForFiles: Bool = true) {
    self.bytes = bytes
    self.hasRoomForFiles = hasRoomForFiles
  }

  /// The room where a folder is; nil if the system does not tell.
  package init?(at path: String) {
    var facts = statvfs()
    // Some file systems, such as those without a disk, do not count.
    guard statvfs(path, &facts) == 0, facts.f_blocks > 0 else { return nil }
    let (bytes, overflow) = Int(clamping: facts.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: facts.f_frsize))
    self.bytes = overflow ? .max : bytes
    hasRoomForFiles = facts.f_files == 0 || facts.f_favail > 0
  }
}
