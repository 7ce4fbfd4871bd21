public import FieldworkCore

/// Binds a parameter to the values to try: looser than ranges and arithmetic, tighter than comparison.
precedencegroup ParameterBindingPrecedence {
  higherThan: ComparisonPrecedence
  lowerThan: NilCoalescingPrecedence
}

infix operator <- : ParameterBindingPrecedence

// MARK: Parameters

/// A name by which a parameter can be bound: a string, or an alias of one.
public protocol ParameterNaming {
  var parameterName: ParameterName { get }
}

extension String: ParameterNaming {
  public var parameterName: ParameterName { ParameterName(self) }
}

extension ParameterName: ParameterNaming {
  public var parameterName: ParameterName { self }
}

extension Alias: ParameterNaming where Wrapped == String {
  public var parameterName: ParameterName { ParameterName(self) }
}

/// A parameter with values of mixed types: `"mixed" <- [1, "z", 2.5, nil, true]`.
public func <- (
  name: some ParameterNaming,
  values: [AnyAlias]
) -> ParameterOption {
  ParameterOption(name.parameterName, values)
}

/// A parameter with a list or range of values: `"k" <- 1...20`.
public func <- <Values: Sequence>(
  name: some ParameterNaming,
  values: Values
) -> ParameterOption where Values.Element: ValueConvertible {
  ParameterOption(name.parameterName, listing: values)
}

/// A parameter with named values: `"activation" <- [Alias("relu", relu), Alias("tanh", tanh)]`.
@_disfavoredOverload
public func <- <Wrapped>(
  name: some ParameterNaming,
  values: [Alias<Wrapped>]
) -> ParameterOption {
  ParameterOption(name.parameterName, values.map { AnyAlias($0) })
}

/// A parameter with values that are drawn: `"lr" <- .logUniform(1e-4...1e-1)`.
public func <- <Output: ValueConvertible>(
  name: some ParameterNaming,
  sampler: Sampler<Output>
) -> ParameterOption {
  ParameterOption(name.parameterName, AnySampler(sampler))
}

/// A parameter with named values that are drawn: `"f" <- .choice([Alias("relu", relu), …])`.
public func <- <Wrapped>(
  name: some ParameterNaming,
  sampler: Sampler<Alias<Wrapped>>
) -> ParameterOption {
  ParameterOption(name.parameterName, AnySampler(sampler))
}

/// A typed parameter with a list or range of values: `Self.rate <- [0.1, 0.01]`.
public func <- <T: ValueConvertible, Values: Sequence<T>>(
  parameter: Parameter<T>,
  values: Values
) -> ParameterOption {
  ParameterOption(
    parameter.name,
    listing: values,
    declaredType: T.self
  )
}

/// A typed parameter with named values.
@_disfavoredOverload
public func <- <T>(
  parameter: Parameter<T>,
  values: [Alias<T>]
) -> ParameterOption {
  ParameterOption(
    parameter.name,
    .list(values.map { AnyAlias($0) }),
    declaredType: T.self
  )
}

/// A typed parameter with values that are drawn.
public func <- <T: ValueConvertible>(
  parameter: Parameter<T>,
  sampler: Sampler<T>
) -> ParameterOption {
  ParameterOption(
    parameter.name,
    .sampler(AnySampler(sampler)),
    declaredType: T.self
  )
}

/// A typed parameter with named values that are drawn.
public func <- <T>(
  parameter: Parameter<T>,
  sampler: Sampler<Alias<T>>
) -> ParameterOption {
  ParameterOption(
    parameter.name,
    .sampler(AnySampler(sampler)),
    declaredType: T.self
  )
}

// MARK: Domains

infix operator .* : MultiplicationPrecedence

extension Domain {
  /// One after the other: `concatenated(with:)`.
  public static func + (left: Domain, right: Domain) -> Domain { left.concatenated(with: right) }

  /// Each with each: `product(_:)`.
  public static func * (left: Domain, right: Domain) -> Domain { left.product(right) }

  /// Element by element: `zipped(with:)`.
  public static func .* (left: Domain, right: Domain) -> Domain {
    left.zipped(with: right, place: nil)
  }

  /// With a weight: `weighted(_:)`.
  public static func * (weight: Double, domain: Domain) -> Domain {
    domain.weighted(weight, place: nil)
  }

  /// With a weight: `weighted(_:)`.
  public static func * (domain: Domain, weight: Double) -> Domain {
    domain.weighted(weight, place: nil)
  }

  /// With a weight: `weighted(_:)`.
  public static func * (weight: Int, domain: Domain) -> Domain {
    domain.weighted(Double(weight), place: nil)
  }

  /// With a weight: `weighted(_:)`.
  public static func * (domain: Domain, weight: Int) -> Domain {
    domain.weighted(Double(weight), place: nil)
  }
}

