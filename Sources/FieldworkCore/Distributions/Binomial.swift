/// The number of successes in some trials.
struct Binomial: Distribution {
  static let name = "binomial"

  let trials: Int
  let probability: Double

  var text: String { ".binomial(trials: \(trials), probability: \(probability))" }

  var support: Support<Int> { Support(lower: 0, upper: trials, step: 1) }

  var problem: String? {
    guard trials >= 0 && trials <= 1_000_000_000_000 else {
      return "the number of trials must be between 0 and 1e12"
    }
    return probability >= 0 && probability <= 1
      ? nil : "the probability must be between 0 and 1"
  }

  func draw(using generator: inout Philox) -> Int {
    if probability <= 0.5 {
      return generator.nextBinomial(trials: trials, probability: probability)
    }
    return trials - generator.nextBinomial(trials: trials, probability: 1 - probability)
  }
}

extension Sampler where Output == Int {
  /// The number of successes in so many trials, 1e12 at most, of the given probability.
  ///
  /// Source for ten or more expected: W. Hörmann, "The generation of binomial random variates", 1993 (algorithm BTRS).
  public static func binomial(
    trials: Int,
    probability: Double,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Binomial(trials: trials, probability: probability), file: file, line: line)
  }
}
