package import FieldworkCore
import Foundation

/// What has to hold before a run begins, and before anything that is stored is touched.
package struct RunCheck {
  private let research: Research
  private let debug: Bool
  private let selects: Bool
  private let keepsFiles: Bool
  private let hasProcesses: Bool

  /// - Parameters:
  ///   - selects: whether a condition leaves out experiments.
  ///   - keepsFiles: whether results go to a folder.
  ///   - hasProcesses: whether there can be worker processes.
  package init(
    _ research: Research,
    debug: Bool,
    selects: Bool,
    keepsFiles: Bool,
    hasProcesses: Bool
  ) {
    self.research = research
    self.debug = debug
    self.selects = selects
    self.keepsFiles = keepsFiles
    self.hasProcesses = hasProcesses
  }

  /// - Parameter others: problems that were found elsewhere.
  /// - Returns: the warnings.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` with all problems, of code `device` if the
  ///   memory of devices cannot be read.
  @discardableResult
  package func require(_ others: [Problem] = []) throws -> [Problem] {
    let found = try research.requireSound(problems + others)
    if research.settings.deviceMemory != nil { _ = try RunServices.memoryCheck(research.settings) }
    return found
  }

  private var problems: [Problem] {
    [
      selectionProblem, pruningProblem, windowProblem, debugProblem, memoryProblem, deviceProblem,
    ].compactMap(\.self)
      + outputProblems + engineProblems + programProblems
  }

  private var engineProblems: [Problem] {
    guard case .slurm(let options) = research.settings.engine else { return [] }
    var problems = options.problems.map { problem($0, "change engine:") }
    if !keepsFiles {
      problems.append(
        problem(
          "results in memory cannot be reached from other machines",
          "leave out --store memory"
        )
      )
    }
    if debug {
      problems.append(problem("--debug runs in this process", "add --engine local"))
    } else if research.settings.parallelism != .processes || !hasProcesses {
      problems.append(
        problem(
          "workers in jobs of Slurm are processes of their own, started from the playbook's command line",
          "leave out parallel: and --parallel, or run with --engine local"
        )
      )
    }
    if research.settings.deviceMemory != nil {
      problems.append(
        problem(
          "--memory-ratio looks at the devices of the machine of the run, and workers run on others",
          "leave out deviceMemory: and --memory-ratio, and ask Slurm for devices with --gres"
        )
      )
    }
    return problems
  }

  /// Programs and watched files that are not there. An experiment may make a program itself, and the machines of a cluster
  /// may have others.
  private var programProblems: [Problem] {
    guard case .local = research.settings.engine else { return [] }
    let search = ProgramSearch(
      path: ProcessInfo.processInfo.environment["PATH"] ?? "",
      folder: FileManager.default.currentDirectoryPath
    )
    var found = research.programs.compactMap { unit, program -> Problem? in
      guard let name = program.command.program, !name.contains("/"),
        program.environment["PATH"] == nil, search.file(name) == nil
      else { return nil }
      return Problem(
        "program '\(unit.name)': \(search.absence(of: name))",
        place: unit.place,
        severity: .warning
      )
    }
    for (unit, program) in research.programs {
      for path in CodeIdentity.missingFiles(of: program, in: search.folder) {
        found.append(
          Problem(
            "program '\(unit.name)' watches '\(path.name)', but there is no \(path.path)",
            remedy: "correct watches:, or start the run in the folder from which its paths begin",
            place: unit.place
          )
        )
      }
      for path in CodeIdentity.missingScripts(of: program, in: search.folder) {
        found.append(
          Problem(
            "program '\(unit.name)': there is no file \(path.path)",
            remedy:
              "correct '\(path.name)', or start the run in the folder from which its paths begin",
            place: unit.place,
            severity: .warning
          )
        )
      }
    }
    return found
  }

  private func problem(_ message: String, _ remedy: String, at place: SourceLocation? = nil)
    -> Problem
  {
    Problem(message, remedy: remedy, place: place ?? research.place)
  }

  private var selectionProblem: Problem? {
    guard selects, let update = research.updates.first else { return nil }
    return problem(
      "a condition leaves out experiments whose results the domain update decides by",
      "run without --where",
      at: update.place
    )
  }

  private var pruningProblem: Problem? {
    if selects, let search = research.search {
      return problem(
        "a condition leaves out experiments whose results the search chooses by",
        "run without --where",
        at: search.place
      )
    }
    guard selects, let pruning = research.pruning.first else { return nil }
    return problem(
      "a condition leaves out experiments whose results decide which others are pruned",
      "run without --where",
      at: pruning.place
    )
  }

  /// More workers than the window has room for have nothing to do.
  private var windowProblem: Problem? {
    let settings = research.settings
    guard let place = research.search?.place ?? research.pruning.first?.place else { return nil }
    guard let window = settings.window else {
      return Problem(
        "window: nil \(research.search == nil ? "prunes" : "chooses") by the results that are there, so the table depends on time",
        remedy: "give window: a number for a table that can be reproduced",
        place: place,
        severity: .warning
      )
    }
    let wanted = settings.wantedWorkers
    let busy = (window - 1) / settings.branches.count + 1
    guard busy < wanted else { return nil }
    return Problem(
      "a window of \(window) experiments keeps \(busy) of \(wanted) workers busy",
      remedy:
        "give window: \(settings.branches.count * (wanted - 1) + 1) or more, or run with --workers \(busy)",
      place: place,
      severity: .warning
    )
  }

  private var debugProblem: Problem? {
    guard debug, research.settings.parallelism != .serial else { return nil }
    return problem("debug needs one experiment after the other", "run with --parallel serial")
  }

  private var memoryProblem: Problem? {
    guard research.settings.deviceMemory != nil, research.settings.devices == nil,
      research.settings.engine == .local
    else { return nil }
    return problem(
      "there are no devices whose memory could be free",
      "say which with devices: or --devices"
    )
  }

  private var deviceProblem: Problem? {
    guard let devices = research.settings.devices else { return nil }
    do {
      let assignment = try DeviceAssignment(
        devices,
        workers: research.settings.wantedWorkers,
        branches: research.settings.branches.count
      )
      guard let mask = DeviceMask(ProcessInfo.processInfo.environment) else { return nil }
      let problems = (0..<assignment.workers).lazy
        .flatMap { assignment.visible(toWorker: $0) }.compactMap { mask.problem(of: $0) }
      return problems.first.map {
        Problem(
          "devices: \($0)",
          remedy: "change devices: or --devices, or what the scheduler gives",
          place: research.place
        )
      }
    } catch {
      let message = (error as? FieldworkError)?.message ?? "\(error)"
      return Problem("devices: \(message)", place: research.place)
    }
  }

  private var outputProblems: [Problem] {
    let settings = research.settings
    var found = OutputCapture.problems(
      output: settings.stdout,
      error: settings.stderr,
      hasFolder: keepsFiles,
      place: research.place
    )
    if settings.separatesOutput && !runsOneAtATime {
      found.append(
        problem(
          "what each experiment prints cannot be told apart while several run in one process",
          "run with --parallel processes or serial and branches one after another, or choose the output 'common' or 'terminal'"
        )
      )
    }
    return found
  }

  /// Whether no two units ever run at the same time in one process.
  private var runsOneAtATime: Bool {
    let settings = research.settings
    return (settings.wantedWorkers == 1 || hasProcesses && settings.parallelism == .processes)
      && (debug || settings.branches.count == 1 || settings.branchExecution == .sequential)
  }
}

extension ResearchSettings {
  /// The number of workers that were asked for.
  var wantedWorkers: Int {
    if parallelism == .serial { return 1 }
    return workers?.count ?? AvailableCores.count
  }
}
