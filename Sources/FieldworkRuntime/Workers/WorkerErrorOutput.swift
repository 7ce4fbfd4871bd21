import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Hands on what a worker process writes to its standard error: into the file of the research if it goes
/// there, else, line by line, to those who follow the run.
final class WorkerErrorOutput {
  private static let lineLimit = 10_000

  private let worker: Int
  private let run: RunState
  private let file: SystemFile?
  /// The bytes of a line that has not ended.
  private var line: [UInt8] = []

  init(_ worker: Int, _ run: RunState) {
    self.worker = worker
    self.run = run
    if let folder = run.services.folder, run.research.settings.stderr?.hasCommonFile ?? false {
      file = try? SystemFile(
        "\(folder.path)/\(StandardStream.stderr.fileName)",
        O_WRONLY | O_APPEND | O_CREAT
      )
    } else {
      file = nil
    }
  }

  func take(_ bytes: UnsafeRawBufferPointer) {
    if let file {
      try? file.append(bytes)
      return
    }
    line += bytes
    guard let end = line.lastIndex(of: UInt8(ascii: "\n")) else {
      if line.count > Self.lineLimit { finish() }
      return
    }
    tell(line[...end])
    line.removeSubrange(...end)
  }

  /// Hands on the last line, though it has no end.
  func finish() {
    if !line.isEmpty { tell(line + [UInt8(ascii: "\n")]) }
    line = []
  }

  private func tell(_ bytes: ArraySlice<UInt8>) {
    run.relay(.printed(worker: worker, text: String(decoding: bytes, as: UTF8.self)))
  }
}
