public import Logging

/// A research: a domain, the steps of an experiment, and how to run them. A value; nothing runs until a
/// runner is given it.
public struct Research: Sendable {
  /// The name, which is also the path of its folder below the results directory.
  public var name: String
  /// The configs to try; nil for one experiment with an empty config.
  public private(set) var domain: Domain?
  /// The steps of an experiment, in the order in which they run.
  public let units: [UnitDescription]
  /// The rules by which the domain is replaced while the research runs; of several that apply, the
  /// first one is used.
  public private(set) var updates: [DomainUpdate]
  /// The rules that end experiments early.
  public package(set) var pruning: [PruningDescription]
  /// The search that chooses configs; nil to run all configs of the domain in order.
  public package(set) var search: SearchDescription?
  public var settings: ResearchSettings
  /// The configs that were added from the command line. They come before those of the domain.
  package var added: [Config] = []
  /// The results of other researches from which its search begins, in order.
  package var earlier: [(config: Config, values: [Double])] = []
  /// By number: the configs that the searches of earlier runs have chosen, for previews.
  package var chosen: [Int: Config] = [:]
  /// What runs the experiments of a task.
  public var executor: any BranchExecutor
  /// What was found wrong while the block was read; ``preflight()`` finds the rest.
  package let problems: [Problem]
  public let place: SourceLocation

  /// Makes a research; units of one name get a postfix: `f`, `f_1`, `f_2`.
  package init(
    name: String,
    domains: [Domain],
    units: [UnitDescription],
    updates: [DomainUpdate] = [],
    pruning: [PruningDescription] = [],
    searches: [SearchDescription] = [],
    settings: ResearchSettings,
    executor: any BranchExecutor = StandardExecutor(),
    problems: [Problem],
    place: SourceLocation
  ) {
    self.name = name
    self.updates = updates
    self.pruning = pruning
    self.executor = executor
    search = searches.first
    domain = domains.first
    self.units = Research.uniquelyNamed(units)
    self.settings = settings
    self.place = place
    var all = problems
    all += searches.dropFirst().map {
      Problem("the research has \(searches.count) searches", remedy: "leave one", place: $0.place)
    }
    if domains.count > 1 {
      all.append(
        Problem(
          "the research has \(domains.count) domains",
          remedy: "join them in one expression with + or *",
          place: place
        )
      )
    }
    self.problems = all
  }

  /// The postfix is the smallest free number, so that it never meets a name that was given.
  private static func uniquelyNamed(_ units: [UnitDescription]) -> [UnitDescription] {
    let given = Set(units.map(\.name))
    var taken = Set<String>()
    return units.map { unit in
      var unit = unit
      let name = unit.name
      var number = 1
      while !taken.insert(unit.name).inserted {
        repeat {
          unit.name = "\(name)_\(number)"
          number += 1
        } while given.contains(unit.name)
      }
      return unit
    }
  }

  /// True if no unit is a generator or a program, so that an experiment without a number of iterations has one.
  public var hasOnlyFunctions: Bool { !units.contains(where: \.yieldsElements) }

  /// The number of iterations of an experiment; nil if only the units end it.
  public var iterations: Int? { settings.iterations ?? (hasOnlyFunctions ? 1 : nil) }

  /// The versions of the units that have one, as a text; nil if none has.
  package var unitVersions: String? {
    let versions = units.compactMap { unit in unit.version.map { (unit.name, Value.string($0)) } }
    guard !versions.isEmpty else { return nil }
    return Value.dictionary(Dictionary(versions, uniquingKeysWith: { $1 })).canonicalText
  }

  /// True if some unit runs when an experiment is over.
  package var hasCleanup: Bool { units.contains(where: \.when.includesCleanup) }

  /// The research with another domain.
  package func replacing(domain: Domain) -> Research {
    var research = self
    research.domain = domain
    return research
  }

  /// The research with another domain, which nothing replaces.
  package func fixed(to domain: Domain) -> Research {
    var research = replacing(domain: domain)
    research.updates = []
    research.search = nil
    return research
  }

  /// The research with the integers of a range as values of a parameter.
  package func replacing(_ key: String, with range: ClosedRange<Int>) -> Research {
    var research = self
    research.domain = domain?.replacing(key, with: range)
    return research
  }

  /// The research with values of a parameter that are drawn.
  package func replacing(_ key: String, with sampler: AnySampler) -> Research {
    var research = self
    research.domain = domain?.replacing(key, with: sampler)
    return research
  }

  /// The research with other values of a parameter, see ``Domain/replacing(_:with:file:line:)``.
  package func replacing(_ key: String, with values: [AnyAlias]) -> Research {
    var research = self
    research.domain = domain?.replacing(key, with: values, file: place.file, line: place.line)
    return research
  }
}

