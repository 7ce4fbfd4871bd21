/// A stage of an opened pipeline. One task at a time touches it.
protocol PipelineStage<Element>: AnyObject {
  associatedtype Element

  /// Goes to the beginning of the source, before the first element of each pass.
  func begin(_ pass: PipelinePass) throws

  /// The next element; nil at the end of the pass, and from then on.
  func next() async throws -> Element?
}

/// Which pass through a source it is.
///
/// Random orders are computed from it, so they do not depend on how far something has been read ahead.
struct PipelinePass {
  let label: String

  /// The passes that a run begins are counted from 0.
  init(_ number: Int) { label = "\(number)" }

  private init(label: String) { self.label = label }

  /// A pass within this one, which a repetition makes.
  func part(_ number: Int) -> PipelinePass { PipelinePass(label: "\(label).\(number)") }
}

/// What the stages of one opened pipeline share.
final class PipelineOpening {
  let context: ContextReference
  /// The values that are read when a pass begins.
  private(set) var readings: [any PassReading] = []
  /// The stages that compute ahead, those nearer to the source first.
  private(set) var backgrounds: [any PipelineBackground] = []
  private let random: RandomStream

  init(_ run: RunContext, name: String) {
    context = ContextReference(run)
    random = run.random.split("pipeline \(name)")
  }

  func add(_ reading: any PassReading) { readings.append(reading) }

  func add(_ background: any PipelineBackground) { backgrounds.append(background) }

  func random(forShuffle number: Int) -> RandomStream { random.split("shuffle \(number)") }
}

/// The stages of an opened pipeline that the same task runs: those up to a prefetched one, between two,
/// or after the last.
final class PipelineSegment {
  let opening: PipelineOpening
  /// Whether a background task runs the stages, which must not touch the run context.
  private let isAhead: Bool
  private(set) var variables: [any PipelineVariable] = []

  init(_ opening: PipelineOpening, isAhead: Bool) {
    self.opening = opening
    self.isAhead = isAhead
  }

  func add(_ variable: any PipelineVariable) { variables.append(variable) }

  /// What a stage reads whenever it wants to; ahead, only when a pass begins.
  func reading<Expression: NamedExpression>(
    _ expression: Expression
  ) -> PipelineReading<Expression.Output> {
    guard !isAhead else { return passReading { try expression.evaluate(in: $0) } }
    let context = opening.context
    return PipelineReading { try expression.evaluate(in: try context.get()) }
  }

  /// What a stage reads when a pass begins.
  func passReading<Output>(
    _ read: @escaping (RunContext) async throws -> Output
  ) -> PipelineReading<Output> {
    let reading = KeptReading(read)
    opening.add(reading)
    return PipelineReading { try reading.get() }
  }
}

/// A value of the experiment as a stage reads it.
struct PipelineReading<Output> {
  private let read: () throws -> Output

  init(_ read: @escaping () throws -> Output) { self.read = read }

  func get() throws -> Output { try read() }
}

/// A value that is read when a pass begins and kept for the pass.
protocol PassReading: AnyObject {
  /// Reads the value anew. What it throws is thrown where the value is wanted.
  func take(_ run: RunContext) async
}

private final class KeptReading<Output>: PassReading {
  private let read: (RunContext) async throws -> Output
  private var result: Result<Output, any Error>?

  init(_ read: @escaping (RunContext) async throws -> Output) { self.read = read }

  func take(_ run: RunContext) async {
    do {
      result = .success(try await read(run))
    } catch {
      result = .failure(error)
    }
  }

  func get() throws -> Output {
    guard let result else {
      throw FieldworkError(.missingOutput, "the pipeline has not begun a pass")
    }
    return try result.get()
  }
}

/// The context of a pipeline's experiment.
///
/// It does not keep the context alive: the context may itself hold the pipeline's run, as an instance.
final class ContextReference {
  private weak var context: RunContext?

  init(_ context: RunContext) { self.context = context }

  func get() throws -> RunContext {
    guard let context else {
      throw FieldworkError(
        .missingOutput,
        "the experiment of this pipeline's run has ended: open the pipeline in each experiment, in an Instance"
      )
    }
    return context
  }
}
