/// Samplers as plain values, from which they are made again.
///
///     {"distribution": "uniform", "arguments": {"low": 0.0, "high": 1.0}}
///     {"operation": "+", "type": "double", "left": {…}, "right": {"number": 2.0}}
///
/// A sampler that is a function of somebody's has none.
struct SamplerEncoding {
  /// The types of which samplers can be calculated with.
  private static func typeName<Output>(_ type: Output.Type) -> Value? {
    if type == Double.self { return "double" }
    return type == Int.self ? "int" : nil
  }

  static func distribution(_ distribution: some Distribution) -> Value? {
    distribution.arguments.map {
      ["distribution": .string(type(of: distribution).name), "arguments": $0]
    }
  }

  static func constant<Output>(_ value: Output) -> Value? { entry(value).map { ["constant": $0] } }

  static func choice<Output>(_ values: [Output], _ weights: [Double]?) -> Value? {
    let entries = values.compactMap { entry($0) }
    guard entries.count == values.count else { return nil }
    return ["choice": .list(entries), "weights": weights.value]
  }

  /// A value, or a named one: its shown name, whether that was given, and the value.
  private static func entry<Output>(_ value: Output) -> Value? {
    if let plain = value as? any ValueConvertible { return ["value": plain.value] }
    guard let alias = (value as? any ErasableAlias)?.erased, let plain = alias.plain else {
      return nil
    }
    return ["name": .string(alias.name), "named": .bool(alias.isNamed), "value": plain]
  }

  static func mixture<Output>(_ parts: [(weight: Double, sampler: Sampler<Output>)]) -> Value? {
    guard let type = typeName(Output.self) else { return nil }
    let encodings = parts.compactMap(\.sampler.encoding)
    guard encodings.count == parts.count else { return nil }
    return [
      "mixture": .list(encodings), "weights": .list(parts.map { .double($0.weight) }),
      "type": type,
    ]
  }

  static func truncated<Output>(_ sampler: Sampler<Output>, _ range: ClosedRange<Output>) -> Value?
  {
    guard let type = typeName(Output.self), let base = sampler.encoding else { return nil }
    return [
      "truncated": base, "lower": plain(range.lowerBound), "upper": plain(range.upperBound),
      "type": type,
    ]
  }

  /// A sum, difference, product or quotient. One side may be a number.
  static func operation<Output>(
    _ left: Value?,
    _ symbol: String,
    _ right: Value?,
    _ type: Output.Type
  ) -> Value? {
    guard let left, let right, let type = typeName(type) else { return nil }
    return ["operation": .string(symbol), "left": left, "right": right, "type": type]
  }

  static func number<Output>(_ number: Output) -> Value { ["number": plain(number)] }

  private static func plain<Output>(_ number: Output) -> Value {
    (number as? any ValueConvertible)?.value ?? .null
  }

  // MARK: Reading

  private let known: [AnyDistribution]

  /// - Parameter known: the types of distributions of a research, beside those that come with the engine.
  init(known: [AnyDistribution] = []) { self.known = AnyDistribution.builtIn + known }

  /// Returns the sampler that a value describes; nil if it describes none.
  func sampler(_ encoding: Value) -> AnySampler? {
    guard case .dictionary(let values) = Self.upgraded(encoding) else { return nil }
    if let distribution = distribution(values) {
      return distribution.type.sampler(distribution.arguments)
    }
    if let sampler = number(values, "double", Sampler<Double>.combine, { $0.doubles }) {
      return AnySampler(sampler)
    }
    if let sampler = number(values, "int", Sampler<Int>.combine, { $0.integers }) {
      return AnySampler(sampler)
    }
    return listed(values)
  }

  private func distribution(
    _ values: [String: Value]
  ) -> (type: AnyDistribution, arguments: Value)? {
    guard case .string(let name)? = values["distribution"], let arguments = values["arguments"],
      let type = known.first(where: { $0.name == name })
    else { return nil }
    return (type, arguments)
  }

