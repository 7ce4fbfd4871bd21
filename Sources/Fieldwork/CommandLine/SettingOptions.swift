import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkSearch
import FieldworkStore

/// Reads one of a type's names.
/// - Throws: `ValidationError`, which lists the names.
@Sendable func choice<T: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> T {
  guard let value = T(rawValue: text) else {
    let names = T.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("'\(text)' is none of \(names)")
  }
  return value
}

/// Names of a type, for help texts.
func choices<T: RawRepresentable<String> & CaseIterable>(_ type: T.Type) -> String {
  T.allCases.map(\.rawValue).joined(separator: "|")
}

/// Where the results are.
struct LocationOptions: ParsableArguments {
  @Option(
    name: .customLong("directory"),
    help: ArgumentHelp("The directory of all results.", valueName: "path")
  )
  var directory = "research"

  @Option(
    name: .customLong("name"),
    help: ArgumentHelp(
      "Another name for the research, and with it another folder.",
      valueName: "name"
    )
  )
  var name: String?

  func validate() throws {
    if directory.isEmpty { throw ValidationError("--directory is empty: give a path, such as .") }
  }

  func folder(of research: Research) throws -> ResearchFolder {
    let name = name ?? research.name
    var named = research
    named.name = name
    if let problem = named.nameProblem {
      let remedy = problem.remedy.map { "; \($0)" } ?? ""
      throw FieldworkError(.invalidDefinition, "--name: \(problem.message)\(remedy)")
    }
    return ResearchFolder(directory: directory, name: name)
  }

  /// The options as they have to be given again in a shell, with a space before each.
  var text: String {
    let words =
      (directory == "research" ? [] : ["--directory", directory])
      + (name.map { ["--name", $0] } ?? [])
    return words.isEmpty ? "" : " \(ShellWords.joined(words))"
  }
}

/// What the command line overrides of a research.
struct SettingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How many configs to take.", valueName: "n"))
  var configs: Int?

  @Option(help: ArgumentHelp("How often to run every config.", valueName: "n"))
  var repetitions: Int?

  @Option(
    help: ArgumentHelp("How many configs to repeat as one block; all by default.", valueName: "n")
  )
  var repeatEach: Int?

  @Option(help: ArgumentHelp("How many iterations an experiment has.", valueName: "n"))
  var iterations: Int?

  @Option(
    help: ArgumentHelp(
      "The seed of everything random; drawn and recorded by default.",
      valueName: "n"
    )
  )
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "Choose configs by the results of those before, or run all of them (none).",
      valueName: "algorithm"
    )
  )
  var search: SearchChoice?

  @Option(
    help: ArgumentHelp(
      "The number of experiments that may run while results decide about the next one, for searches and pruning.",
      valueName: "n"
    )
  )
  var window: Int?

  @Option(
    help: ArgumentHelp(
      "Prefix ids with the numbers of their values, of so many digits.",
      valueName: "digits"
    )
  )
  var idPrefix: Int?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Replace a parameter's values: --set lr=0.1,0.01. Repeatable. Values are written as in conditions: numbers, inf, null, true, texts (in quotes if they hold commas), lists in brackets; or as a range of integers, 1...10, or a sampler, 'logUniform(1e-4...1e-1)'.",
      valueName: "name=values"
    )
  )
  var replacements: [String] = []

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only experiments whose config satisfies the condition: --where 'lr < 0.1 and size == 8'.",
      valueName: "condition"
    )
  )
  var condition: String?

  /// The options that change how many experiments are planned, as they are given.
  var planOverrides: [String] {
    let numbers = [
      ("--configs", configs), ("--repetitions", repetitions), ("--repeat-each", repeatEach),
    ]
    return numbers.flatMap { option, number in number.map { [option, String($0)] } ?? [] }
      + (search.map { ["--search", $0.rawValue] } ?? [])
  }

  /// A research with as many experiments as the last run planned.
  static func planned(_ research: Research, _ notes: [String: Value]) -> Research {
    let words = StoredOverrides.decode(notes)
    return (try? SettingOptions.parse(words).applied(to: research)) ?? research
  }

  /// Takes the sizes of the last run where none are given.
  mutating func completeSizes(_ notes: [String: Value]) {
    guard let stored = try? SettingOptions.parse(StoredOverrides.decode(notes)) else { return }
    configs = configs ?? stored.configs
    repetitions = repetitions ?? stored.repetitions
    repeatEach = repeatEach ?? stored.repeatEach
    search = search ?? stored.search
  }

  /// The research with all overrides.
  func applied(to research: Research) throws -> Research {
    var research = research
    if let search { research = research.searching(search.algorithm) }
    if let configs { research.settings.configs = try positive(configs, "--configs") }
    if let repetitions {
      research.settings.repetitions = try positive(repetitions, "--repetitions")
    }
    if let repeatEach { research.settings.repeatEach = try positive(repeatEach, "--repeat-each") }
    if let iterations { research.settings.iterations = try positive(iterations, "--iterations") }
    if let seed { research.settings.seed = seed }
    if let window { research.settings.window = try positive(window, "--window") }
    if let idPrefix { research.settings.idPrefix = try positive(idPrefix, "--id-prefix") }
    for replacement in try replacements.map(ValueReplacement.init).checkedForDoubles() {
      research = try replacement.applied(to: research)
    }
    return research
  }

  /// - Throws: ``FieldworkError`` if the condition cannot be read or names a parameter that the domain
  ///   lacks.
  func selection(in research: Research) throws -> Selection? {
    guard let condition else { return nil }
    let parsed = try Condition(option: condition)
    let known = research.parameterList.flatMap { [$0.key, $0.alias] } + ["repetition"]
    for name in parsed.names where !known.contains(name) {
      throw FieldworkError(
        .missingParameter,
        "--where: the domain has no parameter '\(name)', it has \(research.parameterText)"
      )
    }
    return Selection(parsed)
  }
}