// MARK: Configs

extension Config {
  /// Both in one, the right one's values winning: `merging(_:)`.
  public static func + (left: Config, right: Config) -> Config { left.merging(right) }
}

// MARK: Schedules

extension When {
  /// At the iterations of either: `union(_:)`.
  public static func | (left: When, right: When) -> When { left.union(right) }
}

// MARK: Samplers

extension Sampler where Output: Numeric {
  @_disfavoredOverload
  public static func + (left: Sampler, right: Sampler) -> Sampler { left.adding(right) }
  @_disfavoredOverload
  public static func + (left: Sampler, right: Output) -> Sampler { left.adding(right) }
  @_disfavoredOverload
  public static func + (left: Output, right: Sampler) -> Sampler {
    right.combined(after: left, "+") { try CheckedArithmetic.sum($0, $1) }
  }
  @_disfavoredOverload
  public static func - (left: Sampler, right: Sampler) -> Sampler { left.subtracting(right) }
  @_disfavoredOverload
  public static func - (left: Sampler, right: Output) -> Sampler { left.subtracting(right) }
  @_disfavoredOverload
  public static func - (left: Output, right: Sampler) -> Sampler {
    right.combined(after: left, "-") { try CheckedArithmetic.difference($0, $1) }
  }
  @_disfavoredOverload
  public static func * (left: Sampler, right: Sampler) -> Sampler { left.multiplied(by: right) }
  @_disfavoredOverload
  public static func * (left: Sampler, right: Output) -> Sampler { left.multiplied(by: right) }
  @_disfavoredOverload
  public static func * (left: Output, right: Sampler) -> Sampler {
    right.combined(after: left, "*") { try CheckedArithmetic.product($0, $1) }
  }
}

extension Sampler where Output: SignedNumeric {
  @_disfavoredOverload
  public static prefix func - (sampler: Sampler) -> Sampler { 0 - sampler }
}

extension Sampler where Output: FloatingPoint {
  @_disfavoredOverload
  public static func / (left: Sampler, right: Sampler) -> Sampler { left.divided(by: right) }
  @_disfavoredOverload
  public static func / (left: Sampler, right: Output) -> Sampler { left.divided(by: right) }
  @_disfavoredOverload
  public static func / (left: Output, right: Sampler) -> Sampler {
    right.combined(after: left, "/") { $0 / $1 }
  }
}

// MARK: Named expressions

/// The text of an operation, for messages.
private func text<Left: NamedExpression, Right: NamedExpression>(
  _ left: Left,
  _ symbol: String,
  _ right: Right
) -> String { "(\(left.expressionText) \(symbol) \(right.expressionText))" }

private func text<Left: NamedExpression>(
  _ left: Left,
  _ symbol: String,
  _ right: Left.Output
) -> String { "(\(left.expressionText) \(symbol) \(right))" }

private func text<Right: NamedExpression>(
  _ left: Right.Output,
  _ symbol: String,
  _ right: Right
) -> String { "(\(left) \(symbol) \(right.expressionText))" }

extension NamedExpression where Output: Numeric & Sendable {
  @_disfavoredOverload
  public static func + (left: Self, right: Output) -> DerivedExpression<Output> {
    left.derived(text(left, "+", right)) { try CheckedArithmetic.sum($0, right) }
  }
  @_disfavoredOverload
  public static func + (left: Output, right: Self) -> DerivedExpression<Output> {
    right.derived(text(left, "+", right)) { try CheckedArithmetic.sum(left, $0) }
  }
  @_disfavoredOverload
  public static func + <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Output> {
    left.derived(text(left, "+", right), with: right) { try CheckedArithmetic.sum($0, $1) }
  }

  @_disfavoredOverload
  public static func - (left: Self, right: Output) -> DerivedExpression<Output> {
    left.derived(text(left, "-", right)) { try CheckedArithmetic.difference($0, right) }
  }
  @_disfavoredOverload
  public static func - (left: Output, right: Self) -> DerivedExpression<Output> {
    right.derived(text(left, "-", right)) { try CheckedArithmetic.difference(left, $0) }
  }
  @_disfavoredOverload
  public static func - <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Output> {
    left.derived(text(left, "-", right), with: right) { try CheckedArithmetic.difference($0, $1) }
  }

  @_disfavoredOverload
  public static func * (left: Self, right: Output) -> DerivedExpression<Output> {
    left.derived(text(left, "*", right)) { try CheckedArithmetic.product($0, right) }
  }
  @_disfavoredOverload
  public static func * (left: Output, right: Self) -> DerivedExpression<Output> {
    right.derived(text(left, "*", right)) { try CheckedArithmetic.product(left, $0) }
  }
  @_disfavoredOverload
  public static func * <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Output> {
    left.derived(text(left, "*", right), with: right) { try CheckedArithmetic.product($0, $1) }
  }
}

