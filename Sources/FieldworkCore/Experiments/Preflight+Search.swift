extension Research {
  /// The problems of a search.
  func searchProblems() -> [Problem] {
    guard let search else { return [] }
    var found: [Problem] = []
    func problem(_ message: String, _ remedy: String) {
      found.append(Problem(message, remedy: remedy, place: search.place))
    }
    let names = units.flatMap(\.savedNames)
    if !units.isEmpty, !units.contains(where: \.savesUnknownNames) {
      for objective in settings.objectives where !names.contains(objective.name) {
        problem(
          "no unit saves '\(objective.name)', \(settings.objectives.count > 1 ? "an" : "the") objective of the search",
          names.isEmpty ? "save it with saving:" : "saved are \(names.joined(separator: ", "))"
        )
      }
    }
    if settings.objectives.count > 1 {
      if !search.algorithm.supportsSeveralObjectives {
        problem(
          "the algorithm \(search.algorithm.text) searches one objective, and the research has \(settings.objectives.count)",
          "take .auto, .nsga2(), .tpe(), .gaussianProcess(), .quasiRandom or .random, or leave out all objectives but one"
        )
      }
      if search.end != nil {
        problem(
          "until: compares the values of one objective, and the research has \(settings.objectives.count)",
          "leave out until:, or all objectives but one"
        )
      }
    }
    if settings.objectives.isEmpty {
      problem(
        "a search needs to know which configs are better",
        "give the research objective: .minimize(\"name of a saved value\") or .maximize(…)"
      )
    }
    if !updates.isEmpty {
      problem("a search and an update both choose configs", "leave out Search or Update")
    }
    if settings.repeatEach != nil {
      problem(
        "a search runs the repetitions of a config one after another",
        "leave out repeatEach:"
      )
    }
    if domain == nil, settings.configs == nil {
      problem("there is no domain to search", "add Domain(…)")
    }
    guard let domain, domain.problems.allSatisfy({ $0.severity != .error }) else { return found }
    do {
      let space = try DomainSpace(domain)
      if settings.configs == nil, space.count == nil, search.end == nil {
        problem("the search has no end", "write Search(…, configs: 100)")
      }
    } catch {
      problem("\((error as? FieldworkError)?.message ?? "\(error)")", "change the domain")
    }
    return found
  }
}
