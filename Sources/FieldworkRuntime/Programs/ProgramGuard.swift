import FieldworkStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Kills the programs that this process has started if it ends without ending them, such as by `kill -9`.
///
/// A small shell, in a session of its own, waits for the end of a pipe that the process holds open. It finds the programs
/// by a name in their environments.
enum ProgramGuard {
  /// Starts the shell at the first call.
  /// - Returns: the name that the environments of programs have to hold; nil where the system cannot do it.
  static let token: String? = {
    #if os(Linux)
      let token = ProcessToken.next()
      guard let pipe = try? SystemFile.pipe(), let nothing = try? SystemFile("/dev/null", O_RDWR)
      else { return nil }
      let shell = try? withExtendedLifetime((pipe.reading, nothing)) {
        try ChildProcess(
          "/bin/sh",
          ["sh", "-c", script, "fieldwork-guard", token],
          descriptors: [
            STDIN_FILENO: pipe.reading.descriptor, STDOUT_FILENO: nothing.descriptor,
            STDERR_FILENO: nothing.descriptor,
          ],
          folder: "/",
          isDetached: true
        )
      }
      guard let shell else { return nil }
      held.withLock { $0 = (pipe.writing, shell) }
      return token
    #else
      return nil
    #endif
  }()

  /// Open until the process ends.
  private static let held = Protected<(SystemFile, ChildProcess)?>(nil)

  /// A program may start others meanwhile, so the search is repeated.
  private static let script = """
    read -r line
    round=0
    while [ $round -lt 100 ]; do
      found=$(grep -lsF -e "$1" /proc/[0-9]*/environ)
      [ -n "$found" ] || exit 0
      for file in $found; do
        process=${file#/proc/}
        kill -9 "${process%/environ}"
      done
      round=$((round + 1))
      sleep 0.05
    done
    """
}