extension NamedExpression where Output: SignedNumeric & Sendable {
  @_disfavoredOverload
  public static prefix func - (expression: Self) -> DerivedExpression<Output> {
    expression.derived("-\(expression.expressionText)") { try CheckedArithmetic.negative($0) }
  }
}

extension NamedExpression where Output: FloatingPoint & Sendable {
  @_disfavoredOverload
  public static func / (left: Self, right: Output) -> DerivedExpression<Output> {
    left.derived(text(left, "/", right)) { $0 / right }
  }
  @_disfavoredOverload
  public static func / (left: Output, right: Self) -> DerivedExpression<Output> {
    right.derived(text(left, "/", right)) { left / $0 }
  }
  @_disfavoredOverload
  public static func / <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Output> { left.derived(text(left, "/", right), with: right) { $0 / $1 } }
}

extension NamedExpression where Output: BinaryInteger & Sendable {
  @_disfavoredOverload
  public static func / (left: Self, right: Output) -> DerivedExpression<Output> {
    left.derived(text(left, "/", right)) { try quotient($0, right) { $0 / $1 } }
  }
  @_disfavoredOverload
  public static func / (left: Output, right: Self) -> DerivedExpression<Output> {
    right.derived(text(left, "/", right)) { try quotient(left, $0) { $0 / $1 } }
  }
  @_disfavoredOverload
  public static func / <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Output> {
    left.derived(text(left, "/", right), with: right) { try quotient($0, $1) { $0 / $1 } }
  }

  @_disfavoredOverload
  public static func % (left: Self, right: Output) -> DerivedExpression<Output> {
    left.derived(text(left, "%", right)) { try quotient($0, right) { $0 % $1 } }
  }
  @_disfavoredOverload
  public static func % <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Output> {
    left.derived(text(left, "%", right), with: right) { try quotient($0, $1) { $0 % $1 } }
  }
}

/// A division by zero is an error of the unit, not a crash of the research.
private func quotient<Number: BinaryInteger>(
  _ left: Number,
  _ right: Number,
  _ operation: (Number, Number) -> Number
) throws -> Number {
  guard right != 0 else { throw FieldworkError(.wrongType, "\(left) is divided by 0") }
  // The one quotient that is out of range is that of the smallest number by -1.
  if Number.isSigned, right == -1 { _ = try CheckedArithmetic.difference(0, left) }
  return operation(left, right)
}

/// `==` gives a `Bool` only, so comparisons of expressions are written with a point, as for vectors.
extension NamedExpression where Output: Equatable & Sendable {
  @_disfavoredOverload
  public static func .== (left: Self, right: Output) -> DerivedExpression<Bool> {
    left.isEqual(to: right)
  }
  @_disfavoredOverload
  public static func .== <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Bool> { left.derived(text(left, ".==", right), with: right) { $0 == $1 } }
  @_disfavoredOverload
  public static func .!= (left: Self, right: Output) -> DerivedExpression<Bool> {
    left.derived(text(left, ".!=", right)) { $0 != right }
  }
  @_disfavoredOverload
  public static func .!= <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Bool> { left.derived(text(left, ".!=", right), with: right) { $0 != $1 } }
}

extension NamedExpression where Output: Comparable & Sendable {
  @_disfavoredOverload
  public static func .< (left: Self, right: Output) -> DerivedExpression<Bool> {
    left.derived(text(left, ".<", right)) { $0 < right }
  }
  @_disfavoredOverload
  public static func .< <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Bool> { left.derived(text(left, ".<", right), with: right) { $0 < $1 } }
  @_disfavoredOverload
  public static func .<= (left: Self, right: Output) -> DerivedExpression<Bool> {
    left.derived(text(left, ".<=", right)) { $0 <= right }
  }
  @_disfavoredOverload
  public static func .<= <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Bool> { left.derived(text(left, ".<=", right), with: right) { $0 <= $1 } }
  @_disfavoredOverload
  public static func .> (left: Self, right: Output) -> DerivedExpression<Bool> {
    left.derived(text(left, ".>", right)) { $0 > right }
  }
  @_disfavoredOverload
  public static func .> <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Bool> { left.derived(text(left, ".>", right), with: right) { $0 > $1 } }
  @_disfavoredOverload
  public static func .>= (left: Self, right: Output) -> DerivedExpression<Bool> {
    left.derived(text(left, ".>=", right)) { $0 >= right }
  }
  @_disfavoredOverload
  public static func .>= <Other: NamedExpression<Output>>(
    left: Self,
    right: Other
  ) -> DerivedExpression<Bool> { left.derived(text(left, ".>=", right), with: right) { $0 >= $1 } }
}
