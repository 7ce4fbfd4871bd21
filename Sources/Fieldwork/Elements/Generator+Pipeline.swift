public import FieldworkCore

extension Generator {
  /// A step that takes one element of a pipeline at each scheduled iteration; the pipeline's end ends the
  /// experiment.
  ///
  ///     Generator("batch", Pipeline(over: images).batched(32))
  ///     // 100 images: batches at iterations 0 to 3
  ///
  /// - Parameters:
  ///   - name: the pipeline's random orders depend on it.
  ///   - when: the iterations at which it takes an element.
  ///   - saving: the names under which an element goes into the results.
  ///   - dump: the iterations after which the saved values are handed to the store; nil to store them as usual.
  ///   - version: a text that is part of the definition, see ``Unit``.
  ///   - root: whether it runs once for all branches of a task, which share what it gives.
  ///   - variables: the pipeline's variables that are saved with each element, under their own names.
  public init<Element>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    variables: [String] = [],
    _ pipeline: Pipeline<Element>,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.dump = dump
    description = UnitDescription(
      name: name,
      kind: .generator,
      when: when,
      saving: saving,
      version: version,
      isRoot: root,
      pipeline: pipeline,
      variables: variables,
      place: SourceLocation(file: file, line: line),
      outputType: Element.self
    ) { try await $0.next() }
  }

  @available(
    *,
    deprecated,
    message: "options come before what runs: write Generator(\"name\", saving: …, pipeline)"
  )
  @_disfavoredOverload
  public init<Element>(
    _ name: String,
    _ pipeline: Pipeline<Element>,
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
      pipeline,
      file: file,
      line: line
    )
  }
}
