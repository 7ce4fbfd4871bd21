/// A set of configs to try, made lazily: a value with an algebra.
///
///     Domain("a" <- [1, 2], "b" <- ["x", "y"])     // {a: 1, b: x} {a: 1, b: y} {a: 2, b: x} {a: 2, b: y}
///     Domain("a" <- [1, 2]) + Domain("b" <- [3])   // {a: 1} {a: 2} {b: 3}
///     Domain("a" <- [1, 2]) * Domain("b" <- [3])   // {a: 1, b: 3} {a: 2, b: 3}
///     Domain("a" <- [1, 2]) .* Domain("b" <- [3, 4])   // {a: 1, b: 3} {a: 2, b: 4}
///     0.3 * Domain("a" <- [1]) + 0.7 * Domain("a" <- [2])   // drawn in these proportions
///
/// Nothing is written out: a domain of 10^12 configs costs what its expression costs. What is wrong in
/// the expression is kept in ``problems``, with the place at which it was written.
public struct Domain: Sendable {
  let node: DomainNode
  /// What is wrong in the expression, as far as that shows without making configs.
  public let problems: [Problem]

  init(_ kind: DomainNode.Kind, problems: [Problem]) {
    node = DomainNode(kind)
    self.problems = problems
  }

  /// The empty domain: it has no configs, and adds nothing to a sum.
  public init() { self.init(.sum([]), problems: []) }

  /// All combinations of the options' values, the last changing fastest.
  public init(_ options: [ParameterOption], file: String = #fileID, line: Int = #line) {
    let options = options.map { $0.placed(at: SourceLocation(file: file, line: line)) }
    var problems = options.flatMap(\.problems)
    var seen = Set<String>()
    for option in options where !seen.insert(option.name.key).inserted {
      problems.append(
        Problem(
          "parameter '\(option.name.key)' stands twice in one Domain",
          remedy: "put all its values in one list",
          place: option.place
        )
      )
    }
    self.init(options.isEmpty ? .sum([]) : .options(options), problems: problems)
  }

  /// All combinations of the options' values, the last changing fastest.
  public init(_ options: ParameterOption..., file: String = #fileID, line: Int = #line) {
    self.init(options, file: file, line: line)
  }

  /// All combinations of the listed values, the last changing fastest.
  ///
  ///     Domain(["a": [1, 2], "b": ["x", nil]])   // {a: 1, b: x} {a: 1, b: null} {a: 2, b: x} {a: 2, b: null}
  ///
  /// The literal keeps its order, as a dictionary would not.
  public init(
    _ values: KeyValuePairs<ParameterName, [AnyAlias]>,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(values.map { ParameterOption($0.key, $0.value) }, file: file, line: line)
  }

  /// The configs of this domain, then those of the other.
  public func concatenated(with other: Domain) -> Domain {
    var nodes: [DomainNode] = []
    if case .sum(let first) = node.kind { nodes = first } else { nodes = [node] }
    if case .sum(let second) = other.node.kind { nodes += second } else { nodes.append(other.node) }
    return Domain(.sum(nodes), problems: problems + other.problems)
  }

  /// Every config of this domain with every config of the other.
  ///
  /// Terms of sums are multiplied out, the left ones outermost, and the other domain's configs change
  /// fastest. Where both have a parameter, the other's value wins.
  public func product(_ other: Domain) -> Domain {
    Domain(.product(node, other.node), problems: problems + other.problems)
  }

  /// The first config of this domain with the first of the other, the second with the second, …
  ///
  /// Each side is one parameter with a list, or a sum of terms with one config each, as element-wise
  /// products are; both have the same number. Anything else is a problem of the result.
  public func zipped(
    with other: Domain,
    file: String = #fileID,
    line: Int = #line
  ) -> Domain {
    zipped(with: other, place: SourceLocation(file: file, line: line))
  }

  /// - Parameter place: nil for the place of the first parameter.
  package func zipped(with other: Domain, place: SourceLocation?) -> Domain {
    let place = place ?? firstPlace ?? other.firstPlace
    let all = problems + other.problems
    guard let left = node.pairCount, let right = other.node.pairCount else {
      let side = node.pairCount == nil ? self : other
      let problem = Problem(
        "element by element, \(side) has no fixed list of elements",
        remedy:
          "pair single parameters with lists, and put products, samplers and conditions outside",
        place: place
      )
      return Domain(.sum([]), problems: all + [problem])
    }
    guard left == right else {
      let problem = Problem(
        "element by element, \(left) configs meet \(right): \(self) and \(other)",
        remedy: "make both sides equally long",
        place: place
      )
      return Domain(.sum([]), problems: all + [problem])
    }
    return Domain(.zip(node, other.node), problems: all)
  }

  /// The domain with a weight, by which it is drawn among its weighted neighbours in a sum.
  ///
  /// Over a sum, every term's weight is multiplied. The weight is a number above 0.
  public func weighted(_ weight: Double, file: String = #fileID, line: Int = #line) -> Domain {
    weighted(weight, place: SourceLocation(file: file, line: line))
  }

  /// - Parameter place: nil for the place of the first parameter.
  package func weighted(_ weight: Double, place: SourceLocation?) -> Domain {
    guard weight > 0, weight.isFinite else {
      let problem = Problem(
        "the weight \(weight) is not a finite number above 0",
        remedy: "leave out what is not to be drawn",
        place: place ?? firstPlace
      )
      return Domain(.weighted(1, node), problems: problems + [problem])
    }
    return Domain(.weighted(weight, node), problems: problems)
  }

