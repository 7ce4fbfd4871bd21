public import FieldworkCore

extension ExecutableUnit {
  /// A step that goes once through a whole pipeline at each scheduled iteration; its output is the number
  /// of elements.
  ///
  ///     Unit("epoch", running: batches.map(on: model) { … }.accumulating("loss", …), variables: ["loss"])
  ///
  /// The pipeline is opened once per experiment, so its variables go on from pass to pass.
  ///
  /// - Parameters:
  ///   - name: the pipeline's random orders depend on it.
  ///   - root: whether it runs once for all branches of a task, which share what it gives.
  ///   - variables: the pipeline's variables that are saved after each pass, under their own names.
  public init<Element>(
    _ name: String,
    running pipeline: Pipeline<Element>,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    variables: [String] = [],
    file: String = #fileID,
    line: Int = #line
  ) {
    description = UnitDescription(
      name: name,
      kind: .function,
      when: when,
      saving: saving,
      isRoot: root,
      pipeline: pipeline,
      variables: variables,
      place: SourcePlace(file: file, line: line),
      outputType: Int.self
    ) { try await $0.runToEnd() }
  }
}
