extension Research {
  /// Names that results use for columns of their own.
  package static let reservedNames: Set<String> = [
    "id", "iteration", "repetition", "updates", "device", "ended",
  ]

  package static let noUnitsMessage = "the research has no units"

  /// Checks the definition before anything runs.
  /// - Returns: all problems at once, each with the place in the playbook.
  public func preflight() -> [Problem] {
    problems + settingProblems() + deviceMemoryProblems() + slotNameProblems() + domainProblems()
      + unitProblems() + updateProblems() + pruningProblems() + searchProblems()
      + checkpointProblems()
      + unreadParameterWarnings()
      + objectiveWarnings() + dumpWarnings() + shownNameWarnings() + branchWarnings()
  }

  /// Checks the definition before anything runs.
  /// - Parameters:
  ///   - others: problems that were found elsewhere.
  ///   - withoutUnits: true if a research without units is sound.
  /// - Returns: the warnings.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` with all errors.
  @discardableResult
  package func requireSound(
    _ others: [Problem] = [],
    withoutUnits: Bool = false
  ) throws -> [Problem] {
    let found = preflight().filter { !withoutUnits || $0.message != Self.noUnitsMessage } + others
    let errors = found.filter { $0.severity == .error }
    guard errors.isEmpty else {
      throw FieldworkError(
        .invalidDefinition,
        "the research cannot be run: \(errors.count) problem\(errors.count == 1 ? "" : "s")",
        problems: errors
      )
    }
    return found
  }

  private func error(_ message: String, _ remedy: String, _ place: SourceLocation? = nil) -> Problem
  {
    Problem(message, remedy: remedy, place: place ?? self.place)
  }

  // MARK: Settings

