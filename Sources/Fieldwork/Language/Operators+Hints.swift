public import FieldworkCore

// Operand pairs that one is likely to try, each with a sentence that says what to write.

@available(*, unavailable, message: "a parameter takes a list of values: write [value]")
@_disfavoredOverload
public func <- <V: ValueConvertible>(name: some ParameterNaming, value: V) -> ParameterOption {
  fatalError()
}

@available(*, unavailable, message: "a parameter takes a list of values: write [value]")
@_disfavoredOverload
public func <- <T: ValueConvertible>(parameter: Parameter<T>, value: T) -> ParameterOption {
  fatalError()
}

@available(
  *,
  unavailable,
  message: "give each value a name: write [Alias(\"name\", value), …]"
)
@_disfavoredOverload
public func <- <V>(name: some ParameterNaming, values: [V]) -> ParameterOption { fatalError() }

@available(
  *,
  unavailable,
  message: "the values are of another type than the parameter: change them, or its Parameter<…>"
)
@_disfavoredOverload
public func <- <T, V: ValueConvertible>(parameter: Parameter<T>, values: [V]) -> ParameterOption {
  fatalError()
}

@available(
  *,
  unavailable,
  message: "the values are of another type than the parameter: change them, or its Parameter<…>"
)
@_disfavoredOverload
public func <- <T, V: ValueConvertible>(
  parameter: Parameter<T>,
  values: ClosedRange<V>
) -> ParameterOption { fatalError() }

@available(
  *,
  unavailable,
  message: "the sampler draws another type than the parameter's: change it, or its Parameter<…>"
)
@_disfavoredOverload
public func <- <T, V>(parameter: Parameter<T>, sampler: Sampler<V>) -> ParameterOption {
  fatalError()
}

@available(
  *,
  unavailable,
  message:
    "the values are of another type than the parameter, or need names: write [Alias(\"name\", value), …]"
)
@_disfavoredOverload
public func <- <T, V>(parameter: Parameter<T>, values: [V]) -> ParameterOption { fatalError() }

extension Domain {
  @available(
    *,
    unavailable,
    message: "parameters have an order and lists of values: write Domain(\"name\" <- [values], …)"
  )
  @_disfavoredOverload
  public init<V>(_ values: [String: V]) { fatalError() }

  @available(
    *,
    unavailable,
    message: "a number is a weight: write weight * domain"
  )
  public static func + (domain: Domain, number: Double) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "a number is a weight: write weight * domain"
  )
  public static func + (number: Double, domain: Domain) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "a number is a weight: write weight * domain"
  )
  public static func .* (domain: Domain, number: Double) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "domains are not subtracted: write domain.where { … }"
  )
  public static func - (left: Domain, right: Domain) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write domain * Domain(\"name\" <- [values])"
  )
  public static func * (domain: Domain, option: ParameterOption) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write domain + Domain(\"name\" <- [values])"
  )
  public static func + (domain: Domain, option: ParameterOption) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write domain .* Domain(\"name\" <- [values])"
  )
  public static func .* (domain: Domain, option: ParameterOption) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write Domain(\"name\" <- [values]) * domain"
  )
  public static func * (option: ParameterOption, domain: Domain) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write Domain(\"name\" <- [values]) + domain"
  )
  public static func + (option: ParameterOption, domain: Domain) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write Domain(\"name\" <- [values]) .* domain"
  )
  public static func .* (option: ParameterOption, domain: Domain) -> Domain { fatalError() }
}

extension ParameterOption {
  @available(
    *,
    unavailable,
    message: "wrap both in domains: write Domain(\"a\" <- [values]) * Domain(\"b\" <- [values])"
  )
  public static func * (left: ParameterOption, right: ParameterOption) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap both in domains: write Domain(\"a\" <- [values]) + Domain(\"b\" <- [values])"
  )
  public static func + (left: ParameterOption, right: ParameterOption) -> Domain { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap both in domains: write Domain(\"a\" <- [values]) .* Domain(\"b\" <- [values])"
  )
  public static func .* (left: ParameterOption, right: ParameterOption) -> Domain { fatalError() }
}
