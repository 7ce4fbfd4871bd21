/// The values of several named expressions in a list, in their order.
///
///     Unit("sum", saving: "sum", sum, ListOf(EC("x"), O("base")))   // func sum(_ values: [Double]) -> Double
///
/// Lists may hold lists: `ListOf(ListOf(EC("a"), EC("b")), ListOf(EC("c")))` is a `[[Double]]`.
public struct ListOf<Element>: NamedExpression {
  private let elements: [any NamedExpression<Element>]

  public init(_ elements: any NamedExpression<Element>...) { self.elements = elements }

  /// Makes a list of expressions that are not written out.
  public init(_ elements: [any NamedExpression<Element>]) { self.elements = elements }

  public var dependencies: [Dependency] { elements.flatMap { $0.dependencies } }

  public var expressionText: String {
    "ListOf(\(elements.map { $0.expressionText }.joined(separator: ", ")))"
  }

  public func evaluate(in run: RunContext) throws -> [Element] {
    try elements.map { try $0.evaluate(in: run) }
  }
}

/// The values of several named expressions in a dictionary.
///
///     Unit("fit", fit, DictionaryOf(["rate": EC("lr"), "last": O("loss")]))   // func fit(_: [String: Double])
///
/// Of equal keys the last one counts.
public struct DictionaryOf<Element>: NamedExpression {
  private let elements: [(key: String, value: any NamedExpression<Element>)]

  public init(_ elements: KeyValuePairs<String, any NamedExpression<Element>>) {
    self.elements = elements.map { ($0.key, $0.value) }
  }

  public var dependencies: [Dependency] { elements.flatMap { $0.value.dependencies } }

  public var expressionText: String {
    let pairs = elements.map { "\(Value.quoted($0.key)): \($0.value.expressionText)" }
    return "DictionaryOf([\(pairs.isEmpty ? ":" : pairs.joined(separator: ", "))])"
  }

  public func evaluate(in run: RunContext) throws -> [String: Element] {
    var values: [String: Element] = [:]
    for (key, expression) in elements { values[key] = try expression.evaluate(in: run) }
    return values
  }
}
