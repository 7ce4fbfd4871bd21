/// A program that a unit or a call runs.
package struct ProgramDescription: Sendable {
  package var command: ProgramCommand
  package var output = ProgramOutput.jsonLines
  package var input = ProgramInput.none
  /// Variables beside those of the process.
  package var environment: [String: ProgramText] = [:]
  /// The folder in which the program runs; nil for the one in which the run was started.
  package var folder: ProgramText?
  /// The files and folders that the results depend on; nil for the files that the command names.
  package var watches: [String]?
  /// The time between SIGTERM and SIGKILL.
  package var grace = Duration.seconds(5)

  package init(_ command: ProgramCommand) { self.command = command }

  /// All that the texts read. Any program can read the whole config and the experiment's folder.
  package var dependencies: [Dependency] {
    let sorted = environment.sorted { $0.key < $1.key }
    let named =
      command.dependencies + sorted.flatMap(\.value.dependencies)
      + (folder?.dependencies ?? [])
    // Without a value in the command the config comes by its file.
    return input == .config || !named.contains(where: \.isParameter) ? named + [.config] : named
  }

  /// The problems that show before anything runs.
  package func problems(of name: String, _ place: SourceLocation) -> [Problem] {
    let errors = (command.problems + output.problems).map { problem in
      Problem("program '\(name)': \(problem.message)", remedy: problem.remedy, place: place)
    }
    let warnings = command.doubts.map { doubt in
      Problem(
        "program '\(name)': \(doubt.message)",
        remedy: doubt.remedy,
        place: place,
        severity: .warning
      )
    }
    var found = errors + warnings
    if grace < .zero {
      found.append(
        Problem("program '\(name)': grace is negative", remedy: "give 0 or more", place: place)
      )
    }
    if let folder, folder.constant == nil,
      let relative = watches?.first(where: { !$0.hasPrefix("/") })
    {
      found.append(
        Problem(
          "program '\(name)' watches '\(relative)', but its folder is another one for each experiment",
          remedy: "give the whole path",
          place: place
        )
      )
    }
    let names = environment.keys.filter { $0.isEmpty || $0.contains("=") || $0.utf8.contains(0) }
    for variable in names.sorted() {
      found.append(
        Problem(
          "program '\(name)': \(Value.quoted(variable)) is not a name of a variable",
          remedy: "choose a name without '='",
          place: place
        )
      )
    }
    return found
  }
}

extension Dependency {
  fileprivate var isParameter: Bool { if case .parameter = self { true } else { false } }
}

extension Research {
  /// The programs among the units.
  package var programs: [(unit: UnitDescription, program: ProgramDescription)] {
    units.compactMap { unit in
      if case .program(let program) = unit.body { (unit, program) } else { nil }
    }
  }
}
