/// The counter-based random number generator Philox4x64-10.
///
/// A key chooses one of 2^128 streams, a counter the position in it; any block of any stream is
/// computed directly, so streams can be split without end and never depend on who drew first.
///
/// Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011. The tests check it against the vectors that its authors published.
public struct Philox: RandomNumberGenerator, Sendable, Hashable {
  public typealias Counter = SIMD4<UInt64>
  public typealias Key = SIMD2<UInt64>

  private let key: Key
  private var counter: Counter
  private var block = Counter()
  private var used = 4

  /// Makes a generator at the beginning of the stream of a seed.
  public init(seed: UInt64) { self.init(key: Key(seed, 0)) }

  public init(key: Key, counter: Counter = Counter()) {
    self.key = key
    self.counter = counter
  }

  /// Makes a generator whose stream is chosen by a text: equal texts, equal streams.
  package init(text: String) {
    let words = SHA256.words(of: text)
    self.init(
      key: Key(
        UInt64(words[0]) << 32 | UInt64(words[1]),
        UInt64(words[2]) << 32 | UInt64(words[3])
      )
    )
  }

  /// The generator of another stream, which depends on this one's key and on the label alone.
  public func split(_ label: String) -> Philox { Philox(text: "\(key.x),\(key.y)|\(label)") }

  /// The key of the generator's stream.
  package var streamKey: Key { key }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    if used == 4 {
      block = Philox.block(key: key, counter: counter)
      counter.x &+= 1
      if counter.x == 0 { counter.y &+= 1 }
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// Everything that the next numbers depend on, in 11 words.
  package var state: [UInt64] {
    [key.x, key.y] + (0..<4).map { counter[$0] } + (0..<4).map { block[$0] } + [UInt64(used)]
  }

  /// Makes a generator that goes on where another one was.
  /// - Returns: nil if the words are no state.
  package init?(state: [UInt64]) {
    guard state.count == 11, state[10] <= 4 else { return nil }
    key = Key(state[0], state[1])
    counter = Counter(state[2], state[3], state[4], state[5])
    block = Counter(state[6], state[7], state[8], state[9])
    used = Int(state[10])
  }

  /// The block of four words at a counter.
  public static func block(key: Key, counter: Counter) -> Counter {
    var key = key
    var (x, y, z, w) = (counter.x, counter.y, counter.z, counter.w)
    for round in 0..<10 {
      if round > 0 {
        key.x &+= 0x9E37_79B9_7F4A_7C15
        key.y &+= 0xBB67_AE85_84CA_A73B
      }
      let first = x.multipliedFullWidth(by: 0xD2E7_470E_E14C_6C93)
      let second = z.multipliedFullWidth(by: 0xCA5A_8263_9512_1157)
      (x, y, z, w) = (second.high ^ y ^ key.x, second.low, first.high ^ w ^ key.y, first.low)
    }
    return Counter(x, y, z, w)
  }
}

extension Philox {
  /// A number in 0 ..< 1, a multiple of 2^-53.
  public mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in 0 ..< 1 without 0 itself, which logarithms can take.
  package mutating func nextPositiveUnit() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// An integer in 0 ..< bound, each with the same probability.
  ///
  /// Source: D. Lemire, "Fast random integer generation in an interval", 2019. It is written out here
  /// since the standard library may change its own way and with it every recorded research.
  package mutating func nextInteger(below bound: UInt64) -> UInt64 {
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }
}