  /// The configs that satisfy a condition.
  ///
  ///     domain.where { try $0[layers] * $0[width] <= 4096 }
  ///     (a * b).where { try $0[layers] * $0[width] <= 4096 }
  ///
  /// A condition applies to the expression directly before it: in `a * b.where { … }` it reads only the parameters of
  /// `b`. Use parentheses to apply it to a whole product or sum.
  ///
  /// Configs of listed values are counted exactly, by trying them. Where samplers take part, a config
  /// is drawn again until it passes; after 10,000 draws in vain, making configs throws.
  public func `where`(
    file: String = #fileID,
    line: Int = #line,
    _ condition: @escaping @Sendable (Config) throws -> Bool
  ) -> Domain {
    let predicate = Predicate(place: SourceLocation(file: file, line: line), body: condition)
    return Domain(.filtered(node, predicate), problems: problems)
  }

  /// Adds parameters that exist only where another one has a given value.
  ///
  ///     Domain("optimizer" <- ["sgd", "adam"])
  ///       .given("optimizer", "sgd", Domain("momentum" <- [0.9, 0.99]))
  ///     // {optimizer: sgd, momentum: 0.9} {optimizer: sgd, momentum: 0.99} {optimizer: adam}
  ///
  /// Like ``where(file:line:_:)``, it belongs to the expression directly before it: `(a * b).given(…)` for a
  /// parameter of `a`. The domain stays one term of a sum, so a weight weighs all of it. Configs of one value of the
  /// parameter come together, in the order of its list.
  public func given(
    _ name: ParameterName,
    _ value: AnyAlias,
    _ other: Domain,
    file: String = #fileID,
    line: Int = #line
  ) -> Domain {
    let place = SourceLocation(file: file, line: line)
    var all = problems + other.problems
    let options = node.options.filter { $0.name.key == name.key }
    if options.isEmpty {
      all.append(
        Problem(
          "given: the domain has no parameter '\(name.key)', it has \(listing(parameterNames))",
          remedy:
            "name a parameter of the term directly before it, or write (A * B).given(…) for the whole product",
          place: place
        )
      )
    } else if options.contains(where: { $0.values.count == nil }) {
      all.append(
        Problem(
          "given: '\(name.key)' is drawn by a sampler",
          remedy: "give it a list of values",
          place: place
        )
      )
    } else if !options.contains(where: { $0.has(value) }) {
      all.append(
        Problem(
          "given: '\(name.key)' never is \(value.name)",
          remedy:
            "give one of its values: \(options.map(\.values.literalText).joined(separator: ", "))",
          place: place
        )
      )
    }
    if (0..<other.node.memberCount).contains(where: { other.node.member(at: $0).weight != nil }) {
      all.append(
        Problem(
          "given: the added domain has weights, which mean nothing here",
          remedy: "weigh the whole domain",
          place: place
        )
      )
    }
    return Domain(
      .conditional(node, key: name.key, value: value, other.node),
      problems: all
    )
  }

  /// Adds parameters that exist only where another one, given by its typed handle, has a given value.
  public func given<T: ValueConvertible>(
    _ parameter: Parameter<T>,
    _ value: T,
    _ other: Domain,
    file: String = #fileID,
    line: Int = #line
  ) -> Domain {
    given(parameter.name, AnyAlias(value), other, file: file, line: line)
  }

  private var firstPlace: SourceLocation? { node.options.lazy.compactMap(\.place).first }

  private func listing(_ names: [ParameterName]) -> String {
    names.isEmpty ? "none" : names.map(\.key).joined(separator: ", ")
  }
}

extension ParameterOption {
  func has(_ value: AnyAlias) -> Bool {
    values.indices(of: value).map { !$0.isEmpty } ?? values.contains(value)
  }
}

extension Domain: Equatable {
  /// Two domains are equal if they have the same terms with the same weights in the same order, however
  /// they were put together. Conditions are equal only if they are the same one.
  public static func == (left: Domain, right: Domain) -> Bool { left.node == right.node }
}

extension Domain: CustomStringConvertible {
  /// The domain as one writes it.
  public var description: String { node.text }
}

extension DomainNode {
  fileprivate var text: String {
    switch kind {
    case .options(let options):
      if options.isEmpty { return "Domain(configs: [[:]])" }
      return "Domain(\(options.map(\.literalText).joined(separator: ", ")))"
    case .sum(let nodes):
      return nodes.isEmpty ? "Domain()" : nodes.map(\.text).joined(separator: " + ")
    case .product(let left, let right):
      return "\(left.factorText()) * \(right.factorText(atEnd: true))"
    case .zip(let left, let right):
      return "\(left.factorText()) .* \(right.factorText(atEnd: true))"
    case .weighted(let weight, let node): return "\(weight) * \(node.factorText(atEnd: true))"
    case .filtered(let node, _): return "\(node.operandText).where { … }"
    case .conditional(let node, let key, let value, let inner):
      return "\(node.operandText).given(\(Value.quoted(key)), \(value.literalText), \(inner.text))"
    }
  }

  /// The text as part of a product, in parentheses where they are needed.
  private func factorText(atEnd: Bool = false) -> String {
    switch kind {
    case .sum(let nodes) where nodes.count == 1: nodes[0].factorText(atEnd: atEnd)
    case .sum(let nodes): nodes.isEmpty ? text : "(\(text))"
    case .product, .zip, .weighted: atEnd ? "(\(text))" : text
    default: text
    }
  }

  private var operandText: String {
    if case .options = kind { return text }
    if case .filtered = kind { return text }
    if case .conditional = kind { return text }
    return "(\(text))"
  }
}
