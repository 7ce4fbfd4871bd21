extension Sampler {
  /// Combines two samplers; each value is made from one new value of both.
  package func combined<Other, Result: Sendable>(
    with other: Sampler<Other>,
    _ symbol: String,
    _ operation: @escaping @Sendable (Output, Other) throws -> Result
  ) -> Sampler<Result> {
    Sampler<Result>("(\(self) \(symbol) \(other))", problem: problem ?? other.problem) {
      let first = try body(&$0)
      return try operation(first, try other.body(&$0))
    }.encoded(
      Output.self == Result.self && Other.self == Result.self
        ? SamplerEncoding.operation(encoding, symbol, other.encoding, Result.self) : nil,
      known: known + other.known
    )
  }

  package func combined(
    with number: Output,
    _ symbol: String,
    _ operation: @escaping @Sendable (Output, Output) throws -> Output
  ) -> Sampler {
    Sampler("(\(self) \(symbol) \(number))", problem: problem) {
      try operation(try body(&$0), number)
    }
    .encoded(
      SamplerEncoding.operation(encoding, symbol, SamplerEncoding.number(number), Output.self),
      known: known
    )
  }

  package func combined(
    after number: Output,
    _ symbol: String,
    _ operation: @escaping @Sendable (Output, Output) throws -> Output
  ) -> Sampler {
    Sampler("(\(number) \(symbol) \(self))", problem: problem) {
      try operation(number, try body(&$0))
    }
    .encoded(
      SamplerEncoding.operation(SamplerEncoding.number(number), symbol, encoding, Output.self),
      known: known
    )
  }
}

extension Sampler where Output: Numeric {
  /// The sum with a number.
  public func adding(_ number: Output) -> Sampler {
    combined(with: number, "+") {
      try CheckedArithmetic.sum($0, $1)
    }
  }
  /// The sum with another sampler's values.
  public func adding(_ other: Sampler) -> Sampler {
    combined(with: other, "+") {
      try CheckedArithmetic.sum($0, $1)
    }
  }
  /// The difference from a number.
  public func subtracting(_ number: Output) -> Sampler {
    combined(with: number, "-") {
      try CheckedArithmetic.difference($0, $1)
    }
  }
  /// The difference from another sampler's values.
  public func subtracting(_ other: Sampler) -> Sampler {
    combined(with: other, "-") {
      try CheckedArithmetic.difference($0, $1)
    }
  }
  /// The product with a number.
  public func multiplied(by number: Output) -> Sampler {
    combined(with: number, "*") {
      try CheckedArithmetic.product($0, $1)
    }
  }
  /// The product with another sampler's values.
  public func multiplied(by other: Sampler) -> Sampler {
    combined(with: other, "*") {
      try CheckedArithmetic.product($0, $1)
    }
  }
}

extension Sampler where Output: FloatingPoint {
  /// The quotient by a number.
  public func divided(by number: Output) -> Sampler { combined(with: number, "/") { $0 / $1 } }
  /// The quotient by another sampler's values.
  public func divided(by other: Sampler) -> Sampler { combined(with: other, "/") { $0 / $1 } }
}
