extension Research {
  /// The number of experiments that are planned before the domain is updated; nil if there is no end, or it
  /// takes long to count them.
  var plannedCount: Int? {
    let repetitions = max(settings.repetitions, 0)
    guard let domain else { return repetitions }
    if let configs = settings.configs { return saturatingProduct(configs, repetitions) }
    // Conditions are tried config by config.
    guard !domain.node.hasConditions || domain.node.baseCount <= Self.countLimit,
      let count = try? domain.counted()
    else { return nil }
    return saturatingProduct(count, repetitions)
  }

  /// The number of configs up to which a domain is gone through before anything runs.
  static let countLimit = 2000

  /// More branches than there are experiments.
  func branchWarnings() -> [Problem] {
    let branches = settings.branches
    guard updates.isEmpty, branches.count > 1, let count = plannedCount, count > 0,
      branches.count > count
    else { return [] }
    let experiments = "\(count) experiment\(count == 1 ? "" : "s")"
    return [
      Problem(
        branches.configs == nil
          ? "there are \(branches.count) branches for \(experiments)"
          : "branches give \(branches.count) configs for \(experiments), so the last ones are not used",
        remedy: "leave out branches, or add configs or repetitions",
        place: place,
        severity: .warning
      )
    ]
  }

  /// What is wrong with the rules that replace the domain.
  func updateProblems() -> [Problem] {
    var found = updates.filter { !$0.when.canRun(inIterations: nil) }.map { update in
      lateUpdate(update, "\(update.when)", "change its when:")
    }
    // A rule that comes may bring the configs after which another one does.
    if found.isEmpty, let count = plannedCount, count > 0,
      !updates.contains(where: { $0.when.canRun(inIterations: count) })
    {
      let experiments = "\(count) experiment\(count == 1 ? "" : "s")"
      found += updates.map { update in
        lateUpdate(
          update,
          "\(update.when) in \(experiments)",
          "change its when:, which counts experiments; .last is when the domain is through"
        )
      }
    }
    for update in updates {
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
      if update.dependencies.contains(where: \.isOfAnExperiment) {
        found.append(
          Problem(
            "a domain update reads something of an experiment, but none is running then",
            remedy: "read R(), the results so far, or a Constant",
            place: update.place
          )
        )
      }
    }
    return found
  }

  private func lateUpdate(_ update: DomainUpdate, _ when: String, _ remedy: String) -> Problem {
    Problem(
      "the domain update never applies: \(when)",
      remedy: remedy,
      place: update.place,
      severity: .warning
    )
  }
}

extension Dependency {
  /// Whether there is nothing to read while no experiment runs, as far as the expression says.
  fileprivate var isOfAnExperiment: Bool {
    switch self {
    case .results, .anything: false
    default: true
    }
  }
}
