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
  /// The number of bytes that are kept of what an experiment writes; nil for all of it.
  private let limit: Int?
  /// The number of bytes that the file has got since the last task ended.
  private var written = 0
  /// The number of bytes that were left out since then, and the last ones of them.
  private var leftOut = 0
  private var tail: [UInt8] = []
  /// The bytes of a line that has not ended.
  private var line: [UInt8] = []
  /// The trace that the process is printing; nil if it has not crashed.
  private var trace: CrashTrace?

  init(_ worker: Int, _ run: RunState) {
    self.worker = worker
    self.run = run
    limit = run.research.settings.outputLimit
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
      append(bytes, to: file)
      return
    }
    line += bytes
    guard let end = line.lastIndex(of: UInt8(ascii: "\n")) else {
      if line.count > Self.lineLimit { endLine() }
      return
    }
    show(line[...end])
    line.removeSubrange(...end)
  }

  /// Appends the beginning of an experiment's output, and keeps as much of its end in memory.
  private func append(_ bytes: UnsafeRawBufferPointer, to file: SystemFile) {
    guard let limit else {
      try? file.append(bytes)
      return
    }
    let room = leftOut > 0 ? 0 : max(0, min(bytes.count, limit / 2 - written))
    if room > 0 {
      written += room
      try? file.append(UnsafeRawBufferPointer(rebasing: bytes[..<room]))
    }
    guard room < bytes.count else { return }
    leftOut += bytes.count - room
    tail += bytes[room...]
    let most = min(limit / 2, Self.tailLimit)
    if tail.count > 2 * most { tail.removeFirst(tail.count - most) }
  }

  /// The most that is kept in memory, in bytes.
  private static let tailLimit = 1 << 20

  /// Appends the end of an experiment's output.
  private func endOutput() {
    defer { (written, leftOut, tail) = (0, 0, []) }
    guard leftOut > 0, let file else { return }
    if leftOut > tail.count { try? file.append(OutputFile.marker(leftOut - tail.count)) }
    tail.withUnsafeBytes { try? file.append($0) }
  }

  private func endLine() {
    if !line.isEmpty { show(line + [UInt8(ascii: "\n")]) }
    line = []
  }

  /// The worker has reported something, so a trace that was printed is another program's: it is shown as it came.
  func workerLives() {
    endOutput()
    guard let trace else { return }
    self.trace = nil
    show(trace.lines.joined(separator: "\n") + "\n")
  }

  /// Hands on the last line, though it has no end.
  func finish() {
    endOutput()
    endLine()
    guard let trace else { return }
    self.trace = nil
    guard let folder = run.services.folder else {
      // No file stores the trace.
      show(trace.lines.joined(separator: "\n") + "\n")
      return
    }
    do {
      let file = try SystemFile(folder.crashLogPath, O_WRONLY | O_APPEND | O_CREAT)
      var status = stat()
      guard fstat(file.descriptor, &status) == 0, status.st_size < Self.fileLimit else {
        show(trace.text(path: nil))
        return
      }
      var text = trace.lines.joined(separator: "\n") + "\n\n"
      try text.withUTF8 { try file.append(UnsafeRawBufferPointer($0)) }
      show(trace.text(path: folder.shown("crashes.log")))
    } catch {
      show(trace.lines.joined(separator: "\n") + "\n")
    }
  }

  private func show(_ bytes: ArraySlice<UInt8>) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard trace == nil else {
      trace?.append(text)
      return
    }
    // The lines before the trace are the process's own output.
    var rest = text[...]
    while let end = rest.firstIndex(of: "\n") {
      if CrashTrace.begins(with: rest) {
        if rest.startIndex > text.startIndex { show(String(text[..<rest.startIndex])) }
        trace = CrashTrace()
        trace?.append(String(rest))
        return
      }
      rest = rest[rest.index(after: end)...]
    }
    show(text)
  }

  private func show(_ text: String) {
    guard !text.isEmpty else { return }
    if run.recorder.take([.printed(worker: worker, text: text)]) { run.recorder.roomBlocking() }
  }
}
