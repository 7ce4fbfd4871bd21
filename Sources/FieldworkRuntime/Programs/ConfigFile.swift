import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file with a config as JSON, which is there as long as this object.
///
/// It is in memory where the system can do that, and has a path by which every process of the user opens it. Nothing of
/// it is left when this process is killed.
final class ConfigFile: Sendable {
  let path: String
  private let file: SystemFile

  /// - Throws: ``FieldworkError`` of code `store` if it cannot be written.
  init(_ config: Config) throws {
    do {
      #if os(Linux)
        file = try SystemFile.memory()
        path = "/proc/\(getpid())/fd/\(file.descriptor)"
      #else
        path = "\(NSTemporaryDirectory())/fieldwork-config-\(RandomName.make()).json"
        file = try SystemFile(path, O_RDWR | O_CREAT | O_TRUNC)
      #endif
      var text = config.valueTree.extendedJSONText + "\n"
      try text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
          let count = write(file.descriptor, rest.baseAddress, rest.count)
          if count > 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
          } else if errno != EINTR {
            throw SystemError("cannot write \(path)")
          }
        }
      }
    } catch {
      throw FieldworkError(.store, "the config cannot be given to a program: \(error)")
    }
  }

  deinit {
    #if !os(Linux)
      unlink(path)
    #endif
  }
}
