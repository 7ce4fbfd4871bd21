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

  /// What the expression reads, so that it can be checked before anything runs: all of it, or
  /// ``Dependency/anything``, which is the default.
  var dependencies: [Dependency] { get }

  /// The expression as one writes it, for messages. The name of its type by default.
  var expressionText: String { get }
}

extension NamedExpression {
  public var dependencies: [Dependency] { [.anything] }
  public var expressionText: String { String(describing: Self.self) }

  /// What a body gives; an error of it tells which expression could not be evaluated.
  func named<Result>(_ text: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as FieldworkError {
      throw FieldworkError(
        error.code,
        "\(text): \(error.message)",
        cause: error.cause,
        place: error.place,
        problems: error.problems
      )
    } catch  where error is StopExperiment || error is CancellationError {
      throw error
    } catch {
      throw FieldworkError(.cannotEvaluate, "\(text) cannot be evaluated", cause: "\(error)")
    }
  }
}

/// Something that a named expression reads.
public enum Dependency: Sendable {
  case parameter(key: String, type: Any.Type)
  case output(unit: String, type: Any.Type)
  case instance(name: String)
  /// The state of a unit, whether or not it has run.
  case unit(name: String)
  /// Something of the running experiment that is always there, such as its id or iteration.
  case experiment
  /// The id of the running experiment, which no other one has.
  case identity
  /// The whole config, and so any parameter.
  case config
  /// Where the experiment's values go: what reads it may save under names that only show while running.
  case storage
  /// The folder of the experiment.
  case directory
  /// What the other branches of the task have.
  case branches
  /// The results so far.
  case results
  /// The expression does not say: it may read and save whatever an experiment has.
  case anything
}

/// A named expression made from others.
public struct DerivedExpression<Output>: NamedExpression {
  public let dependencies: [Dependency]
  public let expressionText: String
  private let body: @Sendable (RunContext) throws -> Output

  /// - Parameters:
  ///   - text: the expression as one writes it, for messages.
  ///   - dependencies: what the body reads, all of it.
  public init(
    _ text: String = "DerivedExpression { … }",
    dependencies: [Dependency] = [.anything],
    _ body: @escaping @Sendable (RunContext) throws -> Output
  ) {
    expressionText = text
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
    derived("\(expressionText).map { … }", transform)
  }

  /// The expression whose value is made from this one's and another's.
  public func combined<Other: NamedExpression, Result>(
    with other: Other,
    _ transform: @escaping @Sendable (Output, Other.Output) throws -> Result
  ) -> DerivedExpression<Result> {
    let text = "\(expressionText).combined(with: \(other.expressionText)) { … }"
    return derived(text, with: other, transform)
  }

  /// The expression whose value is made from this one's.
  /// - Parameter text: the new expression as one writes it.
  package func derived<Result>(
    _ text: String,
    _ transform: @escaping @Sendable (Output) throws -> Result
  ) -> DerivedExpression<Result> {
    DerivedExpression(text, dependencies: dependencies) { run in
      let value = try evaluate(in: run)
      return try named(text) { try transform(value) }
    }
  }

  /// The expression whose value is made from this one's and another's.
  /// - Parameter text: the new expression as one writes it.
  package func derived<Other: NamedExpression, Result>(
    _ text: String,
    with other: Other,
    _ transform: @escaping @Sendable (Output, Other.Output) throws -> Result
  ) -> DerivedExpression<Result> {
    DerivedExpression(text, dependencies: dependencies + other.dependencies) { run in
      let (first, second) = (try evaluate(in: run), try other.evaluate(in: run))
      return try named(text) { try transform(first, second) }
    }
  }

  /// A member of the value: `E().iteration`, `model.loss`.
  public subscript<Member>(
    dynamicMember keyPath: any KeyPath<Output, Member> & Sendable
  ) -> DerivedExpression<Member> {
    // A path knows the names of stored members alone.
    let name = "\(keyPath)".split(separator: ".").last.map(String.init) ?? ""
    let text = "\(expressionText).\(name.hasSuffix(")>") ? "…" : name)"
    let reads =
      self is E<RunContext> && RunContext.isOfTheRun(keyPath)
      ? [keyPath == \RunContext.id ? .identity : .experiment] : dependencies
    return DerivedExpression(text, dependencies: reads) { run in
      let value = try evaluate(in: run)
      return try named(text) { value[keyPath: keyPath] }
    }
  }

  /// Whether the value equals a constant. The operator is `.==`.
  public func isEqual(to value: Output) -> DerivedExpression<Bool>
  where Output: Equatable & Sendable {
    derived("(\(expressionText) .== \(value))") { $0 == value }
  }
}

extension NamedExpression where Output: RandomAccessCollection, Output.Index: Sendable {
  /// An element of the value.
  /// - Throws: while running, ``FieldworkError`` if the value has no such element.
  public subscript(index: Output.Index) -> DerivedExpression<Output.Element> {
    derived("\(expressionText)[\(index)]") { value in
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
    derived("\(expressionText)[\(String(reflecting: key))]") { value in
      guard let element = value[key] else {
        throw FieldworkError(.missingOutput, "no key '\(key)' in the dictionary")
      }
      return element
    }
  }
}
