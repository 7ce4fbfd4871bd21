import Foundation

/// The pages of the log of a database, read without SQLite.
///
/// SQLite takes a log whose beginning is damaged for an empty one, and overwrites it.
///
/// Source of the format: "Database File Format", section 4, sqlite.org/fileformat2.html.
struct WriteAheadLog {
  private static let headerSize = 32
  private static let frameHeaderSize = 24

  /// The number of pages at the beginning that SQLite can read.
  private(set) var readablePages = 0
  /// The number of pages after those that belong to the log and cannot be read any more; 0 if none of them ends a
  /// transaction.
  private(set) var unreadablePages = 0
  /// True if the log has contents and its header cannot be read.
  private(set) var hasDamagedHeader = false

  /// Reads the log of a database; one that is missing or empty has no pages.
  init(ofDatabase path: String) {
    guard let file = FileHandle(forReadingAtPath: path + "-wal") else { return }
    defer { try? file.close() }
    guard let header = try? file.read(upToCount: Self.headerSize), header.count == Self.headerSize
    else { return }
    let words = Self.words(header, bigEndian: true)
    let isBigEndian = words[0] == 0x377f_0683
    var sum = Sum(bigEndian: isBigEndian)
    sum.add(header.prefix(24))
    let pageSize = Int(words[2])
    guard isBigEndian || words[0] == 0x377f_0682, sum.words == [words[6], words[7]],
      pageSize >= 512, pageSize <= 65_536
    else {
      hasDamagedHeader = Self.hasContents(header, file)
      return
    }
    var isReadable = true
    var last = sum.words
    var hasCommit = false
    while let frame = try? file.read(upToCount: Self.frameHeaderSize + pageSize),
      frame.count == Self.frameHeaderSize + pageSize
    {
      let head = Self.words(frame.prefix(Self.frameHeaderSize), bigEndian: true)
      // Pages of an earlier round of the log have other salts.
      let isOfLog = head[2] == words[4] && head[3] == words[5]
      // The checksum of each page goes on from that of the page before.
      var sum = Sum(bigEndian: isBigEndian, after: last)
      sum.add(frame.prefix(8))
      sum.add(frame.dropFirst(Self.frameHeaderSize))
      let isWhole = isOfLog && sum.words == [head[4], head[5]]
      last = [head[4], head[5]]
      if isReadable, isWhole {
        readablePages += 1
        continue
      }
      isReadable = false
      if isOfLog { unreadablePages += 1 }
      if isWhole, head[1] != 0 { hasCommit = true }
    }
    // A process that was killed in the middle of a transaction has left pages that belong to none.
    if !hasCommit { unreadablePages = 0 }
  }

  /// A file that a power cut has left with nothing but zeros has no contents.
  private static func hasContents(_ header: Data, _ file: FileHandle) -> Bool {
    var piece: Data? = header
    while let bytes = piece, !bytes.isEmpty {
      if bytes.contains(where: { $0 != 0 }) { return true }
      piece = try? file.read(upToCount: 1 << 16)
    }
    return false
  }

  private static func words(_ bytes: Data, bigEndian: Bool) -> [UInt32] {
    bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count - 3, by: 4).map { offset in
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return bigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
      }
    }
  }

  /// The running checksum of a log.
  private struct Sum {
    let bigEndian: Bool
    private(set) var words: [UInt32]

    init(bigEndian: Bool, after words: [UInt32] = [0, 0]) {
      self.bigEndian = bigEndian
      self.words = words
    }

    mutating func add(_ bytes: Data) {
      var (first, second) = (words[0], words[1])
      bytes.withUnsafeBytes { bytes in
        var offset = 0
        while offset + 8 <= bytes.count {
          var low = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
          var high = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
          if bigEndian {
            (low, high) = (UInt32(bigEndian: low), UInt32(bigEndian: high))
          } else {
            (low, high) = (UInt32(littleEndian: low), UInt32(littleEndian: high))
          }
          first = first &+ low &+ second
          second = second &+ high &+ first
          offset += 8
        }
      }
      words = [first, second]
    }
  }
}
