import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file to which output is appended, and which is seen once something is in it.
///
/// Until then the bytes are in a hidden file. It has a name, since the last words of a process that dies
/// must outlive it.
final class OutputFile {
  private enum Place {
    /// In the file in which people look.
    case visible(String)
    /// In a hidden file, which is to appear elsewhere.
    case hidden(String, visible: String)
    /// In a file without a name, for a store without files.
    case nameless
  }

  private(set) var file: SystemFile
  private var place: Place
  /// Up to where the bytes were there before, or have been handed on.
  private var mark = 0
  /// True if a part was taken out of the middle.
  private var hasHoles = false

  /// Opens the file that is to be seen if there is one, else the hidden one.
  /// - Parameter isOwn: true for the hidden one in any case, since others write to the one that is to be seen.
  /// - Throws: ``SystemError``.
  init(_ hidden: HiddenOutput, in folder: ResearchFolder, isOwn: Bool = false) throws {
    if !isOwn, let file = try OutputFile.existing(hidden, in: folder) {
      self.file = file
      place = .visible(hidden.visiblePath(in: folder))
      mark = file.size
    } else {
      let path = hidden.path(in: folder)
      file = try SystemFile(path, O_RDWR | O_APPEND | O_CREAT)
      place = .hidden(path, visible: hidden.visiblePath(in: folder))
    }
  }

  /// Makes the hidden file of a process that has died seen, or deletes it if nothing is in it.
  /// - Throws: ``SystemError``.
  static func publish(_ hidden: HiddenOutput, in folder: ResearchFolder) throws {
    let path = hidden.path(in: folder)
    let file = OutputFile(
      try SystemFile(path, O_RDWR),
      .hidden(path, visible: hidden.visiblePath(in: folder))
    )
    // The process that has died may have taken something out.
    file.hasHoles = file.file.hasHoles
    try file.publish()
    file.discard()
  }

  private init(_ file: SystemFile, _ place: Place) {
    self.file = file
    self.place = place
  }

  /// Makes a file without a name.
  /// - Throws: ``SystemError``.
  init() throws {
    file = try OutputFile.nameless()
    place = .nameless
  }

  /// A file without a name that every process writes at its end.
  private static func nameless() throws -> SystemFile {
    let file = try SystemFile.temporary()
    _ = fcntl(file.descriptor, F_SETFL, O_APPEND)
    return file
  }

  private static func existing(
    _ hidden: HiddenOutput,
    in folder: ResearchFolder
  ) throws -> SystemFile? {
    do {
      return try SystemFile(hidden.visiblePath(in: folder), O_RDWR | O_APPEND)
    } catch let error as SystemError where [ENOENT, ENOTDIR].contains(error.number) {
      return nil
    }
  }

  /// Whether the file can be seen, or never will be.
  var isSettled: Bool {
    if case .hidden = place { false } else { true }
  }

  // MARK: What has been written

  /// Appends the bytes that were written since the last time to another file.
  /// - Throws: ``SystemError``. The bytes count as handed on even so: a full disk must not make the same
  ///   attempt come again with each unit.
  func handOn(to other: OutputFile) throws {
    try file.forEachPiece(of: takeRange()) {
      try other.file.append(Self.marker($0))
    } _: {
      try other.file.append($0)
    }
  }

  /// The bytes that were written since the last time.
  /// - Throws: ``SystemError``.
  func take() throws -> [UInt8] {
    var bytes: [UInt8] = []
    try file.forEachPiece(of: takeRange()) {
      bytes += Self.marker($0).utf8
    } _: {
      bytes += $0
    }
    return bytes
  }

  /// The line in place of output that was left out.
  static func marker(_ count: Int) -> String {
    let size = count >= 1_000_000 ? "\(count / 1_000_000) MB" : "\(count) bytes"
    return "\n[… \(size) of output left out: more than --output-limit …]\n"
  }

  /// Keeps the beginning and the end of what was written from a position on, if it is longer than a limit. What is left
  /// out gives its room back at once; ``compact()`` takes it out of the file.
  func trim(from start: Int, limit: Int) {
    let size = file.size
    guard size - start > limit + Self.slack else { return }
    guard !isShared else { return }
    let page = 4096
    let first = (start + limit / 2 + page - 1) / page * page
    let last = (size - limit / 2) / page * page
    guard last > first else { return }
    guard !file.punch(first..<last) else {
      hasHoles = true
      return
    }
    // The beginning stays, and what comes from now on.
    file.cut(to: first)
    mark = min(mark, first)
    try? file.append(Self.marker(size - first))
  }

  /// True if other processes write to the file, too.
  private var isShared: Bool {
    if case .visible(let path) = place { return !path.contains("/experiments/") }
    return false
  }

  /// Output beyond the limit at which something is left out.
  private static let slack = 1 << 20

  /// Writes the file without the holes that ``trim(from:limit:)`` has left, and with a line in their place.
  /// - Throws: ``SystemError``.
  func compact() throws {
    guard hasHoles else { return }
    hasHoles = false
    let path: String? =
      switch place {
      case .visible(let path): path
      case .hidden(let path, _): path
      case .nameless: nil
      }
    let new: SystemFile
    if let path {
      new = try SystemFile(path + ".compact", O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
    } else {
      new = try OutputFile.nameless()
    }
    do {
      try file.forEachPiece(of: 0..<file.size) {
        try new.append(Self.marker($0))
      } _: {
        try new.append($0)
      }
      if let path, rename(path + ".compact", path) != 0 {
        throw SystemError("cannot write \(path)")
      }
    } catch {
      if let path { unlink(path + ".compact") }
      throw error
    }
    file = new
    mark = new.size
  }

  private func takeRange() -> Range<Int> {
    let size = file.size
    defer { mark = size }
    // A unit may have made the file shorter.
    return min(mark, size)..<size
  }

  // MARK: Being seen

  /// Makes the file seen if something is in it.
  ///
  /// The bytes stay in the same file unless one with its name has come up meanwhile; then they are
  /// appended to that one, and ``file`` is another.
  /// - Throws: ``SystemError``; the bytes are then still in the hidden file.
  func publish() throws {
    guard case .hidden(let hidden, let visible) = place, file.size > 0 else { return }
    try compact()
    let folder = URL(fileURLWithPath: visible).deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Unlike a renaming, a link does not replace what another process has just made.
    if link(hidden, visible) != 0 {
      let other = try SystemFile(visible, O_RDWR | O_APPEND | O_CREAT)
      try file.forEachPiece(of: 0..<file.size) { try other.append($0) }
      file = other
      mark = other.size
    }
    unlink(hidden)
    place = .visible(visible)
  }

  /// Whether the file can serve something else: it holds nothing that is not kept elsewhere.
  var isReusable: Bool {
    switch place {
    case .visible: false
    case .hidden: file.size == 0
    case .nameless: true
    }
  }

  /// Makes a reusable hidden file that of something else, which has no file to be seen yet.
  /// - Throws: ``SystemError``.
  func reuse(for hidden: HiddenOutput, in folder: ResearchFolder) throws {
    guard case .hidden(let old, _) = place else { return }
    let path = hidden.path(in: folder)
    guard rename(old, path) == 0 else { throw SystemError("cannot write \(path)") }
    place = .hidden(path, visible: hidden.visiblePath(in: folder))
  }

  /// Makes a file without a name as new.
  func clear() {
    file.clear()
    mark = 0
  }

  /// Deletes the file if it is hidden and empty.
  func discard() {
    if case .hidden(let path, _) = place, file.size == 0 { unlink(path) }
  }
}
