import FieldworkCore

/// What programs print that the user has named.
struct CommandProvenance: Sendable {
  private let programs: ProgramRunner
  private let commands: [(name: String, line: [String])]

  init(_ programs: ProgramRunner, _ sources: [ProvenanceSource]) {
    self.programs = programs
    var commands: [(name: String, line: [String])] = []
    for case .command(let name, let line) in sources
    where !commands.contains(where: { $0 == (name, line) }) {
      commands.append((name, line))
    }
    self.commands = commands
  }

  var isEmpty: Bool { commands.isEmpty }

  /// An item for each command, under its name. They run beside each other.
  func entries() async -> [ProvenanceEntry] {
    await withTaskGroup(of: (Int, String).self) { group in
      for (number, command) in commands.enumerated() {
        group.addTask { (number, await programs.run(command.line).report) }
      }
      var reports = [String](repeating: "", count: commands.count)
      for await (number, report) in group { reports[number] = report }
      return zip(commands, reports).map { ProvenanceEntry($0.name, $1) }
    }
  }
}