/// - Throws: ``FieldworkError`` if a number is below 1.
func positive(_ number: Int, _ option: String) throws -> Int {
  guard number > 0 else {
    throw FieldworkError(.invalidDefinition, "\(option) is \(number): give a number from 1 up")
  }
  return number
}

extension Research {
  /// The parameters of the domain, and those that configs of workers and branches add.
  var parameterList: [ParameterName] {
    let names = domain?.parameterNames ?? []
    return names + slotNames.filter { slot in !names.contains { $0.key == slot.key } }
  }

  /// A line about experiments that results decide on; nil if all are known.
  /// - Parameters:
  ///   - size: the number of all experiments; nil if it is not known.
  ///   - known: the number of those that are known.
  func openPlanRemark(_ size: Int?, known: Int) -> String? {
    if search != nil {
      guard let size else { return "the search chooses the other configs while the research runs" }
      guard size > known else { return nil }
      let left = Wording.count(size - known, "experiment")
      return "the search chooses the configs of \(left) while the research runs"
    }
    return updates.isEmpty
      ? nil : "domain updates may change the experiments while the research runs"
  }

  var parameterText: String {
    parameterList.isEmpty ? "none" : parameterList.map(\.key).joined(separator: ", ")
  }
}

extension Condition {
  /// Reads the value of `--where`.
  /// - Throws: ``FieldworkError`` of code `unreadableText`, which names the option.
  init(option text: String) throws {
    do {
      try self.init(text)
    } catch let error as FieldworkError {
      throw FieldworkError(.unreadableText, "--where: \(error.message)")
    }
  }
}

/// An algorithm of a search, or none: all configs of the domain in order.
enum SearchChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, tpe, cmaes, gp, nsga2, qmc, random, none

  /// nil for none.
  var algorithm: SearchAlgorithmName? { SearchAlgorithmName(rawValue: rawValue) }
}
