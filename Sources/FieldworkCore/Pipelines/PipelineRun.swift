/// A pipeline that is open in one experiment: it gives the elements, and keeps the variables.
///
///     let batches = Instance("batches") { run in try pipeline.open(in: run) }
///     Unit("next", on: batches, PipelineRun.next)
///     Unit("again", when: .every(10), on: batches, PipelineRun.reset)
///
/// It is confined to the task that runs the experiment, as all instances are, and need not be `Sendable`.
public final class PipelineRun<Element> {
  private enum State {
    /// The next element is the first of a pass.
    case beginning
    case running
    case ended
  }

  /// The number of elements given since the run was opened or reset.
  public private(set) var count = 0

  private let opening: PipelineOpening
  private let stage: any PipelineStage<Element>
  private let ownVariables: [any PipelineVariable]
  private let isEndless: Bool
  private var state = State.beginning
  private var passes = 0

  init(
    _ opening: PipelineOpening,
    _ stage: any PipelineStage<Element>,
    _ variables: [any PipelineVariable],
    isEndless: Bool
  ) {
    self.opening = opening
    self.stage = stage
    ownVariables = variables
    self.isEndless = isEndless
  }

  /// The next element.
  ///
  /// - Returns: nil at the end of the pass, and from then on until ``reset()`` or ``runToEnd()``.
  /// - Throws: what a stage throws, which ends the pass.
  public func next() async throws -> Element? {
    guard state != .ended else { return nil }
    do {
      if state == .beginning { try await begin() }
      guard let element = try await stage.next() else {
        state = .ended
        return nil
      }
      count += 1
      return element
    } catch {
      state = .ended
      throw error
    }
  }

  private func begin() async throws {
    // Those nearest to the experiment first: they ask the others.
    for background in opening.backgrounds.reversed() { await background.stop() }
    let context = try opening.context.get()
    for reading in opening.readings { await reading.take(context) }
    defer { passes += 1 }
    state = .running
    try stage.begin(PipelinePass(passes))
  }

  /// Goes once through all elements, from the beginning of the source; variables go on from where they are.
  ///
  /// - Returns: the number of elements.
  /// - Throws: what a stage throws; `CancellationError` between two elements if the task is cancelled;
  ///   ``FieldworkError`` if the pipeline has no end.
  @discardableResult
  public func runToEnd() async throws -> Int {
    guard !isEndless else {
      throw FieldworkError(
        .invalidDefinition,
        "the pipeline has no end: give repeated() a number, or take elements with next()"
      )
    }
    state = .beginning
    let before = count
    while try await next() != nil { try Task.checkCancellation() }
    return count - before
  }

  /// Goes to the beginning of the source, and back to the initial values of variables.
  ///
  /// What is shuffled comes in a new order, as in each pass.
  public func reset() {
    state = .beginning
    count = 0
    for variable in ownVariables { variable.reset() }
  }

  /// The variables as of the last element that was given.
  public var variables: [String: Value] {
    Dictionary(
      ownVariables.map { ($0.name, $0.content.value) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// A variable by its name.
  /// - Throws: ``FieldworkError`` of code `missingOutput` or `wrongType`.
  public func variable<T: ValueConvertible>(_ name: String, as type: T.Type = T.self) throws -> T {
    let value = try value(of: name)
    guard let result = T(value) else {
      throw FieldworkError(.wrongType, "the pipeline variable '\(name)' is no \(T.self): \(value)")
    }
    return result
  }

  private func value(of name: String) throws -> Value {
    guard let variable = ownVariables.first(where: { $0.name == name }) else {
      let names = ownVariables.map(\.name).joined(separator: ", ")
      throw FieldworkError(
        .missingOutput,
        "the pipeline has no variable '\(name)'; it has \(names.isEmpty ? "none" : names)"
      )
    }
    return variable.content.value
  }

  /// Saves variables under their own names at the experiment's iteration.
  package func save(_ names: [String]) throws {
    let context = try opening.context.get()
    for name in names { context.save(name: name, value: try value(of: name)) }
  }
}
