import Foundation

/// The last lines of what a process writes: those around its last words, if it has trapped, since what is
/// printed after them can be long.
struct OutputTail {
  private static let byteLimit = 64_000
  private static let lineLimit = 20
  private static let linesBefore = 5

  private var bytes: [UInt8] = []
  /// The number of all bytes so far.
  private(set) var end = 0
  /// The number of bytes that belong to what has ended.
  private var forgotten = 0

  mutating func append(_ more: UnsafeRawBufferPointer) {
    end += more.count
    bytes += more.suffix(4 * Self.byteLimit)
    if bytes.count > 4 * Self.byteLimit { bytes.removeFirst(bytes.count - 2 * Self.byteLimit) }
  }

  /// Leaves what was written so far out of the text.
  /// - Parameter position: the number of bytes that what has ended has written; nil for all so far.
  mutating func forget(upTo position: Int?) { forgotten = min(position ?? end, end) }

  var text: String { text(in: forgotten..<end) }

  /// Returns the text of a range of bytes, as far as they are kept.
  func text(in range: Range<Int>) -> String {
    let start = end - bytes.count
    let first = max(0, range.lowerBound - start)
    let last = min(range.upperBound, end) - start
    return first < last ? OutputTail.text(bytes[first..<last]) : ""
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes.suffix(Self.byteLimit), as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while lines.last?.isEmpty ?? false { lines.removeLast() }
    let words = WorkerDeath.lastWords(in: lines)
    if let words { lines = lines[max(lines.startIndex, words - Self.linesBefore)...] }
    let kept =
      words == nil
      ? Array(lines.suffix(Self.lineLimit)) : WorkerDeath.trace(lines, most: Self.lineLimit)
    return kept.map { String($0.prefix(500)) }.joined(separator: "\n")
  }
}

/// Tells whether the system has killed processes because memory ran out.
struct MemoryKills {
  private let before = MemoryKills.count

  var hasGrown: Bool { MemoryKills.count > before }

  /// The kills so far, in the group of processes that this one belongs to, or else in the machine.
  private static var count: Int {
    #if os(Linux)
      // In a container the second one counts its neighbours, too.
      for path in ["/sys/fs/cgroup/memory.events", "/proc/vmstat"] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        if let count = line?.split(separator: " ").last.flatMap({ Int($0) }) { return count }
      }
      return 0
    #else
      return 0
    #endif
  }
}
