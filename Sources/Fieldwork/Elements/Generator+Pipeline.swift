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
  ///   - root: whether it runs once for all branches of a task, which share what it gives.
  ///   - variables: the pipeline's variables that are saved with each element, under their own names.
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
    description = UnitDescription(
      name: name,
      kind: .generator,
      when: when,
      saving: saving,
      isRoot: root,
      pipeline: pipeline,
      variables: variables,
      place: SourcePlace(file: file, line: line),
      outputType: Element.self
    ) { try await $0.next() }
  }
}
