/// A named value that a stage updates, as the stages of one segment see it.
protocol PipelineVariable: AnyObject {
  var name: String { get }
  var content: any ValueConvertible { get }

  /// Takes the content of a variable of the same type.
  func set(_ content: any ValueConvertible)

  /// Goes back to the initial value.
  func reset()

  /// The same variable for another segment.
  func twin() -> any PipelineVariable
}

final class StageVariable<Content: ValueConvertible>: PipelineVariable {
  let name: String
  var value: Content
  private let initial: Content

  init(_ name: String, from initial: Content) {
    self.name = name
    self.initial = initial
    value = initial
  }

  var content: any ValueConvertible { value }

  func set(_ content: any ValueConvertible) {
    if let content = content as? Content { value = content }
  }

  func reset() { value = initial }

  func twin() -> any PipelineVariable { StageVariable(name, from: initial) }
}
