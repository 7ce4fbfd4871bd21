public import FieldworkCore

/// A step that saves the value of a named expression.
///
///     Save("accuracy", O<[Double]>("evaluate")[1], when: .last)
///     Save(["loss", nil, "accuracy"], O("evaluate"))   // an output that is an array or a tuple
///
/// It also runs in the iteration in which an experiment stops or fails, whatever `finalize` says.
public struct Save: ResearchElement, Sendable {
  let description: UnitDescription

  public var parts: [ResearchPart] { [.unit(description)] }

  /// A step that saves the value of a parameter, whatever its type: `Save("rate", EC("lr"))`.
  public init(
    _ saving: Saving,
    _ source: EC<Value>,
    when: When = .every(1),
    file: String = #fileID,
    line: Int = #line
  ) { self.init(saving, of: source, when, SourceLocation(file: file, line: line)) }

  /// A step that saves the output of a unit, whatever its type: `Save("loss", O("train"))`.
  public init(
    _ saving: Saving,
    _ source: O<Any>,
    when: When = .every(1),
    file: String = #fileID,
    line: Int = #line
  ) { self.init(saving, of: source, when, SourceLocation(file: file, line: line)) }

  /// A step that saves the value of a named expression.
  public init<Source: NamedExpression>(
    _ saving: Saving,
    _ source: Source,
    when: When = .every(1),
    file: String = #fileID,
    line: Int = #line
  ) { self.init(saving, of: source, when, SourceLocation(file: file, line: line)) }

  private init<Source: NamedExpression>(
    _ saving: Saving,
    of source: Source,
    _ when: When,
    _ place: SourceLocation
  ) {
    let names = saving.names.isEmpty ? "keys" : saving.names.joined(separator: ", ")
    description = UnitDescription(
      name: "save \(names)",
      kind: .save,
      when: when,
      saving: saving,
      dependencies: source.dependencies,
      place: place,
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
    description = .dump(names, when: when, place: SourceLocation(file: file, line: line))
  }
}
