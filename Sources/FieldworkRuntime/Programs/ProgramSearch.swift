import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the files of programs, as a shell does.
struct ProgramSearch: Sendable {
  /// The folders in which programs are looked for, separated by colons.
  let path: String
  /// The folder from which relative paths begin.
  let folder: String

  /// Returns the path of a program; a name with a slash is a path.
  /// - Returns: nil if there is none that can be run.
  func file(_ name: String) -> String? {
    guard !name.isEmpty else { return nil }
    if name.contains("/") {
      let path = absolute(name)
      return Self.isProgram(path) ? path : nil
    }
    for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
      let candidate = absolute(folder.isEmpty ? name : "\(folder)/\(name)")
      if Self.isProgram(candidate) { return candidate }
    }
    return nil
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }

  private static func isProgram(_ path: String) -> Bool {
    guard access(path, X_OK) == 0 else { return false }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
  }

  /// Text on why a program cannot be found, with a remedy.
  func absence(of name: String) -> String {
    if name.isEmpty { return "its name is empty" }
    guard name.contains("/") else {
      return "there is no program '\(name)' in the folders of PATH; install it, or write its path"
    }
    let path = absolute(name)
    var status = stat()
    guard stat(path, &status) == 0 else {
      return "there is no file \(path); relative paths begin at \(folder)"
    }
    if status.st_mode & S_IFMT == S_IFDIR { return "\(path) is a folder" }
    return "\(path) is not executable; run chmod +x, or write its interpreter before it"
  }

  /// Text on why the system refuses to start a file that is there.
  static func refusal(_ path: String, _ error: SystemError, folder: String) -> String {
    if error.number == ENOENT {
      if SystemFile.isMissing(folder) { return "there is no folder \(folder) to run it in" }
      if let interpreter = interpreter(of: path) {
        return "its interpreter \(interpreter), which its first line names, is missing"
      }
    }
    if error.number == ENOEXEC {
      return
        "\(path) is neither a program of this system nor a script whose first line names its interpreter; add a first line such as #!/bin/sh"
    }
    if error.number == E2BIG {
      return
        "its arguments and environment are too long for the system; pass a large value in a file"
    }
    return String(cString: strerror(error.number))
  }

  /// The interpreter that the first line of a script names.
  private static func interpreter(of path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path),
      let data = try? file.read(upToCount: 256), data.starts(with: [0x23, 0x21])
    else { return nil }
    let line = data.dropFirst(2).prefix { $0 != 0x0A }
    return String(decoding: line, as: UTF8.self).split(separator: " ").first.map(String.init)
  }
}
