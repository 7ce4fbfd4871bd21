extension Research {
  /// Parameters that nothing reads: either a unit has been forgotten, or experiments are run in vain.
  ///
  /// Said only where everything that could read one tells what it reads.
  func unreadParameterWarnings() -> [Problem] {
    guard let keys = readKeys else { return [] }
    let own = domain?.parameterNames ?? []
    let given = slotNames.filter { name in !own.contains { $0.key == name.key } }
    return (own + given).filter { name in
      !keys.contains { key in
        // `a` may be read as a part of the group or dictionary that it belongs to, and the other way round.
        key == name.key || key.hasPrefix(name.key + "/") || name.key.hasPrefix(key + "/")
      }
    }.map { name in
      Problem(
        "nothing reads the parameter '\(name.key)'",
        remedy: "give a unit EC(\(Value.quoted(name.key))) as an argument, or leave it out",
        place: domain?.options(of: name.key).first?.place ?? place,
        severity: .warning
      )
    }
  }

  /// Returns a warning if a unit's code has read a parameter that no config of the research has; nil otherwise.
  package func warning(ofReading key: String) -> String? {
    let names = (domain?.parameterNames ?? []) + slotNames
    let isKnown = names.contains { name in
      name.key == key || name.key.hasPrefix(key + "/") || key.hasPrefix(name.key + "/")
    }
    // What an update brings is not known.
    guard !isKnown, updates.isEmpty, !Config.reservedKeys.contains(key) else { return nil }
    let listing = names.isEmpty ? "none" : names.map(\.key).joined(separator: ", ")
    return
      "a unit has read the parameter '\(key)', which no config has, and got nil; the domain has \(listing)"
  }

  /// The keys of the parameters that units and the domain's own conditions read; nil if something may read
  /// any.
  private var readKeys: Set<String>? {
    // Updates and executors see configs, and units that read the results see those of others.
    guard !units.isEmpty, updates.isEmpty, executor is StandardExecutor,
      let conditions = domain == nil ? [] : domain?.conditionKeys
    else { return nil }
    var keys = conditions
    for unit in units {
      guard !unit.opensContext else { return nil }
      for dependency in unit.dependencies {
        switch dependency {
        case .parameter(let key, _): keys.insert(key)
        case .config, .results, .anything: return nil
        case .output, .instance, .unit, .experiment, .identity, .storage, .directory, .branches:
          continue
        }
      }
    }
    return keys
  }

  /// Returns a warning for each name in a Dump that no unit saves.
  ///
  /// It returns none if some unit saves under names that are not known before the run.
  func dumpWarnings() -> [Problem] {
    guard !units.contains(where: \.savesUnknownNames) else { return [] }
    let saved = Set(units.flatMap(\.savedNames))
    return units.flatMap { unit -> [Problem] in
      guard case .dump(let names?) = unit.body else { return [] }
      return names.subtracting(saved).sorted().map { name in
        Problem(
          "a Dump names '\(name)', which no unit saves",
          remedy: saved.isEmpty
            ? "save it, or leave the Dump out"
            : "name a saved value: \(saved.sorted().joined(separator: ", "))",
          place: unit.place,
          severity: .warning
        )
      }
    }
  }

  /// Parameters that have several shown names.
  func shownNameWarnings() -> [Problem] {
    let options = domain?.node.options ?? []
    var names: [String: [ParameterName]] = [:]
    var order: [String] = []
    for option in options where names[option.name.key]?.contains(option.name) != true {
      if names[option.name.key] == nil { order.append(option.name.key) }
      names[option.name.key, default: []].append(option.name)
    }
    return order.compactMap { key in
      guard let all = names[key], all.count > 1 else { return nil }
      return Problem(
        "the parameter '\(key)' is shown as \(all.map { "'\($0.alias)'" }.joined(separator: " and "))",
        remedy:
          "give it one Alias; tables show one column for it, and configs that differ only in the shown name run separately",
        place: options.first { $0.name.key == key }?.place ?? place,
        severity: .warning
      )
    }
  }

  /// Returns the problems of objectives by which nothing can be compared, if all saved names are known.
  func objectiveWarnings() -> [Problem] {
    var found: [Problem] = []
    let names = settings.objectives.map(\.name)
    if let index = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
      found.append(
        Problem(
          "'\(names[index])' is given as an objective twice",
          remedy: "leave one of them out",
          place: place
        )
      )
    }
    guard !units.isEmpty, !units.contains(where: \.savesUnknownNames) else { return found }
    return found + settings.objectives.compactMap(warning)
  }

  private func warning(_ objective: Objective) -> Problem? {
    let saving = units.filter { $0.savedNames.contains(objective.name) }
    guard !saving.contains(where: canRun) else { return nil }
    let names = units.flatMap(\.savedNames).joined(separator: ", ")
    let message =
      saving.isEmpty
      ? "the objective '\(objective.name)' is saved by no unit"
      : "the objective '\(objective.name)' is saved by '\(saving[0].name)' alone, which never runs"
    let remedy =
      !saving.isEmpty
      ? "change its when:, or give more iterations"
      : names.isEmpty ? "save it, or leave out objective:" : "name a saved value: \(names)"
    return Problem(message, remedy: remedy, place: place, severity: .warning)
  }
}

extension UnitDescription {
  /// Whether it may save under names that only show while running.
  var savesUnknownNames: Bool {
    saving == .keys || opensContext || programSavesUnknownNames
      || dependencies.contains { dependency in
        switch dependency {
        case .storage, .anything: true
        default: false
        }
      }
  }
}

extension UnitDescription {
  private var programSavesUnknownNames: Bool {
    guard case .program(let program) = body else { return false }
    return program.output.names == nil
  }
}

extension RunContext {
  /// Whether a member tells of the run, and nothing of the config.
  static func isOfTheRun(_ path: AnyKeyPath) -> Bool {
    let members: [AnyKeyPath] = [
      \RunContext.id, \RunContext.name, \RunContext.branch, \RunContext.iteration,
      \RunContext.isLast, \RunContext.repetition, \RunContext.random, \RunContext.seed,
    ]
    return members.contains(path)
  }
}