  /// What is wrong with the name; nil if it can be the path of a folder.
  package var nameProblem: Problem? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isBad = parts.contains { $0.isEmpty || $0 == "." || $0 == ".." } || name.utf8.contains(0)
    guard isBad || name.hasControls else { return nil }
    return error(
      "'\(name.inOneLine)' is not a research name",
      "use a relative path such as \"ising\" or \"lab/ising\""
    )
  }

  private func settingProblems() -> [Problem] {
    var found: [Problem] = []
    if let nameProblem { found.append(nameProblem) }
    found += numberLimits() + nameProblems()
    for (value, what) in [
      (settings.configs, "configs"), (settings.repetitions, "repetitions"),
      (settings.repeatEach, "repeatEach"), (settings.iterations, "iterations"),
      (settings.idPrefix, "idPrefix"), (settings.workers?.count, "workers"),
      (settings.branches.count, "branches"), (settings.outputLimit, "outputLimit"),
    ] {
      if let value, value < 1 {
        found.append(error("\(what) is \(value)", "give a number from 1 up, or leave it out"))
      }
    }
    if settings.configs != nil && domain == nil {
      found.append(
        error("there is no domain to take configs from", "leave out configs:, or add a Domain")
      )
    }
    if units.isEmpty {
      found.append(error(Self.noUnitsMessage, "add a Unit to its block"))
    }
    let generators = units.filter(\.yieldsElements)
    if iterations == nil, let first = generators.first,
      !generators.contains(where: \.when.isPeriodic)
    {
      found.append(
        error(
          "the \(first.kind.rawValue) '\(first.name)' runs at \(first.when), so its end never ends an experiment",
          "say how many iterations an experiment has with iterations:",
          first.place
        )
      )
    }
    return found
  }

  /// The most workers and branches that a run can have, and digits of a number in an id.
  private static let (mostWorkers, mostBranches, mostDigits) = (10_000, 100_000, 20)

  /// Numbers for which there is no use, and that no machine can give.
  private func numberLimits() -> [Problem] {
    [
      (settings.workers?.count, "workers", Self.mostWorkers),
      (settings.branches.count, "branches", Self.mostBranches),
      (settings.idPrefix, "idPrefix", Self.mostDigits),
      (settings.outputLimit, "outputLimit", 1 << 50),
    ].compactMap { value, what, most in
      guard let value, value > most else { return nil }
      return error("\(what) is \(value)", "give at most \(most)")
    }
  }

  /// Names that would break the lines of tables, or control a terminal.
  private func nameProblems() -> [Problem] {
    var found: [Problem] = []
    func check(_ name: String, _ what: String, _ place: SourceLocation?) {
      guard name.hasControls else { return }
      found.append(
        error(
          "the \(what) \(Value.quoted(name)) has control characters or line ends",
          "choose another name",
          place
        )
      )
    }
    for unit in units {
      check(unit.name, "unit name", unit.place)
      for name in unit.savedNames { check(name, "name of saved values", unit.place) }
    }
    var seen: Set<String> = []
    for option in domain?.allOptions ?? [] {
      for text in [option.name.key, option.name.alias] where seen.insert(text).inserted {
        check(text, "parameter name", option.place)
      }
    }
    return found
  }

  // MARK: Domain

  private func domainProblems() -> [Problem] {
    guard let domain else { return [] }
    var found = domain.problems
    for name in domain.parameterNames where Self.reservedNames.contains(name.key) {
      found.append(
        error(
          "a parameter is named '\(name.key)', which results use themselves",
          "choose another name",
          domain.options(of: name.key).first?.place
        )
      )
    }
    for (alias, names) in Dictionary(grouping: domain.parameterNames, by: \.alias)
    where Set(names.map(\.key)).count > 1 {
      found.append(
        error(
          "the parameters \(names.map(\.key).joined(separator: " and ")) are both shown as '\(alias)'",
          "give each its own Alias",
          names.first.flatMap { domain.options(of: $0.key).first?.place }
        )
      )
    }
    for option in domain.allOptions {
      guard let problem = option.firstStorageProblem else { continue }
      found.append(
        error(
          "a value of '\(option.name.key)' cannot be stored: \(problem)",
          "give another value",
          option.place
        )
      )
    }
    guard !found.contains(where: { $0.severity == .error }) else { return found }
    if domain.isEndless && settings.configs == nil && search == nil
      && !updates.contains(where: { $0.when.comesUp() })
    {
      found.append(
        error(
          "the domain has no end: some of its terms have samplers only",
          "say how many configs to run with configs: or --configs, or end it with an UpdateDomain",
          place
        )
      )
    }
    do {
      found += try duplicateWarnings(domain)
      var stream = try domain.stream(IterationSettings(configs: 1))
      if try stream.next() == nil {
        found.append(
          error(
            "the domain is empty: \(domain)",
            "give every parameter at least one value, and conditions that something passes"
          )
        )
      }
    } catch let failure as FieldworkError {
      found.append(
        Problem(
          failure.message + (failure.cause.map { " (\($0))" } ?? ""),
          place: failure.place ?? place
        )
      )
    } catch {
      found.append(Problem("\(error)", place: place))
    }
    return found
  }

  /// Equal configs in a domain are mostly a mistake; a large domain is not searched for them.
  private func duplicateWarnings(_ domain: Domain) throws -> [Problem] {
    guard search == nil, settings.duplicates == .run, !domain.isEndless,
      domain.node.baseCount <= Self.countLimit,
      let first = try domain.duplicates().first
    else { return [] }
    let place = first.keys.first.flatMap { domain.options(of: $0).first?.place }
    return [
      Problem(
        "the domain makes the config \(first) more than once",
        remedy: "leave the double out, or use repetitions:",
        place: place ?? self.place,
        severity: .warning
      )
    ]
  }

  // MARK: Units

  private func unitProblems() -> [Problem] {
    var found: [Problem] = []
    let indices = Dictionary(
      units.enumerated().map { ($1.name, $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let names = (domain?.parameterNames ?? []) + slotNames
    let parameters = Set(names.flatMap { [$0.key, $0.alias] })
    for (index, unit) in units.enumerated() {
      found += neverRunWarnings(unit)
      // Units that run one pipeline share what is wrong with it.
      found += unit.problems.filter { !found.contains($0) }
      found += savingProblems(unit, parameters)
      found += doubleSavingWarnings(unit, units[..<index])
      found += rootWarnings(unit)
      found += instanceNameProblems(unit, index)
      if unit.isRoot, unit.when.includesCleanup {
        found.append(
          error(
            "the root unit '\(unit.name)' runs at .cleanup, but branches end one by one",
            "leave out root: or .cleanup",
            unit.place
          )
        )
      }
      if let name = unit.cachedName, units[..<index].contains(where: { $0.cachedName == name }) {
        found.append(
          error("two cached units are named '\(name)'", "give each its own name", unit.place)
        )
      }
      for dependency in unit.dependencies {
        found += problems(of: dependency, unit, index, indices)
      }
    }
    return found
  }

  private func savingProblems(_ unit: UnitDescription, _ parameters: Set<String>) -> [Problem] {
    var found: [Problem] = []
    if let type = unit.outputType, let message = unit.saving?.mismatch(with: type) {
      let isCount = message.contains("names would save the")
      let remedy =
        isCount ? "give a name, or nil, for each element" : "save a plain value"
      found.append(error("unit '\(unit.name)': \(message)", remedy, unit.place))
    }
    for name in unit.savedNames {
      if parameters.contains(name) {
        found.append(
          error(
            "unit '\(unit.name)' saves '\(name)', which is the name of a parameter",
            "save it under another name",
            unit.place
          )
        )
      } else if Self.reservedNames.contains(name) || name.isEmpty {
        found.append(
          error(
            "unit '\(unit.name)' saves '\(name)', a name that results use themselves",
            "save it under another name",
            unit.place
          )
        )
      }
    }
    return found
  }

  private func instanceNameProblems(_ unit: UnitDescription, _ index: Int) -> [Problem] {
    guard unit.kind == .instance, let given = unit.instanceName else { return [] }
    let earlier = units[..<index].contains { $0.kind == .instance && $0.instanceName == given }
    return earlier
      ? [error("two instances are named '\(given)'", "give each its own name", unit.place)] : []
  }

  private func problems(
    of dependency: Dependency,
    _ unit: UnitDescription,
    _ index: Int,
    _ indices: [String: Int]
  ) -> [Problem] {
    switch dependency {
    case .experiment, .identity, .config, .storage, .directory, .branches, .results, .anything:
      return []
    case .parameter(let key, let type): return parameterProblems(key, type, unit)
    case .unit(let name):
      guard indices[name] == nil else { return [] }
      return [unknownUnit(name, unit)]
    case .instance(let name):
      let declared = units.firstIndex { $0.kind == .instance && $0.instanceName == name }
      guard let declared else {
        return [
          error(
            "unit '\(unit.name)' uses the instance '\(name)', which is not part of the research",
            "write the instance on a line of its own in the block, before the unit",
            unit.place
          )
        ]
      }
      guard declared > index else { return [] }
      return [
        error(
          "unit '\(unit.name)' uses the instance '\(name)', which is built later",
          "move the instance's line before the unit",
          unit.place
        )
      ]
    case .output(let name, let type):
      guard let read = indices[name] else { return [unknownUnit(name, unit)] }
      return outputProblems(units[read], readAt: read, type, unit, index)
    }
  }

  private func unknownUnit(_ name: String, _ unit: UnitDescription) -> Problem {
    let names = units.map(\.name).joined(separator: ", ")
    return error(
      "unit '\(unit.name)' reads the unit '\(name)', which the research does not have",
      "it has \(names)",
      unit.place
    )
  }

  private func partlyMissing(_ key: String, _ unit: UnitDescription, _ remedy: String) -> Problem {
    error(
      "unit '\(unit.name)' reads the parameter '\(key)', which some configs lack",
      remedy,
      unit.place
    )
  }

  private func parameterProblems(
    _ key: String,
    _ type: Any.Type,
    _ unit: UnitDescription
  ) -> [Problem] {
    if key == "device" { return deviceProblems(type, unit) }
    if Config.reservedKeys.contains(key) { return [] }
    var (found, isComplete) = slotProblems(key, type, unit)
    if isComplete { return found }
    let options = domain?.options(of: key) ?? []
    guard let domain, !options.isEmpty else {
      let names = (domain?.parameterNames ?? []) + slotNames
      // `a` may be the group of `a/b`; `a/b` may be inside the dictionary `a`.
      if names.contains(where: { $0.key.hasPrefix(key + "/") || key.hasPrefix($0.key + "/") }) {
        return []
      }
      if slotNames.contains(where: { $0.key == key }) {
        return type is any OptionalType.Type
          ? found
          : found + [
            partlyMissing(
              key,
              unit,
              "give it in every config of the list, or read it as the optional \(optional(type)), which is nil without it"
            )
          ]
      }
      let listing = names.map(\.key).joined(separator: ", ")
      return [
        error(
          "unit '\(unit.name)' reads the parameter '\(key)', which the domain does not have",
          "it has \(listing.isEmpty ? "none" : listing)",
          unit.place
        )
      ]
    }
    if !domain.always(has: key) && !(type is any OptionalType.Type) {
      found.append(
        partlyMissing(
          key,
          unit,
          "give it in every term of the domain, or read it as the optional \(optional(type)), which is nil in those configs"
        )
      )
    }
    for option in options {
      guard let value = option.firstValue(notConvertibleTo: type) else { continue }
      found.append(
        error(
          "unit '\(unit.name)' wants the parameter '\(key)' as \(type), but \(value) is not one",
          "change the values at \(option.place.map(String.init(describing:)) ?? "the domain") or the function's argument",
          unit.place
        )
      )
    }
    return found
  }
}

/// The optional of a type, as it is written.
private func optional(_ type: Any.Type) -> String {
  let text = "\(type)"
  return text.contains("->") ? "(\(text))?" : "\(text)?"
}

extension String {
  /// True if the text has control characters or line ends, or changes the direction of writing.
  package var hasControls: Bool {
    let isPlain = utf8.allSatisfy { (0x20..<0x7F).contains($0) }
    return !isPlain
      && unicodeScalars.contains {
        [.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
          || $0.turnsText
      }
  }
}

extension ParameterOption {
  /// Text on why one of the values cannot be stored; at most a thousand are tried.
  fileprivate var firstStorageProblem: String? {
    guard let count = values.count else { return nil }
    return (0..<min(count, 1000)).lazy.compactMap {
      values.value(at: $0).plain?.storageProblem
    }.first
  }

  /// A text for the first value that cannot be read as the type; at most a thousand are tried.
  fileprivate func firstValue(notConvertibleTo type: Any.Type) -> String? {
    switch values {
    case .sampler(let sampler):
      guard sampler.problem == nil else { return nil }
      var generator = Philox(seed: 0)
      guard let value = try? sampler.draw(&generator), !value.converts(to: type) else {
        return nil
      }
      return "a value of \(sampler)"
    default:
      for index in 0..<min(values.count ?? 0, 1000) {
        let value = values.value(at: index)
        if !value.converts(to: type) { return "the \(value.typeName) \(value.literalText)" }
      }
      return nil
    }
  }
}
