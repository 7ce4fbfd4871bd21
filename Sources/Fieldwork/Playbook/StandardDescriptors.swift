import FieldworkStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The descriptors of the standard streams of a process that may have been started without them.
enum StandardDescriptors {
  private static let closed = Protected<Set<Int32>>([])

  /// True if the process was started without a standard output.
  static var wasOutputClosed: Bool { closed.withLock { $0.contains(STDOUT_FILENO) } }

  /// Opens those that are closed on an empty file. Otherwise the next file that is opened gets the number of a standard
  /// stream, and what is printed goes into it.
  static func open() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      let file = openFile("/dev/null", O_RDWR)
      guard file >= 0 else { return }
      if file != descriptor {
        dup2(file, descriptor)
        close(file)
      }
      closed.withLock { _ = $0.insert(descriptor) }
    }
  }
}

/// The call of the system, which has the name of a method above.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
