import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The descriptors of the standard streams of a process that may have been started without them.
enum StandardDescriptors {
  private static let all: [Int32] = [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
  /// Names those that were closed in the environment of a process that has started itself again.
  private static let variable = "FIELDWORK_CLOSED_STREAMS"

  private static let closed = Protected<Set<Int32>>([])

  /// True if the process was started without a standard output.
  static var wasOutputClosed: Bool { closed.withLock { $0.contains(STDOUT_FILENO) } }

  /// Opens those that are closed on an empty file. Otherwise the next file that is opened gets the number of a standard
  /// stream, and what is printed goes into it.
  static func open() {
    let named = ProcessInfo.processInfo.environment[variable] ?? ""
    closed.withLock { $0 = Set(named.split(separator: ",").compactMap { Int32($0) }) }
    unsetenv(variable)
    let missing = all.filter { fcntl($0, F_GETFD) < 0 }
    let taken = all.filter(isTaken)
    guard !missing.isEmpty || !taken.isEmpty else { return }
    closed.withLock { $0.formUnion(missing + taken) }
    for descriptor in missing + taken {
      let file = openFile("/dev/null", O_RDWR)
      guard file >= 0, file != descriptor else { continue }
      dup2(file, descriptor)
      close(file)
    }
    // What had taken the number cannot do without it.
    if !taken.isEmpty { startAgain() }
  }

  /// Returns true if the number of a standard stream is that of something of the system's queues, which open files
  /// before the program begins.
  private static func isTaken(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == 0
  }

  /// Replaces this process by the same program with the same arguments.
  private static func startAgain() {
    let numbers = closed.withLock { $0.map(String.init).joined(separator: ",") }
    setenv(variable, numbers, 1)
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv("/proc/self/exe", &arguments)
  }
}

/// The call of the system, which has the name of a method above.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
