/// A program and its arguments, written as one literal with named expressions in it.
///
///     "python3 train.py --rate \(rate) --width \(EC("width")) --out \(EP())"
///
/// The literal is split into arguments before values are put in, so a value with spaces or quotes stays one argument.
/// Quotes and backslashes in the literal group words as in a shell; no shell runs. ``shell(_:)`` runs one.
public struct ProgramCommand: Sendable, ExpressibleByStringInterpolation {
  /// A piece of a command.
  enum Piece: Sendable {
    case text(String)
    /// The position of a value in ``ProgramCommand/values``.
    case value(Int)
  }

  let pieces: [Piece]
  let values: [ProgramValue]
  let isShell: Bool
  private let layout: ProgramCommandLayout

  private init(_ pieces: [Piece], _ values: [ProgramValue], isShell: Bool) {
    self.pieces = pieces
    self.values = values
    self.isShell = isShell
    layout = ProgramCommandLayout(pieces, isShell: isShell)
  }

  public init(stringLiteral text: String) { self.init([.text(text)], [], isShell: false) }

  /// Makes a command of a text that is not a literal. The text is split into arguments.
  public init(_ text: String) { self.init(stringLiteral: text) }

  public init(stringInterpolation interpolation: StringInterpolation) {
    self.init(interpolation.pieces, interpolation.values, isShell: false)
  }

  /// Returns a command that `sh` runs, so that pipes, redirections and variables can be used.
  ///
  ///     .shell("./simulate \(seed) | tee log.txt")
  ///
  /// Values are passed to the shell as arguments, so that it never reads them as code. Each stays one word. A value must
  /// not be put between single quotes.
  public static func shell(_ command: ProgramCommand) -> ProgramCommand {
    ProgramCommand(command.pieces, command.values, isShell: true)
  }

  /// The text between the values of a command, and the values.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var pieces: [Piece] = []
    fileprivate var values: [ProgramValue] = []

    public init(literalCapacity: Int, interpolationCount: Int) {
      pieces.reserveCapacity(2 * interpolationCount + 1)
    }

    public mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { pieces.append(.text(literal)) }
    }

    /// Adds the value of a parameter.
    public mutating func appendInterpolation<T>(_ parameter: Parameter<T>) {
      append(ProgramValue(parameter: parameter.name.key, type: T.self))
    }

    /// Adds the value of a parameter by name.
    public mutating func appendInterpolation(_ expression: EC<Value>) {
      guard case .parameter(let key, _)? = expression.dependencies.first else { return }
      append(ProgramValue(parameter: key, type: Value.self))
    }

    /// Adds the value of a named expression: plain values, and types with a description.
    @_disfavoredOverload
    public mutating func appendInterpolation(_ expression: some NamedExpression) {
      append(ProgramValue(expression))
    }

    /// Adds a constant.
    public mutating func appendInterpolation(_ value: some ValueConvertible) {
      append(ProgramValue(constant: ProgramValue.text(of: value.value)))
    }

    private mutating func append(_ value: ProgramValue) {
      pieces.append(.value(values.count))
      values.append(value)
    }
  }
}

/// A text with named expressions in it, such as the value of an environment variable of a program.
public struct ProgramText: Sendable, ExpressibleByStringInterpolation {
  private let command: ProgramCommand

  public init(stringLiteral text: String) { command = ProgramCommand(stringLiteral: text) }

  public init(stringInterpolation interpolation: ProgramCommand.StringInterpolation) {
    command = ProgramCommand(stringInterpolation: interpolation)
  }

  /// The folder of the file in which this is written, such as that of the playbook.
  public static func besidePlaybook(file: String = #filePath) -> ProgramText {
    let end = file.lastIndex(of: "/") ?? file.startIndex
    return ProgramText(String(file[..<end]))
  }

  /// Makes a text that is not a literal.
  public init(_ text: String) { self.init(stringLiteral: text) }

  /// All that the values read.
  package var dependencies: [Dependency] { command.dependencies }

