package import FieldworkStore

// The streams of C are variables, which the compiler takes for unsafe; nobody assigns them. Foundation
// is left out, since it would import them, too.
#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

extension StandardStream {
  /// Writes what the C library still holds back of the stream, which is also what `print` writes to.
  ///
  /// Other streams are left alone: one that another thread is reading could not be touched before a line
  /// has come in.
  /// - Throws: ``SystemError`` if it cannot be written; it is then lost, for it must not get into the
  ///   file that is next.
  package func flush() throws {
    let stream = cStream(self)
    guard fflush(stream) != 0 else { return }
    let error = SystemError("cannot write \(rawValue)")
    #if canImport(Darwin)
      fpurge(stream)
    #endif
    clearerr(stream)
    throw error
  }
}

/// Outside of the extension, since the cases of the enumeration have the same names.
private func cStream(_ stream: StandardStream) -> UnsafeMutablePointer<FILE> {
  switch stream {
  case .stdout: stdout
  case .stderr: stderr
  }
}
