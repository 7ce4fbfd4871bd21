public import FieldworkCore

extension Instance {
  /// Names a pipeline that is opened once per experiment, for units that take elements, reset it, or read
  /// its variables.
  ///
  ///     let batches = Instance("batches", opening: Pipeline(over: images).batched(32))
  ///     batches
  ///     Unit("next", on: batches, PipelineRun.next)
  ///     Save("loss", batches.variable("loss", as: Double.self), when: .last)
  ///
  /// It is the same as `Instance("batches") { run in try pipeline.open(in: run, named: "batches") }`, but
  /// what the pipeline reads is checked before anything runs.
  public init<Element>(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    opening pipeline: Pipeline<Element>,
    file: String = #fileID,
    line: Int = #line
  ) where Output == PipelineRun<Element> {
    self.init(
      name,
      version,
      root,
      pipeline.dependencies,
      SourceLocation(file: file, line: line),
      opensContext: pipeline.opensContext,
      problems: pipeline.problems
    ) { run in try pipeline.open(in: run, named: name) }
  }
}
