#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// When a file was last changed.
package struct FileTime: Equatable {
  /// Since 1970.
  package let seconds: Double

  /// - Returns: nil if there is no file.
  package init?(at path: String) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    #if canImport(Darwin)
      let time = facts.st_mtimespec
    #else
      let time = facts.st_mtim
    #endif
    seconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
