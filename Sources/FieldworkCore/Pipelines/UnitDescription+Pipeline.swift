extension UnitDescription {
  /// A step that opens a pipeline once per experiment and takes from it each time it runs.
  ///
  /// - Parameters:
  ///   - variables: the pipeline's variables that are saved each time, under their own names.
  ///   - step: what the step does; nil ends the experiment.
  package init<Element>(
    name: String,
    kind: Kind,
    when: When,
    saving: Saving?,
    version: String?,
    isRoot: Bool,
    pipeline: Pipeline<Element>,
    variables: [String],
    place: SourceLocation,
    outputType: Any.Type,
    step: @escaping @Sendable (PipelineRun<Element>) async throws -> Any?
  ) {
    let problems = pipeline.problems(
      inUnit: name,
      runsToEnd: kind != .generator,
      saving: variables,
      place
    )
    self.init(
      name: name,
      kind: kind,
      when: when,
      saving: saving,
      dependencies: pipeline.dependencies,
      place: place,
      outputType: outputType,
      opensContext: pipeline.opensContext,
      isRoot: isRoot,
      version: version,
      variables: variables,
      problems: problems,
      body: .generator { run in
        let opened = try pipeline.open(in: run, named: name)
        return {
          guard let output = try await step(opened) else { return nil }
          try opened.save(variables)
          return output
        }
      }
    )
  }
}

extension Pipeline {
  /// What is wrong with running the pipeline in a unit.
  package func problems(
    inUnit name: String,
    runsToEnd: Bool,
    saving variables: [String],
    _ place: SourceLocation
  ) -> [Problem] {
    var found = problems
    if runsToEnd && isEndless {
      found.append(
        Problem(
          "unit '\(name)' runs a pipeline without end",
          remedy: "give repeated() a number, or take one element at a time with a Generator",
          place: place
        )
      )
    }
    let names = variableNames.isEmpty ? "none" : variableNames.joined(separator: ", ")
    for variable in variables where !variableNames.contains(variable) {
      found.append(
        Problem(
          "unit '\(name)' saves the variable '\(variable)', which its pipeline does not have",
          remedy: "it has \(names)",
          place: place
        )
      )
    }
    return found
  }
}
