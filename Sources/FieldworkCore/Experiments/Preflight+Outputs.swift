extension Research {
  /// What is wrong with reading the output of a unit.
  ///
  /// An output of a later unit can be read from the iteration on that comes after its first one, so it is
  /// the reader's first turn that counts.
  func outputProblems(
    _ source: UnitDescription,
    readAt sourceIndex: Int,
    _ type: Any.Type,
    _ unit: UnitDescription,
    _ index: Int
  ) -> [Problem] {
    let wanted = (type as? any OptionalType.Type)?.wrapped ?? type
    var found: [Problem] = []
    if let given = source.outputType, !Self.fits(given, wanted) {
      found.append(
        Problem(
          "unit '\(unit.name)' wants the output of '\(source.name)' as \(wanted), but it is \(given)",
          remedy: "change the function's argument, or map the expression",
          place: unit.place
        )
      )
    }
    guard !(type is any OptionalType.Type), let first = firstRun(of: unit) else { return found }
    let sourceFirst = firstRun(of: source)
    let isTooEarly = sourceFirst.map { $0 > first || ($0 == first && sourceIndex >= index) } ?? true
    guard isTooEarly else { return found }
    let reason =
      if !canRun(source) {
        "never runs: \(source.when) in \(iterationText)"
      } else if sourceIndex >= index {
        "runs later in the iteration"
      } else {
        "has not run by then"
      }
    found.append(
      Problem(
        "unit '\(unit.name)' first runs at iteration \(first) and reads the output of '\(source.name)', which \(reason)",
        remedy:
          "move it, change when:, or make the argument optional: it is nil before the first output",
        place: unit.place
      )
    )
    return found
  }

  /// A unit whose schedule does not come up in the experiment's iterations.
  func neverRunWarnings(_ unit: UnitDescription) -> [Problem] {
    guard !canRun(unit) else { return [] }
    return [
      Problem(
        "unit '\(unit.name)' never runs: \(unit.when) in \(iterationText)",
        remedy: "change its when:, or give more iterations",
        place: unit.place,
        severity: .warning
      )
    ]
  }

  /// Whether a unit has a turn at all, in an experiment that nothing ends early.
  func canRun(_ unit: UnitDescription) -> Bool { unit.when.canRun(inIterations: iterations) }

  private var iterationText: String {
    iterations.map { "\($0) iteration\($0 == 1 ? "" : "s")" } ?? "any iteration"
  }

  /// The first iteration at which a unit runs; nil if there is none, or it is not known beforehand.
  private func firstRun(of unit: UnitDescription) -> Int? {
    let first = unit.when.firstIteration
    guard let count = iterations else { return first }
    let end = unit.when.includesLast ? count - 1 : nil
    return [first.flatMap { $0 < count ? $0 : nil }, end].compactMap(\.self).min()
  }

  /// Whether an output of one type can be read as another. What only shows while running passes: a class
  /// may be of a subclass, an existential may hold anything, an optional may have a value.
  private static func fits(_ given: Any.Type, _ wanted: Any.Type) -> Bool {
    let given = (given as? any OptionalType.Type)?.wrapped ?? given
    let isOpen = isExistential(given)
    if given == wanted || wanted == Any.self || isOpen { return true }
    guard wanted is any ValueConvertible.Type else { return true }
    guard given is any ValueConvertible.Type else { return false }
    guard isScalar(given), isScalar(wanted) else { return true }
    if wanted == Double.self || wanted == Float.self { return given is any Numeric.Type }
    return wanted is any BinaryInteger.Type && given is any BinaryInteger.Type
  }

  private static func isScalar(_ type: Any.Type) -> Bool {
    type is any BinaryInteger.Type
      || type == Double.self || type == Float.self || type == String.self || type == Bool.self
  }
}
