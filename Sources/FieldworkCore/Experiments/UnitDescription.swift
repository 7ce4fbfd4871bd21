/// One step of an experiment, as a value: what the elements of a research block come to.
public struct UnitDescription: Sendable {
  /// What the step does.
  public enum Kind: String, Sendable, Hashable {
    case function, generator, instance, save, dump, program
  }

  package enum Body: Sendable {
    case function(@Sendable (RunContext) async throws -> Any)
    /// Returns the function that gives one element after another, once per experiment.
    case generator(@Sendable (RunContext) async throws -> NextElement)
    case instance(@Sendable (RunContext) async throws -> Any)
    /// Runs beside the experiment; each iteration that it prints is an element.
    case program(ProgramDescription)
    /// Hands saved values on to the store: those of the given names, or all.
    case dump(Set<String>?)
  }

  /// The name, unique within a research.
  public package(set) var name: String
  public let kind: Kind
  public let when: When
  public let saving: Saving?
  /// The names under which the step saves values beside its output.
  package let variables: [String]
  public let dependencies: [Dependency]
  public let place: SourceLocation
  /// The type of the output; nil if it is only known while running.
  package let outputType: Any.Type?
  package let body: Body
  /// The name under which an instance is kept; nil for other kinds.
  package let instanceName: String?
  /// Whether the body has the run context at hand, and so may read and save what it likes.
  package let opensContext: Bool
  /// Whether it runs once for all branches, which share its output.
  public let isRoot: Bool
  /// The version that the playbook gives the step; nil for none. Experiments that ran with another one run again.
  public let version: String?
  /// The name by which its output is cached; nil if it is not.
  package let cachedName: String?
  /// What was found wrong with the step when it was written.
  package let problems: [Problem]

  package init(
    name: String,
    kind: Kind,
    when: When,
    saving: Saving?,
    dependencies: [Dependency],
    place: SourceLocation,
    outputType: Any.Type?,
    opensContext: Bool,
    isRoot: Bool = false,
    version: String? = nil,
    variables: [String] = [],
    isCached: Bool = false,
    problems: [Problem] = [],
    body: Body
  ) {
    self.name = name
    self.isRoot = isRoot
    self.version = version
    instanceName = kind == .instance ? name : nil
    cachedName = isCached ? name : nil
    self.opensContext = opensContext
    self.kind = kind
    self.when = when
    self.saving = saving
    self.variables = variables
    self.problems = problems
    self.dependencies = dependencies
    self.place = place
    self.outputType = outputType
    self.body = body
  }
}

extension UnitDescription {
  /// Whether its body is a function that is called with evaluated arguments.
  package var hasArguments: Bool {
    guard !opensContext, kind == .function || kind == .instance else { return false }
    if case .generator = body { return false }
    return true
  }

  /// True if the step yields elements, whose end ends the experiment.
  package var yieldsElements: Bool { kind == .generator || kind == .program }

  /// All names under which the step saves, as far as they are known before running.
  package var savedNames: [String] { (saving?.names ?? []) + variables }
}

extension UnitDescription: CustomStringConvertible {
  /// The unit in one line: `function 'train', .every(10), saving loss`.
  public var description: String {
    let names = (saving?.names.isEmpty == true ? [".keys"] : []) + savedNames
    let list = names.isEmpty ? "" : ", saving \(names.joined(separator: ", "))"
    let root = isRoot ? "root " : ""
    return "\(root)\(kind.rawValue) '\(name)', \(when)\(list)"
  }
}

/// Returns the next element of a generator; nil at the end.
package typealias NextElement = () async throws -> Any?
