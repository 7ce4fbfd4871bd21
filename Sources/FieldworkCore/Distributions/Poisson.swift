/// Poisson distributed integers.
struct Poisson: Distribution {
  static let name = "poisson"

  let mean: Double

  var text: String { ".poisson(mean: \(mean))" }

  var support: Support<Int> { Support(lower: 0, step: 1) }

  var problem: String? {
    mean >= 0 && mean <= 1e9 ? nil : "the mean must be between 0 and 1e9"
  }

  func draw(using generator: inout Philox) -> Int { generator.nextPoisson(mean: mean) }
}

extension Sampler where Output == Int {
  /// Poisson distributed integers of the given mean, 1e9 at most.
  ///
  /// Source for a mean of 10 or more: W. Hörmann, "The transformed rejection method for generating Poisson random
  /// variables", 1993 (algorithm PTRS).
  public static func poisson(
    mean: Double,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Poisson(mean: mean), file: file, line: line)
  }
}
