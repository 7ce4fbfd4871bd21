/// Integers in a range, each with the same probability.
struct Integers: Distribution {
  static let name = "integers"

  let low: Int
  let high: Int

  var text: String { ".integers(\(low)...\(high))" }

  var isUniform: Bool { true }

  var support: Support<Int> { Support(lower: low, upper: high, step: 1) }

  var problem: String? { ArgumentProblem.range(low, high) }

  func draw(using generator: inout Philox) -> Int {
    let width = UInt64(bitPattern: Int64(high &- low))
    guard width < .max else { return Int(truncatingIfNeeded: generator.next()) }
    return low &+ Int(truncatingIfNeeded: generator.nextInteger(below: width + 1))
  }
}

extension Sampler where Output == Int {
  /// Integers in the range, each with the same probability.
  public static func integers(_ range: ClosedRange<Int>) -> Sampler {
    Sampler(Integers(low: range.lowerBound, high: range.upperBound))
  }
}
