public import FieldworkCore

// Lines that one is likely to write, each with a sentence that says what to write instead.

extension ResearchBuilder {
  @available(
    *,
    unavailable,
    message:
      "a pipeline is run by a unit: write Generator(\"name\", pipeline) or Unit(\"name\", running: pipeline)"
  )
  public static func buildExpression<Element>(_ pipeline: Pipeline<Element>) -> [ResearchPart] {
    fatalError()
  }
}
