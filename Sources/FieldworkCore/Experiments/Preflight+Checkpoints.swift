extension Research {
  /// What a checkpoint could not keep.
  func checkpointProblems() -> [Problem] {
    guard settings.checkpoint != nil else { return [] }
    var found = units.flatMap { unitProblems($0) + instanceProblems($0) + oldOutputProblems($0) }
    if !(executor is StandardExecutor) {
      found.append(
        problem(
          "the executor \(type(of: executor)) may hold a state, which a checkpoint cannot keep",
          "leave out checkpoint:, or end experiments in a unit with run.stop()",
          place
        )
      )
    }
    return found
  }

  private func problem(_ message: String, _ remedy: String, _ place: SourceLocation) -> Problem {
    Problem(message, remedy: remedy, place: place)
  }

  private func unitProblems(_ unit: UnitDescription) -> [Problem] {
    if case .generator = unit.body {
      let what = unit.kind == .generator ? "generator" : "pipeline of unit"
      return [
        problem(
          "a checkpoint cannot keep where the \(what) '\(unit.name)' is",
          "leave out checkpoint:, or hold the position in an instance that is Checkpointable",
          unit.place
        )
      ]
    }
    if unit.isRoot || reach(of: unit).branches {
      let what = unit.isRoot ? "is shared by the branches" : "reads other branches"
      return [
        problem(
          "'\(unit.name)' \(what), but a checkpoint keeps one experiment",
          "leave out checkpoint:, or run each experiment by itself",
          unit.place
        )
      ]
    }
    return []
  }

  private func instanceProblems(_ unit: UnitDescription) -> [Problem] {
    guard unit.kind == .instance, let type = unit.outputType else { return [] }
    var found: [Problem] = []
    if !(type is any Checkpointable.Type || type is any ValueConvertible.Type
      || isExistential(type))
    {
      found.append(
        problem(
          "a checkpoint cannot keep the instance '\(unit.name)': \(type) is not Checkpointable",
          "make it conform, with checkpoint() and restore(from:); one that never changes gives no bytes",
          unit.place
        )
      )
    }
    for case .output(let name, _) in unit.dependencies
    where !units.contains(where: { $0.kind == .instance && $0.name == name }) {
      found.append(
        problem(
          "the instance '\(unit.name)' is built of the output of '\(name)', but has to be built again to go on from a checkpoint",
          "build it of parameters and of other instances",
          unit.place
        )
      )
    }
    return found
  }

  /// The iterations that are looked at. What is beyond shows when a unit reads it.
  private static let searchLimit = 1000

  /// Outputs of earlier iterations that are not plain.
  private func oldOutputProblems(_ unit: UnitDescription) -> [Problem] {
    guard unit.kind != .instance else { return [] }
    let names = unit.dependencies.compactMap { dependency -> String? in
      switch dependency {
      case .output(let name, _), .unit(let name): name
      default: nil
      }
    }
    return names.compactMap { name in
      guard let source = units.firstIndex(where: { $0.name == name }),
        units[source].kind != .instance, let type = units[source].outputType,
        !(type is any ValueConvertible.Type), type != Void.self, !isExistential(type),
        let reader = units.firstIndex(where: { $0.name == unit.name }),
        let iteration = iterationOfOldOutput(units[source], isBefore: source < reader, unit)
      else { return nil }
      return problem(
        "unit '\(unit.name)' reads in iteration \(iteration) an earlier output of '\(name)', a \(type), which a checkpoint cannot keep",
        "let both run in the same iterations, make it a plain value, or hold it in an instance",
        unit.place
      )
    }
  }

  /// The first iteration in which a unit reads an output that is not of the same iteration; nil if there is
  /// none.
  private func iterationOfOldOutput(
    _ source: UnitDescription,
    isBefore: Bool,
    _ unit: UnitDescription
  ) -> Int? {
    let count = min(iterations ?? Self.searchLimit, Self.searchLimit)
    var hasRun = false
    for iteration in 0..<count {
      let isLast = iteration + 1 == iterations
      let runs = source.when.runs(at: iteration, isLast: isLast)
      if runs && isBefore { hasRun = true }
      if unit.when.runs(at: iteration, isLast: isLast), hasRun, !(runs && isBefore) {
        return iteration
      }
      if runs { hasRun = true }
    }
    return nil
  }
}
