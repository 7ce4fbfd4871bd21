/// Samplers as plain values, from which they are made again: a list of a name and what it is called with.
///
///     ["uniform", 0.0, 1.0]
///     ["+", "double", ["normal", 0.0, 1.0], ["number", 2.0]]
///
/// Only what this module has made is described so; `map` and samplers of one's own are functions.
package enum SamplerForm {
  /// The types of which samplers can be calculated with.
  private static func typeName<Output>(_ type: Output.Type) -> Value? {
    if type == Double.self { return "double" }
    return type == Int.self ? "int" : nil
  }

  static func numbers(_ name: String, _ numbers: Double...) -> Value {
    .list([.string(name)] + numbers.map(Value.double))
  }

  static func constant<Output>(_ value: Output) -> Value? {
    entry(value).map { ["constant", $0] }
  }

  static func choice<Output>(_ values: [Output], _ weights: [Double]?) -> Value? {
    let entries = values.compactMap { entry($0) }
    guard entries.count == values.count else { return nil }
    return ["choice", .list(entries), weights.value]
  }

  /// A value, or a named one: its shown name, whether that was given, and the value.
  private static func entry<Output>(_ value: Output) -> Value? {
    if let plain = value as? any ValueConvertible { return ["value", plain.value] }
    guard let alias = (value as? any ErasableAlias)?.erased, let plain = alias.plain else {
      return nil
    }
    return ["alias", .string(alias.name), .bool(alias.isNamed), plain]
  }

  static func mixture<Output>(_ parts: [(weight: Double, sampler: Sampler<Output>)]) -> Value? {
    guard let type = typeName(Output.self) else { return nil }
    let forms = parts.compactMap { part in
      part.sampler.form.map { Value.list([.double(part.weight), $0]) }
    }
    return forms.count == parts.count ? ["mixture", type, .list(forms)] : nil
  }

  static func truncated<Output>(_ sampler: Sampler<Output>, _ range: ClosedRange<Output>) -> Value?
  {
    guard let type = typeName(Output.self), let form = sampler.form else { return nil }
    return ["truncated", type, form, plain(range.lowerBound), plain(range.upperBound)]
  }

  static func operation<Left, Right>(
    _ left: Sampler<Left>,
    _ symbol: String,
    _ right: Sampler<Right>
  ) -> Value? {
    guard Left.self == Right.self, let first = left.form, let second = right.form else {
      return nil
    }
    return typeName(Left.self).map { [.string(symbol), $0, first, second] }
  }

  static func operation<Output>(
    _ left: Sampler<Output>,
    _ symbol: String,
    _ right: Output
  ) -> Value? {
    guard let type = typeName(Output.self), let form = left.form else { return nil }
    return [.string(symbol), type, form, ["number", plain(right)]]
  }

  static func operation<Output>(
    _ left: Output,
    _ symbol: String,
    _ right: Sampler<Output>
  ) -> Value? {
    guard let type = typeName(Output.self), let form = right.form else { return nil }
    return [.string(symbol), type, ["number", plain(left)], form]
  }

  private static func plain<Output>(_ number: Output) -> Value {
    (number as? any ValueConvertible)?.value ?? .null
  }

  // MARK: Making samplers

  /// The sampler that a value describes; nil if it describes none.
  package static func sampler(_ form: Value) -> AnySampler? {
    if let sampler = doubles(form) { return AnySampler(sampler) }
    if let sampler = integers(form) { return AnySampler(sampler) }
    return listed(form)
  }

  /// A constant or a choice, of whatever values.
  private static func listed(_ form: Value) -> AnySampler? {
    guard let (name, parts) = taken(form), let (values, weights) = entries(name, parts) else {
      return nil
    }
    let isConstant = name == "constant"
    // A nil would be a null value here.
    if let plain = all(values, { $0.count == 2 ? .some($0[1]) : Optional<Value>.none }) {
      if let numbers = all(plain, { $0.kind == .double ? $0.number : nil }) {
        return isConstant
          ? AnySampler(.constant(numbers[0])) : AnySampler(.choice(numbers, weights: weights))
      }
      return isConstant
        ? AnySampler(.constant(plain[0])) : AnySampler(.choice(plain, weights: weights))
    }
    let aliases = all(values) { entry -> Alias<Value>? in
      guard entry.count == 4, let name = String(entry[1]), entry[2] == true else { return nil }
      return Alias(name, entry[3])
    }
    guard let aliases else { return nil }
    return isConstant
      ? AnySampler(.constant(aliases[0])) : AnySampler(.choice(aliases, weights: weights))
  }

  private static func doubles(_ form: Value) -> Sampler<Double>? {
    guard let (name, parts) = taken(form) else { return nil }
    if let sampler = calculated(name, parts, "double", doubles, Sampler<Double>.combine) {
      return sampler
    }
    if name == "histogram" {
      guard parts.count == 2, let edges = [Double](parts[0]), let weights = [Double](parts[1])
      else {
        return nil
      }
      return .histogram(edges: edges, weights: weights)
    }
    guard let numbers = all(parts, { value in value.kind == .double ? value.number : nil }) else {
      return nil
    }
    func range(_ index: Int) -> ClosedRange<Double>? {
      numbers[index] <= numbers[index + 1] ? numbers[index]...numbers[index + 1] : nil
    }
    switch (name, numbers.count) {
    case ("uniform", 2): return range(0).map { .uniform($0) }
    case ("logUniform", 2): return range(0).map { .logUniform($0) }
    case ("normal", 2): return .normal(mean: numbers[0], deviation: numbers[1])
    case ("truncatedNormal", 4):
      return range(2).map { .truncatedNormal(mean: numbers[0], deviation: numbers[1], in: $0) }
    case ("logNormal", 2): return .logNormal(mean: numbers[0], deviation: numbers[1])
    case ("exponential", 1): return .exponential(rate: numbers[0])
    case ("gamma", 2): return .gamma(shape: numbers[0], scale: numbers[1])
    case ("beta", 2): return .beta(numbers[0], numbers[1])
    default: return nil
    }
  }

  private static func integers(_ form: Value) -> Sampler<Int>? {
    guard let (name, parts) = taken(form) else { return nil }
    if let sampler = calculated(name, parts, "int", integers, Sampler<Int>.combine) {
      return sampler
    }
    switch (name, parts.count) {
    case ("integers", 2):
      guard let low = Int(parts[0]), let high = Int(parts[1]), low <= high else { return nil }
      return .integers(low...high)
    case ("poisson", 1): return Double(parts[0]).map { .poisson(mean: $0) }
    case ("binomial", 2):
      guard let trials = Int(parts[0]), let probability = Double(parts[1]) else { return nil }
      return .binomial(trials: trials, probability: probability)
    default: return nil
    }
  }

  /// What can be made of samplers of one type of numbers.
  private static func calculated<Number: Comparable & ValueConvertible>(
    _ name: String,
    _ parts: [Value],
    _ type: Value,
    _ sampler: (Value) -> Sampler<Number>?,
    _ combine: (String, Operand<Number>, Operand<Number>) -> Sampler<Number>?
  ) -> Sampler<Number>? {
    /// A constant or a choice too, of numbers of the very type.
    func part(_ form: Value) -> Sampler<Number>? {
      if let made = sampler(form) { return made }
      guard let (name, parts) = taken(form), let (values, weights) = entries(name, parts),
        let numbers = all(values, { $0.count == 2 ? Number($0[1]) : nil })
      else { return nil }
      return name == "constant" ? .constant(numbers[0]) : .choice(numbers, weights: weights)
    }
    func operand(_ form: Value) -> Operand<Number>? {
      if let (name, parts) = taken(form), name == "number", parts.count == 1 {
        return Number(parts[0]).map(Operand.number)
      }
      return part(form).map(Operand.sampler)
    }
    guard parts.first == type else { return nil }
    switch (name, parts.count) {
    case ("truncated", 4):
      guard let base = part(parts[1]), let low = Number(parts[2]), let high = Number(parts[3]),
        low <= high
      else { return nil }
      return base.truncated(to: low...high)
    case ("mixture", 2):
      guard case .list(let forms) = parts[1] else { return nil }
      let samplers = all(forms) { form -> (weight: Double, sampler: Sampler<Number>)? in
        guard case .list(let pair) = form, pair.count == 2, let weight = Double(pair[0]) else {
          return nil
        }
        return part(pair[1]).map { (weight, $0) }
      }
      return samplers.map { .mixture($0) }
    case (_, 3):
      guard let left = operand(parts[1]), let right = operand(parts[2]) else { return nil }
      return combine(name, left, right)
    default: return nil
    }
  }

  private static func taken(_ form: Value) -> (name: String, parts: [Value])? {
    guard case .list(let list) = form, let first = list.first, case .string(let name) = first else {
      return nil
    }
    return (name, Array(list.dropFirst()))
  }

  /// The values of a constant or of a choice, each as a list.
  private static func entries(_ name: String, _ parts: [Value]) -> ([[Value]], [Double]?)? {
    let values: [Value]
    var weights: [Double]?
    switch (name, parts.count) {
    case ("constant", 1): values = [parts[0]]
    case ("choice", 2):
      guard case .list(let list) = parts[0], let given = [Double]?(parts[1]) else { return nil }
      values = list
      weights = given
    default: return nil
    }
    let entries = all(values) { value -> [Value]? in
      if case .list(let entry) = value { entry } else { nil }
    }
    guard let entries, !entries.isEmpty else { return nil }
    return (entries, weights)
  }

  /// The results, if there is one for each element.
  private static func all<Element, Result>(
    _ elements: [Element],
    _ body: (Element) -> Result?
  ) -> [Result]? {
    let results = elements.compactMap(body)
    return results.count == elements.count ? results : nil
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
