public import FieldworkCore

extension ExecutableUnit {
  /// A step that goes once through a whole pipeline at each scheduled iteration; its output is the number
  /// of elements.
  ///
  ///     Unit("epoch", variables: ["loss"], running: batches.map(on: model) { … }.accumulating("loss", …))
  ///
  /// The pipeline is opened once per experiment, so its variables go on from pass to pass.
  ///
  /// - Parameters:
  ///   - name: the pipeline's random orders depend on it.
  ///   - when: the iterations at which it runs.
  ///   - saving: the name under which the number of elements goes into the results.
  ///   - dump: the iterations after which the saved values are handed to the store; nil to store them as usual.
  ///   - version: a text that is part of the definition, see ``Unit``.
  ///   - root: whether it runs once for all branches of a task, which share what it gives.
  ///   - variables: the pipeline's variables that are saved after each pass, under their own names.
  public init<Element>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    variables: [String] = [],
    running pipeline: Pipeline<Element>,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.dump = dump
    description = UnitDescription(
      name: name,
      kind: .function,
      when: when,
      saving: saving,
      version: version,
      isRoot: root,
      pipeline: pipeline,
      variables: variables,
      place: SourceLocation(file: file, line: line),
      outputType: Int.self
    ) { try await $0.runToEnd() }
  }

  @available(
    *,
    deprecated,
    message: "options come before what runs: write Unit(\"name\", saving: …, running: pipeline)"
  )
  @_disfavoredOverload
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
    self.init(
      name,
      when: when,
      saving: saving,
      root: root,
      variables: variables,
      running: pipeline,
      file: file,
      line: line
    )
  }
}
