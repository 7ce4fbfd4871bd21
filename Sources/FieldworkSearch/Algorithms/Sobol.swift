public import FieldworkCore

/// A scrambled Sobol sequence in base 2, each point of which is computed by its number.
///
/// Sources: I. M. Sobol, "On the distribution of points in a cube and the approximate evaluation of integrals", 1967;
/// the nested uniform scrambling of A. B. Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences", 1995.
struct Sobol: Sendable {
  private static let bits = 32

  private let directions: [[UInt32]]
  /// By dimension: the keys of the scrambling; nil for the sequence itself.
  private let keys: [UInt64]?

  /// - Parameters:
  ///   - dimensions: the number of coordinates. Those after the 1,024th are random.
  ///   - random: the source of the scrambling; nil for none.
  init(dimensions: Int, scrambling random: Philox?) {
    directions = (0..<min(dimensions, SobolNumbers.dimensions)).map(Self.directions)
    keys = random.map { random in
      var random = random
      return (0..<dimensions).map { _ in random.next() }
    }
  }

  private static func directions(ofDimension dimension: Int) -> [UInt32] {
    guard dimension > 0 else { return (0..<bits).map { 1 << (31 - UInt32($0)) } }
    let row = SobolNumbers.table[dimension - 1]
    let (polynomial, degree) = (row[0], row.count - 1)
    var numbers = (0..<degree).map { row[$0 + 1] << (31 - UInt32($0)) }
    for index in degree..<bits {
      var number = numbers[index - degree] ^ (numbers[index - degree] >> UInt32(degree))
      for position in 1..<max(degree, 1)
      where (polynomial >> UInt32(degree - 1 - position)) & 1 == 1 {
        number ^= numbers[index - position]
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Returns the point of a number, from 0, with coordinates in 0 ..< 1.
  func point(_ number: Int) -> [Double] {
    (0..<(keys?.count ?? directions.count)).map { dimension in
      guard dimension < directions.count else {
        return Self.unit(Self.mixed((keys?[dimension] ?? 0) ^ UInt64(number)))
      }
      // The order of Gray codes has the same points in each block of a power of two.
      var code = UInt32(truncatingIfNeeded: number ^ (number >> 1))
      var bits: UInt32 = 0
      var index = 0
      while code != 0 {
        if code & 1 == 1 { bits ^= directions[dimension][index] }
        code >>= 1
        index += 1
      }
      guard let key = keys?[dimension] else { return Double(bits) * 0x1p-32 }
      let scrambled = Self.scrambled(bits, key)
      // The bits below are random.
      let rest = Self.mixed(key ^ (UInt64(bits) << 20) ^ 0x5bd1_e995) >> 43
      return (Double(scrambled) + Double(rest) * 0x1p-21) * 0x1p-32
    }
  }

  /// Flips each bit by a random function of those before it.
  private static func scrambled(_ bits: UInt32, _ key: UInt64) -> UInt32 {
    var result: UInt32 = 0
    for position in 0..<UInt32(32) {
      let bit = (bits >> (31 - position)) & 1
      let before = position == 0 ? 0 : bits >> (32 - position)
      let flip = mixed(key &+ (UInt64(before) << 6) &+ UInt64(position)) >> 63
      result = result << 1 | (bit ^ UInt32(flip))
    }
    return result
  }

  /// The finalizer of the generator SplitMix64.
  private static func mixed(_ number: UInt64) -> UInt64 {
    var mixed = number &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  private static func unit(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }
}

extension SearchRequest {
  /// Returns the point of the scrambled Sobol sequence of the search, the first coordinate of which chooses the term.
  ///
  /// Points that the request does not allow are passed over.
  func sobolPoint(_ number: Int) -> SearchPoint {
    let size = (space.terms.map(\.dimensions.count).max() ?? 0) + 1
    let hasTerms = space.terms.count > 1
    let sobol = Sobol(dimensions: hasTerms ? size : size - 1, scrambling: sequence)
    let total = space.terms.reduce(0) { $0 + $1.weight }
    var point = space.center(ofTerm: 0)
    for attempt in 0..<1000 {
      // Numbers that no later config has.
      let units = sobol.point(attempt == 0 ? number : (1 << 20) + (number << 10) + attempt)
      var term = 0
      if hasTerms {
        var left = units[0] * total
        while term < space.terms.count - 1, left >= space.terms[term].weight {
          left -= space.terms[term].weight
          term += 1
        }
      }
      let coordinates = hasTerms ? units.dropFirst() : units[...]
      point = SearchPoint(
        term: term,
        positions: zip(space.terms[term].dimensions, coordinates).map {
          space.position(of: $0, at: $1)
        }
      )
      if allows(point) { break }
    }
    return point
  }
}

/// Spreads configs evenly over the domain, without regard to results.
public struct QuasiRandomSearch: SearchAlgorithm, Hashable {
  public static let name = "qmc"

  public init() {}

  public var supportsSeveralObjectives: Bool { true }

  public func suggest(_ request: SearchRequest) -> SearchPoint {
    request.sobolPoint(request.number)
  }
}

extension SearchAlgorithm where Self == QuasiRandomSearch {
  /// Spreads configs evenly over the domain by a scrambled Sobol sequence, without regard to results. It leaves smaller
  /// gaps than `.random`.
  public static var quasiRandom: QuasiRandomSearch { QuasiRandomSearch() }
}
