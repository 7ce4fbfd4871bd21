public import FieldworkCore

/// A step that saves the value of a named expression.
///
///     Save("accuracy", O("evaluate")[1], when: .last)
///     Save(["loss", nil, "accuracy"], O<[Double]>("evaluate"))
///
/// It also runs in the iteration in which an experiment stops or fails, whatever `finalize` says.
public struct Save: ResearchElement, Sendable {
  let description: UnitDescription

  public var parts: [ResearchPart] { [.unit(description)] }

  public init<Source: NamedExpression>(
    _ saving: Saving,
    _ source: Source,
    when: When = .every(1),
    file: String = #fileID,
    line: Int = #line
  ) {
    let names = saving.names.isEmpty ? "keys" : saving.names.joined(separator: ", ")
    description = UnitDescription(
      name: "save \(names)",
      kind: .save,
      when: when,
      saving: saving,
      dependencies: source.dependencies,
      place: SourcePlace(file: file, line: line),
      outputType: Source.Output.self,
      opensContext: false,
      body: .function { run in try source.evaluate(in: run) }
    )
  }
}

/// A step that hands what has been saved so far on to the store, so that it is kept whatever happens
/// later. Without one, an experiment's values are stored when it ends.
///
///     Dump(when: .every(100))            // everything saved so far
///     Dump("loss", when: .every(100))    // what was saved as "loss"; nothing saved is no error
public struct Dump: ResearchElement, Sendable {
  let description: UnitDescription

  public var parts: [ResearchPart] { [.unit(description)] }

  public init(
    _ names: String...,
    when: When = .last,
    file: String = #fileID,
    line: Int = #line
  ) {
    description = UnitDescription(
      name: names.isEmpty ? "dump" : "dump \(names.joined(separator: ", "))",
      kind: .dump,
      when: when,
      saving: nil,
      dependencies: [],
      place: SourcePlace(file: file, line: line),
      outputType: nil,
      opensContext: false,
      body: .dump(names.isEmpty ? nil : Set(names))
    )
  }
}
