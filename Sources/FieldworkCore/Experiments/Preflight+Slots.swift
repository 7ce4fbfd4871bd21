extension Research {
  /// The names that the configs of workers and branches give, each once.
  var slotNames: [ParameterName] {
    slotLists.joined().flatMap(\.entries).map(\.name).uniqueByKey
  }

  /// The configs of the workers and those of the branches, as far as they are given.
  private var slotLists: [[Config]] {
    [settings.workers?.configs, settings.branches.configs].compactMap(\.self)
  }

  /// What is wrong with reading a parameter that every worker or every branch gives.
  /// - Returns: nil if none of them gives it to all experiments.
  func slotProblems(_ key: String, _ type: Any.Type, _ unit: UnitDescription) -> [Problem]? {
    let lists = slotLists.filter { list in list.allSatisfy { $0.contains(key) } }
    guard !lists.isEmpty else { return nil }
    // What comes last wins, so the workers' values hide those of the branches.
    return lists[0].compactMap { config -> Problem? in
      guard let value = config[alias: key], !value.converts(to: type) else { return nil }
      return Problem(
        "unit '\(unit.name)' wants the parameter '\(key)' as \(type), but a worker or branch gives \(value.literalText)",
        remedy: "change the value or the function's argument",
        place: unit.place
      )
    }
  }

  /// What is wrong with the rules that replace the domain.
  func updateProblems() -> [Problem] {
    var found: [Problem] = []
    for update in updates {
      if !update.when.canRun(inIterations: nil) {
        found.append(
          Problem(
            "the domain update never applies: \(update.when)",
            remedy: "change its when:",
            place: update.place,
            severity: .warning
          )
        )
      }
      if update.configs.map({ $0 < 1 }) ?? false || update.repetitions < 1
        || update.repeatEach.map({ $0 < 1 }) ?? false
      {
        found.append(
          Problem(
            "the domain update has configs, repetitions or repeatEach below 1",
            remedy: "give numbers from 1 up, or leave them out",
            place: update.place
          )
        )
      }
      for dependency in update.dependencies {
        if case .results = dependency { continue }
        found.append(
          Problem(
            "a domain update reads something of an experiment, but none is running then",
            remedy: "read R(), the results so far, or a Constant",
            place: update.place
          )
        )
        break
      }
    }
    return found
  }
}

extension AnyAlias {
  /// Whether the value can be read as the type.
  func converts(to type: Any.Type) -> Bool {
    func test<T>(_ type: T.Type) -> Bool { converted(to: type) != nil }
    return _openExistential(type, do: test)
  }
}
