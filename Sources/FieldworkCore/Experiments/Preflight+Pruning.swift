extension Research {
  /// The problems of pruning rules and of the window.
  func pruningProblems() -> [Problem] {
    var found: [Problem] = []
    if let window = settings.window, window < 1 {
      found.append(
        Problem(
          "window is \(window)",
          remedy: "give a number from 1 up, or nil for any number",
          place: place
        )
      )
    }
    for pruning in pruning {
      func problem(_ message: String, _ remedy: String, _ severity: Problem.Severity = .error) {
        found.append(
          Problem(message, remedy: remedy, place: pruning.place, severity: severity)
        )
      }
      if pruning.objective(settings.objectives) == nil {
        problem(
          "it is not known whether a small or a large '\(pruning.name)' is better",
          "write by: .minimize(\(Value.quoted(pruning.name))) or .maximize(…), or make it the objective of the research"
        )
      }
      let savesAnything = units.contains(where: \.savesUnknownNames)
      let names = units.flatMap(\.savedNames)
      if !savesAnything, !names.contains(pruning.name) {
        problem(
          "no unit saves '\(pruning.name)', by which experiments are pruned",
          names.isEmpty ? "save it with saving:" : "saved are \(names.joined(separator: ", "))"
        )
      }
      if iterations == 1 {
        problem(
          "an experiment of one iteration cannot be pruned",
          "give the research iterations:, or leave out Prune",
          .warning
        )
      }
    }
    return found
  }
}
