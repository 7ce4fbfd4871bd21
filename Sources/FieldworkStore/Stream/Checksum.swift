/// The checksum CRC-32C: it notices every damage of up to 32 bits in a row, and any other but for one in
/// four thousand millions.
///
/// Source: G. Castagnoli, S. Bräuer, M. Herrmann, "Optimization of cyclic redundancy-check codes with 24
/// and 32 parity bits", IEEE Transactions on Communications 41, 1993. It is computed by tables, eight bytes
/// at a time, after M. Kounavis and F. Berry, "Novel table lookup-based algorithms for high-performance
/// CRC generation", IEEE Transactions on Computers 57, 2008.
struct Checksum {
  /// Eight tables one after the other: the effect of each byte at each of eight distances.
  private static let tables: [UInt32] = {
    var tables: [UInt32] = []
    tables.reserveCapacity(8 * 256)
    for byte in 0..<UInt32(256) {
      tables.append((0..<8).reduce(byte) { rest, _ in rest >> 1 ^ (rest & 1) * 0x82F6_3B78 })
    }
    for index in 256..<(8 * 256) {
      let before = tables[index - 256]
      tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
    }
    return tables
  }()

  private var state: UInt32 = ~0

  /// The checksum of all bytes so far.
  var value: UInt32 { ~state }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    state = Checksum.tables.withUnsafeBufferPointer { tables in
      var state = state
      var index = 0
      while bytes.count - index >= 8 {
        let word = UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        )
        let (low, high) = (
          UInt32(truncatingIfNeeded: word) ^ state, UInt32(truncatingIfNeeded: word >> 32)
        )
        let first =
          tables[7 * 256 + Int(low & 0xFF)] ^ tables[6 * 256 + Int(low >> 8 & 0xFF)]
          ^ tables[5 * 256 + Int(low >> 16 & 0xFF)] ^ tables[4 * 256 + Int(low >> 24)]
        let second =
          tables[3 * 256 + Int(high & 0xFF)] ^ tables[2 * 256 + Int(high >> 8 & 0xFF)]
          ^ tables[256 + Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
        state = first ^ second
        index += 8
      }
      while index < bytes.count {
        state = state >> 8 ^ tables[Int((state ^ UInt32(bytes[index])) & 0xFF)]
        index += 1
      }
      return state
    }
  }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = Checksum()
    checksum.add(bytes)
    return checksum.value
  }
}