/// How a research is run: what the playbook says, overridden by what the command line says.
public struct ResearchSettings: Sendable, Hashable {
  /// The number of configs, see ``IterationSettings/configs``.
  public var configs: Int?
  /// The policy for configs that the domain gives more than once.
  public var duplicates = DuplicatePolicy.run
  /// How often every config is run.
  public var repetitions = 1
  /// The length of the blocks that are repeated, see ``IterationSettings/repeatEach``.
  public var repeatEach: Int?
  /// The number of iterations of an experiment; nil for one, or for as many as its generators have.
  public var iterations: Int?
  /// The seed of everything random; nil to draw one, which is recorded.
  public var seed: UInt64?
  /// Whether the iteration in which an experiment stops or fails is completed by the other units.
  public var finalize = true
  /// The number of digits in the ids' prefixes; nil for ids without prefixes.
  public var idPrefix: Int?
  /// The saved values by which configs are compared; empty for none.
  public var objectives: [Objective] = []
  /// The number of experiments that may run while the next one is decided on by results; nil for any number, so that
  /// results depend on time. Only pruning and adaptive search decide by results.
  public var window: Int? = 8
  /// The workers, as a number or as a config for each; nil for as many as the machine has cores.
  public var workers: Slots?
  /// How many experiments run together, in step, and share root units.
  public var branches: Slots = 1
  public var branchExecution = BranchExecution.concurrent
  public var profiling = Profiling.off
  /// After which iterations the state of an experiment is saved, so that it can go on from there; nil for
  /// none.
  public var checkpoint: When?
  /// The provenance that is recorded of a run; nil to leave it to the command that runs the
  /// research.
  public var provenance: [ProvenanceSource]?
  /// The devices that are shared out among workers and branches; nil for none.
  public var devices: DeviceList?
  /// When a worker's devices count as free.
  public var deviceMemory: DeviceMemoryRule?
  /// Where the units' standard output goes; nil to leave it to the command that runs the research.
  public var stdout: OutputMode?
  /// Where the units' standard error goes; nil to leave it to the command that runs the research.
  public var stderr: OutputMode?
  /// The number of bytes that are kept of what one experiment writes to a stream: the beginning and the end; nil for all
  /// of it.
  public var outputLimit: Int? = 64 << 20
  /// The level below which nothing is logged; nil to leave it to the command that runs the research.
  public var logLevel: Logger.Level?
  public var parallelism = Parallelism.processes
  /// The place of the outputs of cached units.
  public var cache = CacheLocation.research
  /// The most bytes that the outputs of cached units may take; nil for any number.
  public var cacheLimit: Int?
  /// The place in which workers run.
  public var engine = ResearchEngine.local
  /// The policy for stored results that another build of the playbook has made.
  public var otherBuilds = OtherBuildPolicy.keep

  public init() {}

  /// The first of the saved values by which configs are compared; nil for none. A value that is set replaces all.
  public var objective: Objective? {
    get { objectives.first }
    set { objectives = newValue.map { [$0] } ?? [] }
  }
}

/// The policy for configs that a domain, or domains after one another, give more than once.
public enum DuplicatePolicy: String, Sendable, Hashable, CaseIterable {
  /// Runs each of them, as experiments of their own.
  case run
  /// Runs the first one. It counts for the others.
  case skip
}

/// How experiments run beside each other.
public enum Parallelism: String, Sendable, Hashable, CaseIterable {
  /// One after another, in the calling task.
  case serial
  /// At once, in tasks of one process.
  case threads
  /// At once, in processes of their own, so that one that dies is a result and no more. A run that cannot
  /// start the program again, such as one in a test, uses threads.
  case processes
}

/// The policy for stored results that another build of the playbook has made. The code of its units may differ although
/// their declarations are the same.
public enum OtherBuildPolicy: String, Sendable, Hashable, CaseIterable {
  /// Keeps the results and prints their number.
  case keep
  /// Runs their experiments again.
  case rerun
  /// Keeps the results and counts them as results of the current build from now on.
  case accept
}

/// What a worker waits for before each task: that its devices have memory free.
public struct DeviceMemoryRule: Sendable, Hashable {
  /// The share of each device's memory that has to be free, above 0 and up to 1.
  public var free: Double
  /// How often it is looked at before the worker gives up.
  public var attempts: Int
  /// The time between two looks, in seconds.
  public var delay: Double

  public init(free: Double, attempts: Int = 3, delay: Double = 5) {
    self.free = free
    self.attempts = attempts
    self.delay = delay
  }
}

/// A saved value by which configs are compared.
public struct Objective: Sendable, Hashable {
  public enum Direction: String, Sendable, Hashable {
    case minimize, maximize
  }

  public let name: String
  public let direction: Direction

  public init(name: String, direction: Direction) {
    (self.name, self.direction) = (name, direction)
  }

  /// Returns a value so that the smaller one is better, and the other way round.
  package func loss(_ value: Double) -> Double { direction == .minimize ? value : -value }

  /// The smaller the last saved value of the name, the better.
  public static func minimize(_ name: String) -> Objective {
    Objective(name: name, direction: .minimize)
  }

  /// The larger the last saved value of the name, the better.
  public static func maximize(_ name: String) -> Objective {
    Objective(name: name, direction: .maximize)
  }
}

extension Objective: CustomStringConvertible {
  public var description: String { "\(direction.rawValue) \(name)" }
}

/// The saved values by which configs are compared: one, or several in a list.
///
///     Research("digits", objective: .maximize("accuracy")) { … }
///     Research("digits", objective: [.maximize("accuracy"), .minimize("seconds")]) { … }
public struct Objectives: Sendable, Hashable, ExpressibleByArrayLiteral {
  public let all: [Objective]

  public init(_ all: [Objective]) { self.all = all }

  public init(arrayLiteral elements: Objective...) { all = elements }

  /// The smaller the last saved value of the name, the better.
  public static func minimize(_ name: String) -> Objectives { [.minimize(name)] }

  /// The larger the last saved value of the name, the better.
  public static func maximize(_ name: String) -> Objectives { [.maximize(name)] }
}

extension Research: CustomStringConvertible {
  /// The research in lines: its name, domain and units.
  public var description: String {
    var lines = ["Research \(Value.quoted(name))"]
    lines.append("  domain: \(domain.map(\.description) ?? "one empty config")")
    lines.append("  iterations: \(iterations.map(String.init) ?? "until a unit ends them")")
    lines += units.map { "  \($0)" }
    lines += updates.map { "  \($0)" }
    if let search { lines.append("  \(search)") }
    lines += pruning.map { "  \($0)" }
    return lines.joined(separator: "\n")
  }
}
