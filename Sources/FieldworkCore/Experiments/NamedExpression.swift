/// A placeholder in a unit's arguments, resolved each time before the unit runs.
///
///     Unit("train", saving: "loss", train, EC("lr"), O("batch"))
///     // each time: train(config["lr"], last output of "batch")
///
/// One's own named expression needs only ``evaluate(in:)``:
///
///     struct Temperature: NamedExpression {
///       func evaluate(in run: RunContext) throws -> Double { 1 / Double(run.iteration + 1) }
///     }
@dynamicMemberLookup
public protocol NamedExpression<Output>: Sendable {
  associatedtype Output

  /// The value at this moment of the experiment.
  func evaluate(in run: RunContext) throws -> Output

  /// What the expression reads, so that it can be checked before anything runs. Nothing by default.
  var dependencies: [Dependency] { get }
}

extension NamedExpression {
  public var dependencies: [Dependency] { [] }
}

/// Something that a named expression reads.
public enum Dependency: Sendable {
  case parameter(key: String, type: Any.Type)
  case output(unit: String, type: Any.Type)
  case instance(name: String)
  /// The state of a unit, whether or not it has run.
  case unit(name: String)
  /// The folder of the experiment.
  case directory
  /// What the other branches of the task have.
  case branches
  /// The results so far.
  case results
}

/// A named expression made from others.
public struct DerivedExpression<Output>: NamedExpression {
  public let dependencies: [Dependency]
  private let body: @Sendable (RunContext) throws -> Output

  public init(
    dependencies: [Dependency] = [],
    _ body: @escaping @Sendable (RunContext) throws -> Output
  ) {
    self.dependencies = dependencies
    self.body = body
  }

  public func evaluate(in run: RunContext) throws -> Output { try body(run) }
}

extension NamedExpression {
  /// The expression whose value is made from this one's.
  public func map<Result>(
    _ transform: @escaping @Sendable (Output) throws -> Result
  ) -> DerivedExpression<Result> {
    DerivedExpression(dependencies: dependencies) { try transform(try evaluate(in: $0)) }
  }

  /// The expression whose value is made from this one's and another's.
  public func combined<Other: NamedExpression, Result>(
    with other: Other,
    _ transform: @escaping @Sendable (Output, Other.Output) throws -> Result
  ) -> DerivedExpression<Result> {
    DerivedExpression(dependencies: dependencies + other.dependencies) {
      try transform(try evaluate(in: $0), try other.evaluate(in: $0))
    }
  }

  /// A member of the value: `E().iteration`, `model.loss`.
  public subscript<Member>(
    dynamicMember keyPath: any KeyPath<Output, Member> & Sendable
  ) -> DerivedExpression<Member> {
    map { $0[keyPath: keyPath] }
  }

  /// Whether the value equals a constant. The operator is `.==`.
  public func isEqual(to value: Output) -> DerivedExpression<Bool>
  where Output: Equatable & Sendable {
    map { $0 == value }
  }
}

extension NamedExpression where Output: RandomAccessCollection, Output.Index: Sendable {
  /// An element of the value.
  /// - Throws: while running, ``FieldworkError`` if the value has no such element.
  public subscript(index: Output.Index) -> DerivedExpression<Output.Element> {
    map { value in
      guard value.indices.contains(index) else {
        throw FieldworkError(.missingOutput, "no element \(index) among \(value.count)")
      }
      return value[index]
    }
  }
}

/// A value of a dictionary.
extension NamedExpression {
  public subscript<Key: Hashable & Sendable, Element>(
    key: Key
  ) -> DerivedExpression<Element> where Output == [Key: Element] {
    map { value in
      guard let element = value[key] else {
        throw FieldworkError(.missingOutput, "no key '\(key)' in the dictionary")
      }
      return element
    }
  }
}
