// Without Foundation, which would import the streams as variables that are not safe to read.
#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Writes as C code does.
enum CStreams {
  static func put(_ text: String) { fputs(text, stdout) }

  static func putError(_ text: String) { fputs(text, stderr) }

  static func putFormatted(_ number: Int) {
    _ = withVaList([number]) { vfprintf(stdout, "vfprintf %ld\n", $0) }
  }
}
