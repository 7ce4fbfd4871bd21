/// A description of how elements come from a source, one after another, through stages that change them.
///
///     let batches = Pipeline(over: images).shuffled().batched(32)
///       .map(EC(scale)) { batch, scale in batch.map { $0.scaled(by: scale) } }
///       .prefetched(2)
///     Generator("batch", batches)          // a batch at each iteration
///     Unit("epoch", running: batches)      // all batches at each iteration
///
/// It is a value, and nothing is computed until an element is asked for. Each experiment opens it for
/// itself, by a unit or with ``open(in:named:)``.
///
/// **When named expressions are evaluated.** Those of a stage: for each element that comes to it. Those of
/// the source and of repetitions, and all before ``prefetched(_:file:line:)``, whose background must not
/// touch the experiment: once for each pass of the run, with its first element.
///
/// **Sendable.** Elements need not be, unless they are prefetched.
public struct Pipeline<Element>: Sendable {
  let traits: PipelineTraits
  let openStage: @Sendable (PipelineSegment) -> any PipelineStage<Element>

  init(
    _ traits: PipelineTraits,
    _ openStage: @escaping @Sendable (PipelineSegment) -> any PipelineStage<Element>
  ) {
    self.traits = traits
    self.openStage = openStage
  }

  /// What the named expressions of all stages read.
  public var dependencies: [Dependency] { traits.dependencies }

  /// The names of its variables, in the order of the stages.
  package var variableNames: [String] { traits.variableNames }

  /// What is wrong with its stages.
  package var problems: [Problem] { traits.problems }

  /// Whether its source has the run context at hand.
  package var opensContext: Bool { traits.opensContext }

  /// Whether a pass has no end.
  package var isEndless: Bool { traits.isEndless }

  /// Opens the pipeline for one experiment; nothing is read yet.
  ///
  /// - Parameters:
  ///   - run: the context of the experiment, in which the stages' named expressions are evaluated.
  ///   - name: what the random orders of ``shuffled(file:line:)`` depend on beside the experiment: two
  ///     pipelines of one name that shuffle equally many elements put them in the same order.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if a stage cannot be right, such as a batch
  ///   of no elements.
  public func open(
    in run: RunContext,
    named name: String = "pipeline"
  ) throws -> PipelineRun<Element> {
    guard problems.isEmpty else {
      throw FieldworkError(
        .invalidDefinition,
        "the pipeline '\(name)' cannot be opened",
        problems: problems
      )
    }
    let opening = PipelineOpening(run, name: name)
    let segment = PipelineSegment(opening, isAhead: false)
    let stage = openStage(segment)
    return PipelineRun(opening, stage, segment.variables, isEndless: isEndless)
  }
}

/// What is known of a pipeline before it is opened.
struct PipelineTraits: Sendable {
  var dependencies: [Dependency] = []
  var variableNames: [String] = []
  var problems: [Problem] = []
  var opensContext = false
  var isEndless = false
  /// The number of its shuffles without a seed.
  var shuffles = 0
  /// Whether a stage holds something that is not `Sendable`, and so cannot run in the background.
  var isConfined = false

  mutating func add(_ problem: String, _ remedy: String, _ file: String, _ line: Int) {
    problems.append(
      Problem(problem, remedy: remedy, place: SourceLocation(file: file, line: line))
    )
  }
}
