/// The hash function SHA-256 (FIPS 180-4), by which ids and seeds are derived.
package struct SHA256 {
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]

  /// Returns the 32 bytes of a text's hash, as eight words.
  package static func words(of text: String) -> [UInt32] {
    var text = text
    let hash = text.withUTF8 { state(of: UnsafeRawBufferPointer($0)) }
    return hash.indices.map { hash[$0] }
  }

  /// Returns the first 64 bits of the hash of some bytes.
  package static func prefix(of bytes: UnsafeRawBufferPointer) -> UInt64 {
    let hash = state(of: bytes)
    return UInt64(hash[0]) << 32 | UInt64(hash[1])
  }

  private static func state(of bytes: UnsafeRawBufferPointer) -> SIMD8<UInt32> {
    var state = SIMD8<UInt32>(
      0x6a09_e667,
      0xbb67_ae85,
      0x3c6e_f372,
      0xa54f_f53a,
      0x510e_527f,
      0x9b05_688c,
      0x1f83_d9ab,
      0x5be0_cd19
    )
    constants.withUnsafeBufferPointer { constants in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
        func add(_ blocks: UnsafeRawBufferPointer) {
          for start in stride(from: 0, to: blocks.count, by: 64) {
            compress(
              UnsafeRawBufferPointer(rebasing: blocks[start..<start + 64]),
              schedule,
              constants,
              into: &state
            )
          }
        }
        let whole = bytes.count / 64 * 64
        add(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
        // The rest, a bit, zeros, and the number of bits fill one block or two.
        let rest = bytes.count - whole
        let size = rest < 56 ? 64 : 128
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { tail in
          tail.initializeMemory(as: UInt8.self, repeating: 0)
          tail.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[whole...]))
          tail[rest] = 0x80
          tail.storeBytes(
            of: (UInt64(bytes.count) * 8).bigEndian,
            toByteOffset: size - 8,
            as: UInt64.self
          )
          add(UnsafeRawBufferPointer(tail))
        }
      }
    }
    return state
  }

  @inline(__always)
  private static func compress(
    _ block: UnsafeRawBufferPointer,
    _ w: UnsafeMutableBufferPointer<UInt32>,
    _ constants: UnsafeBufferPointer<UInt32>,
    into state: inout SIMD8<UInt32>
  ) {
    for i in 0..<16 {
      w[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
    }
    for i in 16..<64 {
      let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3)
      let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10)
      w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    // The words take turns, so that none is moved.
    for i in stride(from: 0, to: 64, by: 8) {
      step(a, b, c, &d, e, f, g, &h, constants[i] &+ w[i])
      step(h, a, b, &c, d, e, f, &g, constants[i + 1] &+ w[i + 1])
      step(g, h, a, &b, c, d, e, &f, constants[i + 2] &+ w[i + 2])
      step(f, g, h, &a, b, c, d, &e, constants[i + 3] &+ w[i + 3])
      step(e, f, g, &h, a, b, c, &d, constants[i + 4] &+ w[i + 4])
      step(d, e, f, &g, h, a, b, &c, constants[i + 5] &+ w[i + 5])
      step(c, d, e, &f, g, h, a, &b, constants[i + 6] &+ w[i + 6])
      step(b, c, d, &e, f, g, h, &a, constants[i + 7] &+ w[i + 7])
    }
    state = state &+ SIMD8(a, b, c, d, e, f, g, h)
  }

  @inline(__always)
  private static func step(
    _ a: UInt32,
    _ b: UInt32,
    _ c: UInt32,
    _ d: inout UInt32,
    _ e: UInt32,
    _ f: UInt32,
    _ g: UInt32,
    _ h: inout UInt32,
    _ word: UInt32
  ) {
    let sum = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    let first = h &+ sum &+ (g ^ (e & (f ^ g))) &+ word
    let second = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    d = d &+ first
    h = first &+ second &+ ((a & b) | (c & (a | b)))
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 - count)
  }

  /// Returns the first hexadecimal digits of a text's hash, 64 at most.
  package static func hexDigest(of text: String, length: Int = 64) -> String {
    let words = words(of: text)
    let digits = stride(from: 0, to: 8, by: 2).map { index in
      hexDigits(of: UInt64(words[index]) << 32 | UInt64(words[index + 1]))
    }
    return String(digits.joined().prefix(length))
  }

  /// Returns the 16 hexadecimal digits of a number.
  package static func hexDigits(of number: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { digits in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 15
        digits[index] = digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a")
      }
      return 16
    }
  }
}
