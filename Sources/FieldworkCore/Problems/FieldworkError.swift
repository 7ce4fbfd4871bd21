/// An error that Fieldwork throws: a code to test for, a message for a person, the cause, the place.
public struct FieldworkError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is. More codes may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    private init(_ description: String) { self.description = description }

    /// A definition that cannot be run; see ``FieldworkError/problems``.
    public static let invalidDefinition = Code("invalid definition")
    /// A parameter that the config does not have.
    public static let missingParameter = Code("missing parameter")
    /// A value of another type than the one asked for.
    public static let wrongType = Code("wrong type")
    /// An output that was asked for before the unit had run, or of a unit that does not exist.
    public static let missingOutput = Code("missing output")
    /// A named expression whose own function threw an error.
    public static let cannotEvaluate = Code("cannot evaluate")
    /// A sampler or a filtered domain in which nothing passes.
    public static let nothingPasses = Code("nothing passes")
    /// A text that cannot be read as what it should be.
    public static let unreadableText = Code("unreadable text")
    /// A unit's output that cannot be saved the way its declaration says.
    public static let cannotSave = Code("cannot save")
    /// A store that cannot be opened, read or written.
    public static let store = Code("store")
    /// A research that another process is running.
    public static let busy = Code("busy")
    /// A device that is not there, or that cannot be asked for its memory.
    public static let device = Code("device")
  }

  public let code: Code
  public let message: String
  /// The text of the error that led to this one.
  public let cause: String?
  public let place: SourceLocation?
  /// With ``Code/invalidDefinition``: all that is wrong.
  public let problems: [Problem]

  public init(
    _ code: Code,
    _ message: String,
    cause: String? = nil,
    place: SourceLocation? = nil,
    problems: [Problem] = []
  ) {
    self.code = code
    self.message = message
    self.cause = cause
    self.place = place
    self.problems = problems
  }

  public var description: String {
    let start = place.map { "\($0): " } ?? ""
    let end = cause.map { " (\($0))" } ?? ""
    let list = problems.map { "\n\($0)" }.joined()
    return "\(start)\(message)\(end)\(list)"
  }
}