  /// Returns a sampler of numbers of one type that is made of others.
  private func number<Number: Comparable & ValueConvertible>(
    _ values: [String: Value],
    _ type: Value,
    _ combine: (String, Operand<Number>, Operand<Number>) -> Sampler<Number>?,
    _ read: @escaping (AnyDistribution) -> @Sendable (Value) -> Sampler<Number>?
  ) -> Sampler<Number>? {
    /// A constant or a choice, too, of numbers of the very type.
    func part(_ encoding: Value?) -> Sampler<Number>? {
      guard case .dictionary(let values)? = encoding else { return nil }
      if let distribution = distribution(values) {
        return read(distribution.type)(distribution.arguments)
      }
      if let made = number(values, type, combine, read) { return made }
      guard let (entries, weights) = Self.entries(values) else { return nil }
      let numbers = entries.compactMap {
        $0["name"] == nil ? $0["value"].flatMap(Number.init) : nil
      }
      guard numbers.count == entries.count else { return nil }
      return values["constant"] != nil
        ? .constant(numbers[0]) : .choice(numbers, weights: weights)
    }
    func operand(_ encoding: Value?) -> Operand<Number>? {
      if case .dictionary(let values)? = encoding, let number = values["number"] {
        return Number(number).map(Operand.number)
      }
      return part(encoding).map(Operand.sampler)
    }
    guard values["type"] == type else { return nil }
    if case .string(let symbol)? = values["operation"] {
      guard let left = operand(values["left"]), let right = operand(values["right"]) else {
        return nil
      }
      return combine(symbol, left, right)
    }
    if values["truncated"] != nil {
      guard let base = part(values["truncated"]), let low = values["lower"].flatMap(Number.init),
        let high = values["upper"].flatMap(Number.init), low <= high
      else { return nil }
      return base.truncated(to: low...high)
    }
    guard case .list(let encodings)? = values["mixture"],
      let weights = values["weights"].flatMap({ [Double]($0) }), weights.count == encodings.count
    else { return nil }
    let samplers = encodings.compactMap { part($0) }
    guard samplers.count == encodings.count else { return nil }
    return .mixture(zip(weights, samplers).map { ($0, $1) })
  }

  /// Returns a constant or a choice, of whatever values.
  private func listed(_ values: [String: Value]) -> AnySampler? {
    guard let (entries, weights) = Self.entries(values) else { return nil }
    func made<Output>(
      _ outputs: [Output],
      _ erase: (Sampler<Output>) -> AnySampler
    ) -> AnySampler? {
      guard outputs.count == entries.count else { return nil }
      return erase(
        values["constant"] != nil ? .constant(outputs[0]) : .choice(outputs, weights: weights)
      )
    }
    let aliases = entries.compactMap { entry -> Alias<Value>? in
      guard let name = entry["name"].flatMap({ String($0) }), entry["named"] == true,
        let value = entry["value"]
      else { return nil }
      return Alias(name, value)
    }
    if let sampler = made(aliases, { AnySampler($0) }) { return sampler }
    let plain = entries.compactMap { $0["name"] == nil ? $0["value"] : nil }
    let numbers = plain.compactMap { $0.kind == .double ? $0.number : nil }
    return made(numbers) { AnySampler($0) } ?? made(plain) { AnySampler($0) }
  }

  /// The values of a constant or of a choice.
  private static func entries(
    _ values: [String: Value]
  ) -> ([[String: Value]], weights: [Double]?)? {
    var list: [Value] = []
    var weights: [Double]?
    if let constant = values["constant"] {
      list = [constant]
    } else {
      guard case .list(let choice)? = values["choice"],
        let given = values["weights"].flatMap({ [Double]?($0) })
      else { return nil }
      (list, weights) = (choice, given)
    }
    let entries = list.compactMap { value in
      if case .dictionary(let entry) = value { entry } else { nil }
    }
    return entries.count == list.count && !entries.isEmpty ? (entries, weights) : nil
  }

  // MARK: Stores of earlier versions