  /// The text; nil if it depends on the experiment.
  package var constant: String? {
    let texts = command.values.compactMap(\.constant)
    guard texts.count == command.values.count else { return nil }
    return text(texts)
  }

  /// - Throws: as ``ProgramCommand``.
  package func text(in run: RunContext) throws -> String {
    text(try command.values.map { try $0.evaluate(run) })
  }

  private func text(_ values: [String]) -> String {
    command.pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .value(let index): values[index]
      }
    }.joined()
  }
}

extension ProgramCommand {
  /// All that the values read.
  package var dependencies: [Dependency] { values.flatMap(\.dependencies) }

  /// The errors in the command, each with a remedy.
  package var problems: [(message: String, remedy: String)] { layout.problems }

  /// The warnings about the command, each with a remedy.
  package var doubts: [(message: String, remedy: String)] { layout.doubts }

  /// The words of the command that are the same in all experiments, in order.
  package var constantWords: [String] {
    isShell ? [] : layout.words.compactMap(constant)
  }

  /// The name or path of the program; nil if it depends on the experiment.
  package var program: String? { isShell ? "sh" : layout.words.first.flatMap(constant) }

  private func constant(_ word: ProgramCommandLayout.Word) -> String? {
    let texts = values.map(\.constant)
    let isConstant = word.pieces.allSatisfy { piece in
      if case .value(let index) = piece { texts[index] != nil } else { true }
    }
    return isConstant ? word.text(texts.map { $0 ?? "" }) : nil
  }

  /// Returns the program and its arguments.
  /// - Throws: the error of an expression, or ``FieldworkError`` of code `wrongType` if a value has no text.
  package func words(in run: RunContext) throws -> [String] {
    let texts = try values.map { try $0.evaluate(run) }
    if isShell { return ["sh", "-c", layout.script, "sh"] + texts }
    return layout.words.map { $0.text(texts) }
  }
}

extension ProgramCommand: CustomStringConvertible {
  /// The command as one writes it.
  public var description: String {
    let text = pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .value(let index): "\\(\(values[index].expressionText))"
      }
    }.joined()
    return isShell ? ".shell(\(Value.quoted(text)))" : text
  }
}

/// A value in a command, and how to get its text.
struct ProgramValue: Sendable {
  let dependencies: [Dependency]
  /// The text if it is the same in all experiments.
  let constant: String?
  let expressionText: String
  let evaluate: @Sendable (RunContext) throws -> String

  init(parameter key: String, type: Any.Type) {
    dependencies = [.parameter(key: key, type: type)]
    constant = nil
    expressionText = key
    evaluate = { run in
      // An object is known to programs by the name that it has in the config.
      if let alias = run.config[alias: key] { return alias.plain.map(Self.text) ?? alias.name }
      return Self.text(of: try run.parameter(key, as: Value.self))
    }
  }

  init(_ expression: some NamedExpression) {
    dependencies = expression.dependencies
    constant = nil
    let text = expression.expressionText
    expressionText = text
    evaluate = { run in try Self.text(ofAny: try expression.evaluate(in: run), text) }
  }

  init(constant: String) {
    dependencies = []
    self.constant = constant
    expressionText = Value.quoted(constant)
    evaluate = { _ in constant }
  }

  /// The text of a plain value as programs read it: lists and dictionaries are JSON.
  static func text(of value: Value) -> String {
    switch value {
    case .list, .dictionary: value.extendedJSONText
    default: value.description
    }
  }

  private static func text(ofAny output: Any, _ expression: String) throws -> String {
    if let plain = output as? any ValueConvertible { return text(of: plain.value) }
    let mirror = Mirror(reflecting: output)
    if mirror.displayStyle == .optional {
      guard let wrapped = mirror.children.first else { return text(of: .null) }
      return try text(ofAny: wrapped.value, expression)
    }
    if let described = output as? any CustomStringConvertible { return described.description }
    throw FieldworkError(
      .wrongType,
      "\(expression) gives a \(type(of: output)), which cannot be an argument of a program; make it conform to ValueConvertible or CustomStringConvertible"
    )
  }
}
