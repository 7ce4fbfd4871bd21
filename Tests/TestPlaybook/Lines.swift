import Foundation

extension TestPlaybook {
  /// Adds a line to the file that an environment variable names, if it names one.
  static func append(_ line: String, toFileOf variable: String) {
    guard let path = environment[variable] else { return }
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard file >= 0 else { return }
    defer { close(file) }
    let text = Array((line + "\n").utf8)
    _ = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  }
}