  /// The arguments of distributions in the order in which earlier versions listed them.
  private static let argumentNames: [String: [String]] = [
    "uniform": ["low", "high"], "logUniform": ["low", "high"], "normal": ["mean", "deviation"],
    "truncatedNormal": ["mean", "deviation", "low", "high"], "logNormal": ["mean", "deviation"],
    "exponential": ["rate"], "gamma": ["shape", "scale"], "beta": ["alpha", "beta"],
    "histogram": ["edges", "weights"], "integers": ["low", "high"], "poisson": ["mean"],
    "binomial": ["trials", "probability"],
  ]

  /// Returns the encoding that a list of an earlier version means.
  private static func upgraded(_ encoding: Value) -> Value {
    guard case .list(let list) = encoding, case .string(let name)? = list.first else {
      return encoding
    }
    let parts = Array(list.dropFirst())
    if let names = argumentNames[name], names.count == parts.count {
      let arguments = Dictionary(zip(names, parts)) { $1 }
      return ["distribution": .string(name), "arguments": .dictionary(arguments)]
    }
    switch (name, parts.count) {
    case ("number", 1): return ["number": parts[0]]
    case ("constant", 1): return ["constant": upgraded(parts[0])]
    case ("value", 1): return ["value": parts[0]]
    case ("alias", 3): return ["name": parts[0], "named": parts[1], "value": parts[2]]
    case ("choice", 2):
      guard case .list(let entries) = parts[0] else { return encoding }
      return ["choice": .list(entries.map(upgraded)), "weights": parts[1]]
    case ("truncated", 4):
      return [
        "truncated": upgraded(parts[1]), "lower": parts[2], "upper": parts[3], "type": parts[0],
      ]
    case ("mixture", 2):
      guard case .list(let pairs) = parts[1] else { return encoding }
      let lists = pairs.compactMap { pair -> [Value]? in
        if case .list(let pair) = pair, pair.count == 2 { pair } else { nil }
      }
      return [
        "mixture": .list(lists.map { upgraded($0[1]) }), "weights": .list(lists.map { $0[0] }),
        "type": parts[0],
      ]
    case (_, 3):
      return [
        "operation": .string(name), "left": upgraded(parts[1]), "right": upgraded(parts[2]),
        "type": parts[0],
      ]
    default: return encoding
    }
  }
}

/// One side of an operation on samplers.
private enum Operand<Number: Sendable> {
  case sampler(Sampler<Number>)
  case number(Number)
}

extension Sampler where Output: Numeric {
  fileprivate static func calculate(
    _ left: Operand<Output>,
    _ symbol: String,
    _ right: Operand<Output>,
    _ operation: @escaping @Sendable (Output, Output) throws -> Output
  ) -> Sampler? {
    switch (left, right) {
    case (.sampler(let left), .sampler(let right)):
      left.combined(with: right, symbol, operation)
    case (.sampler(let left), .number(let right)):
      left.combined(with: right, symbol, operation)
    case (.number(let left), .sampler(let right)):
      right.combined(after: left, symbol, operation)
    case (.number, .number): nil
    }
  }
}

extension Sampler where Output == Double {
  fileprivate static func combine(
    _ symbol: String,
    _ left: Operand<Double>,
    _ right: Operand<Double>
  ) -> Sampler? {
    switch symbol {
    case "+": calculate(left, symbol, right) { $0 + $1 }
    case "-": calculate(left, symbol, right) { $0 - $1 }
    case "*": calculate(left, symbol, right) { $0 * $1 }
    case "/": calculate(left, symbol, right) { $0 / $1 }
    default: nil
    }
  }
}

extension Sampler where Output == Int {
  fileprivate static func combine(
    _ symbol: String,
    _ left: Operand<Int>,
    _ right: Operand<Int>
  ) -> Sampler? {
    switch symbol {
    case "+": calculate(left, symbol, right) { try CheckedArithmetic.sum($0, $1) }
    case "-": calculate(left, symbol, right) { try CheckedArithmetic.difference($0, $1) }
    case "*": calculate(left, symbol, right) { try CheckedArithmetic.product($0, $1) }
    default: nil
    }
  }
}

/// An alias of whatever type.
private protocol ErasableAlias {
  var erased: AnyAlias { get }
}

extension Alias: ErasableAlias {
  fileprivate var erased: AnyAlias { AnyAlias(self) }
}
