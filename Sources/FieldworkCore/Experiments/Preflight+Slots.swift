extension Research {
  /// The names that the configs of workers and branches give, each once.
  package var slotNames: [ParameterName] {
    slotLists.joined().flatMap(\.entries).map(\.name).uniqueByKey
  }

  /// The configs of the workers and those of the branches, as far as they are given.
  private var slotLists: [[Config]] {
    [settings.workers?.configs, settings.branches.configs].compactMap(\.self)
  }

  /// What is wrong with the parameters that the configs of workers and branches give.
  func slotNameProblems() -> [Problem] {
    let (own, given) = (domain?.parameterNames ?? [], slotNames)
    return given.indices.flatMap { index -> [Problem] in
      let name = given[index]
      var found: [Problem] = []
      if Self.reservedNames.contains(name.key) {
        found.append(
          Problem(
            "a worker or branch gives the parameter '\(name.key)', which results use themselves",
            remedy: "choose another name",
            place: place
          )
        )
      }
      if let other = (own + given[..<index]).first(where: {
        $0.alias == name.alias && $0.key != name.key
      }) {
        found.append(
          Problem(
            "the parameters \(other.key) and \(name.key) are both shown as '\(name.alias)'",
            remedy: "give each its own Alias",
            place: place
          )
        )
      }
      return found
    }
  }

  /// What is wrong with reading a parameter that workers or branches give, and whether they give it to all
  /// experiments.
  func slotProblems(
    _ key: String,
    _ type: Any.Type,
    _ unit: UnitDescription
  ) -> (found: [Problem], isComplete: Bool) {
    var found: [Problem] = []
    // What comes last wins, so values that all workers give hide those of the branches.
    for list in slotLists {
      for value in list.compactMap({ $0[alias: key] }) where !value.converts(to: type) {
        found.append(
          Problem(
            "unit '\(unit.name)' wants the parameter '\(key)' as \(type), but a worker or branch gives \(value.literalText)",
            remedy: "change the value or the function's argument",
            place: unit.place
          )
        )
      }
      if list.allSatisfy({ $0.contains(key) }) { return (found, true) }
    }
    return (found, false)
  }

  /// A root unit that reads what every branch has of its own, and so gets the first branch's.
  func rootWarnings(_ unit: UnitDescription) -> [Problem] {
    let readsAll = unit.dependencies.contains { if case .branches = $0 { true } else { false } }
    guard unit.isRoot, !readsAll else { return [] }
    return unit.dependencies.compactMap { dependency in
      let source: UnitDescription?
      switch dependency {
      case .output(let name, _), .unit(let name): source = units.first { $0.name == name }
      case .instance(let name): source = units.first { $0.instanceName == name }
      default: source = nil
      }
      guard let source, !source.isRoot else { return nil }
      return Problem(
        "the root unit '\(unit.name)' reads '\(source.name)', of which each branch has its own; it gets the first branch's",
        remedy: "read all of them with .all, or make '\(source.name)' root too",
        place: unit.place,
        severity: .warning
      )
    }
  }

  /// Two units that save under one name in one iteration: the later value replaces the earlier one.
  func doubleSavingWarnings(
    _ unit: UnitDescription,
    _ earlier: ArraySlice<UnitDescription>
  ) -> [Problem] {
    let end = iterations ?? 1000
    return unit.savedNames.compactMap { name in
      let other = earlier.last { other in
        other.savedNames.contains(name)
          && (0..<min(end, 1000)).contains { iteration in
            let isLast = iteration == end - 1
            return unit.when.runs(at: iteration, isLast: isLast)
              && other.when.runs(at: iteration, isLast: isLast)
          }
      }
      return other.map { other in
        Problem(
          "units '\(other.name)' and '\(unit.name)' both save '\(name)': where both run, the later value replaces the earlier one",
          remedy: "save one of them under another name",
          place: unit.place,
          severity: .warning
        )
      }
    }
  }
}

extension AnyAlias {
  /// Whether the value can be read as the type.
  func converts(to type: Any.Type) -> Bool {
    func test<T>(_ type: T.Type) -> Bool { converted(to: type) != nil }
    return _openExistential(type, do: test)
  }
}
