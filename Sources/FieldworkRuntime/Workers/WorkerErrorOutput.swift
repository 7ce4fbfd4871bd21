import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Hands on what a worker process writes to its standard error: into the file of the research if it goes
/// there, else, line by line, to those who follow the run. After a crash they get only the playbook's own calls, and a
/// file of the research stores the whole trace.
final class WorkerErrorOutput {
  private static let lineLimit = 10_000
  /// The file of traces takes no more once it has this size, in bytes.
  private static let fileLimit: off_t = 64 << 20

  private let worker: Int
  private let run: RunState
  private let file: SystemFile?
  /// The bytes of a line that has not ended.
  private var line: [UInt8] = []
  /// The trace that the process is printing; nil if it has not crashed.
  private var trace: CrashTrace?

  init(_ worker: Int, _ run: RunState) {
    self.worker = worker
    self.run = run
    if let folder = run.services.folder, run.research.settings.stderr?.hasCommonFile ?? false {
      file = try? SystemFile(
        folder.file(StandardStream.stderr.fileName),
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
      if line.count > Self.lineLimit { endLine() }
      return
    }
    tell(line[...end])
    line.removeSubrange(...end)
  }

  private func endLine() {
    if !line.isEmpty { tell(line + [UInt8(ascii: "\n")]) }
    line = []
  }

  /// The worker has reported something, so a trace that was printed is another program's: it is shown as it came.
  func workerLives() {
    guard let trace else { return }
    self.trace = nil
    tell(trace.lines.joined(separator: "\n") + "\n")
  }

  /// Hands on the last line, though it has no end.
  func finish() {
    endLine()
    guard let trace else { return }
    self.trace = nil
    guard let folder = run.services.folder else {
      // No file stores the trace.
      tell(trace.lines.joined(separator: "\n") + "\n")
      return
    }
    do {
      let file = try SystemFile(folder.crashLogPath, O_WRONLY | O_APPEND | O_CREAT)
      var status = stat()
      guard fstat(file.descriptor, &status) == 0, status.st_size < Self.fileLimit else {
        tell(trace.text(path: nil))
        return
      }
      var text = trace.lines.joined(separator: "\n") + "\n\n"
      try text.withUTF8 { try file.append(UnsafeRawBufferPointer($0)) }
      tell(trace.text(path: folder.shown("crashes.log")))
    } catch {
      tell(trace.lines.joined(separator: "\n") + "\n")
    }
  }

  private func tell(_ bytes: ArraySlice<UInt8>) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard trace == nil else {
      trace?.append(text)
      return
    }
    // The lines before the trace are the process's own output.
    var rest = text[...]
    while let end = rest.firstIndex(of: "\n") {
      if CrashTrace.begins(with: rest) {
        if rest.startIndex > text.startIndex { tell(String(text[..<rest.startIndex])) }
        trace = CrashTrace()
        trace?.append(String(rest))
        return
      }
      rest = rest[rest.index(after: end)...]
    }
    tell(text)
  }

  private func tell(_ text: String) {
    if !text.isEmpty { run.relay(.printed(worker: worker, text: text)) }
  }
}
