import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tells one build of the program from another: the bodies of units cannot be compared, but the code that
/// they were compiled to can.
package enum BuildIdentity {
  /// 16 hexadecimal digits that depend on the code and the constants of the running program; nil where
  /// they cannot be read. Libraries that it loads are left aside.
  package static let current: String? = {
    #if os(Linux)
      guard let start = programStart, let hash = hash(ofProgramAt: start) else { return nil }
      let digits = String(hash, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    #else
      return nil
    #endif
  }()

  #if os(Linux)
    /// Where the file of the program is in memory.
    private static var programStart: UnsafeRawPointer? {
      guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8),
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      else { return nil }
      // The first part of the file comes first; it begins with what the file is.
      let line = maps.split(separator: "\n").first { $0.hasSuffix(" " + path) }
      let digits = line?.prefix { $0 != "-" }
      return digits.flatMap { UInt($0, radix: 16) }.flatMap { UnsafeRawPointer(bitPattern: $0) }
    }

    /// Takes together the parts of an ELF file that a running program cannot change: its code and its
    /// constants. The layout is that of 64-bit files in the System V ABI, chapters 4 and 5.
    private static func hash(ofProgramAt start: UnsafeRawPointer) -> UInt64? {
      guard start.loadUnaligned(as: UInt32.self).littleEndian == 0x464c_457f else { return nil }
      // A file that is not to be moved says where it is, others how far from their start.
      let isFixed = start.loadUnaligned(fromByteOffset: 16, as: UInt16.self) == 2
      let headers = start + Int(start.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
      let size = Int(start.loadUnaligned(fromByteOffset: 54, as: UInt16.self))
      let count = Int(start.loadUnaligned(fromByteOffset: 56, as: UInt16.self))
      var hash: UInt64 = 0
      for index in 0..<count {
        let header = headers + index * size
        let (type, flags) = (
          header.loadUnaligned(as: UInt32.self),
          header.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        )
        // To be loaded, and not to be written.
        guard type == 1, flags & 2 == 0 else { continue }
        let address = UInt(header.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        let base = isFixed ? 0 : UInt(bitPattern: start)
        guard let segment = UnsafeRawPointer(bitPattern: base + address) else { continue }
        let length = Int(header.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
        hash = mixed(UnsafeRawBufferPointer(start: segment, count: length), hash)
      }
      return hash
    }

    /// Each word changes the whole: a multiplication by an odd number and a rotation lose nothing.
    private static func mixed(_ bytes: UnsafeRawBufferPointer, _ start: UInt64) -> UInt64 {
      var hash = start ^ UInt64(bytes.count)
      bytes.withMemoryRebound(to: UInt64.self) { words in
        guard var word = words.baseAddress else { return }
        let end = word + words.count
        while word < end {
          hash = (hash ^ word.pointee) &* 0x9E37_79B9_7F4A_7C15
          hash = hash << 29 | hash >> 35
          word += 1
        }
      }
      return hash
    }
  #endif
}
