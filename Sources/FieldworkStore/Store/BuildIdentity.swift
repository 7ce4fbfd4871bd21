package import FieldworkCore
import Foundation

/// The identity of a build of the program. The bodies of units cannot be compared, but their compiled code
/// can.
package enum BuildIdentity {
  /// 16 hexadecimal digits that depend on the code and the constants of the running program; nil where
  /// they cannot be read.
  ///
  /// They are a hash of the machine code, the constants and the metadata of types in the executable file. Debugging
  /// information, time stamps, names of symbols and loaded libraries are left out. Therefore a new build without a
  /// change has the same digits, and so has a build after a change of another playbook.
  package static let current: String? = {
    #if os(Linux)
      // The running file, even if another one has replaced it on disk.
      guard
        let file = try? Data(
          contentsOf: URL(fileURLWithPath: "/proc/self/exe"),
          options: .alwaysMapped
        )
      else { return nil }
      return file.withUnsafeBytes { digits(ofProgram: $0) }
    #else
      return nil
    #endif
  }()

  /// The layout is that of 64-bit files in the System V ABI, chapter 4.
  private enum Layout {
    static let mark: UInt32 = 0x464c_457f
    static let sectionOffset = 0x28
    static let sectionSize = 0x3a
    static let sectionCount = 0x3c
    static let nameSection = 0x3e
    /// The types of sections with contents: those of the program, and lists of functions to call at the start.
    static let contents: Set<UInt32> = [1, 14, 15]
  }

  /// Sections that do not affect what the program does. The second and last are hashes that include left-out data.
  private static let leftOut: Set<String> = [
    ".interp", ".swift_modhash", ".comment", ".gnu_debuglink", ".note.gnu.build-id",
  ]

  /// - Returns: nil if it is no 64-bit file of this kind.
  static func digits(ofProgram file: UnsafeRawBufferPointer) -> String? {
    func read<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T? {
      guard offset >= 0, offset + MemoryLayout<T>.size <= file.count else { return nil }
      return T(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
    guard read(0, as: UInt32.self) == Layout.mark, read(4, as: UInt8.self) == 2,
      let table = read(Layout.sectionOffset, as: UInt64.self).flatMap({ Int(exactly: $0) }),
      let size = read(Layout.sectionSize, as: UInt16.self).map(Int.init),
      let count = read(Layout.sectionCount, as: UInt16.self).map(Int.init),
      let nameIndex = read(Layout.nameSection, as: UInt16.self).map(Int.init),
      let names = read(table + nameIndex * size + 0x18, as: UInt64.self).flatMap({
        Int(exactly: $0)
      })
    else { return nil }
    var hash: UInt64 = 0
    for index in 0..<count {
      let header = table + index * size
      guard let nameOffset = read(header, as: UInt32.self),
        let type = read(header + 4, as: UInt32.self),
        let flags = read(header + 8, as: UInt64.self),
        let offset = read(header + 0x18, as: UInt64.self).flatMap({ Int(exactly: $0) }),
        let length = read(header + 0x20, as: UInt64.self).flatMap({ Int(exactly: $0) })
      else { return nil }
      let isLoaded = flags & 2 != 0
      guard isLoaded, Layout.contents.contains(type), length > 0,
        !leftOut.contains(name(at: names + Int(nameOffset), file))
      else { continue }
      guard offset >= 0, offset + length <= file.count else { return nil }
      hash = mixed(UnsafeRawBufferPointer(rebasing: file[offset..<offset + length]), hash)
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func name(at offset: Int, _ file: UnsafeRawBufferPointer) -> String {
    guard offset >= 0, offset < file.count else { return "" }
    return String(decoding: file[offset...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Each word changes the hash, since a multiplication by an odd number and a rotation are reversible.
  private static func mixed(_ bytes: UnsafeRawBufferPointer, _ start: UInt64) -> UInt64 {
    var hash = start ^ UInt64(bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
      hash =
        (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        &* 0x9E37_79B9_7F4A_7C15
      hash = hash << 29 | hash >> 35
      offset += 8
    }
    for byte in bytes[offset...] {
      hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15
      hash = hash << 29 | hash >> 35
    }
    return hash
  }
}

/// The builds whose results count as those of the present one: itself, and those that were accepted.
package struct AcceptedBuilds: Sendable {
  /// The key of the note that keeps the classes of equal builds.
  package static let noteKey = "equal builds"
  /// The key of the note that keeps the digest of the files that programs watched in the latest run.
  package static let watchedNoteKey = "watched files"

  /// The identity of a build together with the digest of watched files.
  package static func identity(_ build: String, watched: String) -> String { "\(build)+\(watched)" }

  private let classes: [Set<String>]
  private let current: String?
  /// The builds whose results count as those of the current one; nil for all.
  let all: Set<String>?

  /// - Parameters:
  ///   - notes: those of the store.
  ///   - current: the identity of the current code; by default that of this process with the watched files of the latest
  ///     run.
  package init(_ notes: [String: Value], current given: String?? = nil) {
    var current = BuildIdentity.current
    if let given {
      current = given
    } else if case .string(let digest)? = notes[Self.watchedNoteKey] {
      current = current.map { Self.identity($0, watched: digest) }
    }
    var classes: [Set<String>] = []
    if case .list(let lists) = notes[Self.noteKey] {
      classes = lists.map { list in
        guard case .list(let builds) = list else { return [] }
        return Set(builds.compactMap { String($0) })
      }
    }
    self.classes = classes
    self.current = current
    all = current.map { current in
      classes.filter { $0.contains(current) }.reduce([current]) { $0.union($1) }
    }
  }

  /// Returns true if results of a build count as those of the current one. Results of an unknown build do.
  package func isCurrent(_ build: String?) -> Bool {
    guard let build, let all else { return true }
    return all.contains(build)
  }

  /// Returns the note that accepts the results of some builds as those of the current one.
  /// - Returns: nil if nothing changes.
  package func note(accepting builds: some Sequence<String>) -> RunRecord? {
    guard let current else { return nil }
    var merged = Set(builds)
    guard merged.contains(where: { !isCurrent($0) }) else { return nil }
    merged.insert(current)
    var rest: [Set<String>] = []
    for known in classes {
      if known.isDisjoint(with: merged) { rest.append(known) } else { merged.formUnion(known) }
    }
    let lists = (rest + [merged]).map { Value.list($0.sorted().map(Value.string)) }
    return .note(Self.noteKey, .list(lists))
  }
}
