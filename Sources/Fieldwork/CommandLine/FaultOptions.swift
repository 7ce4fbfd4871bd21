import ArgumentParser
import FieldworkCore
import FieldworkRuntime

/// What happens when experiments fail, die or take too long.
struct FaultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How often to try a failed experiment again, whether a unit failed or its worker died.",
      valueName: "n"
    )
  )
  var retries: Int?

  @Option(
    help: ArgumentHelp(
      "The same for experiments whose worker process died only.",
      valueName: "n"
    )
  )
  var retryDeaths: Int?

  @Option(
    help: ArgumentHelp("The same for experiments one of whose units failed only.", valueName: "n")
  )
  var retryErrors: Int?

  @Option(
    help: ArgumentHelp(
      "The time that an experiment may take, such as 90s, 10m or 2h; it fails then.",
      valueName: "time"
    ),
    transform: readDuration
  )
  var timeout: Duration?

  @Option(
    help: ArgumentHelp(
      "How long an experiment whose time is over has to end by itself; 5s by default.",
      valueName: "time"
    ),
    transform: readDuration
  )
  var grace: Duration?

  @Option(
    help: ArgumentHelp(
      "How long a worker process may give no sign of life before it is killed; 60s by default.",
      valueName: "time"
    ),
    transform: readDuration
  )
  var silenceLimit: Duration?

  @Flag(help: "End the run at the first experiment that fails.")
  var failFast = false

  @Flag(
    help: ArgumentHelp(
      "Go on even if the first \(FaultOptions.equalFailureLimit) experiments all fail in the same way."
    )
  )
  var keepGoing = false

  /// How many experiments have to fail in the same way before the run is ended.
  private static let equalFailureLimit = 10

  func validate() throws {
    for (option, number) in [
      ("--retries", retries), ("--retry-deaths", retryDeaths), ("--retry-errors", retryErrors),
    ] {
      guard let number, !(0...1000).contains(number) else { continue }
      throw ValidationError("\(option) is \(number): give a number from 0 to 1000")
    }
    if grace != nil && timeout == nil {
      throw ValidationError("--grace is for experiments that take too long: add --timeout")
    }
    if failFast && keepGoing {
      throw ValidationError("--fail-fast ends the run, --keep-going does not: leave out one")
    }
  }

  /// - Parameter hasProcesses: whether there can be worker processes.
  /// - Throws: ``FieldworkError`` if the way in which the research is run cannot do it.
  func policy(for research: Research, hasProcesses: Bool) throws -> FaultPolicy {
    var policy = FaultPolicy()
    policy.retries = RetryPolicy(
      deaths: retryDeaths ?? retries ?? 0,
      errors: retryErrors ?? retries ?? 0
    )
    policy.timeLimit = timeout
    if let grace { policy.grace = grace }
    if let silenceLimit { policy.silenceLimit = silenceLimit }
    policy.failsFast = failFast
    policy.equalFailureLimit = keepGoing ? nil : Self.equalFailureLimit
    guard !hasProcesses || research.settings.parallelism != .processes else { return policy }
    let way = research.settings.parallelism.rawValue
    if timeout != nil {
      throw FieldworkError(
        .invalidDefinition,
        "--timeout needs worker processes, which can be ended: leave out --parallel \(way)"
      )
    }
    if retryDeaths != nil {
      throw FieldworkError(
        .invalidDefinition,
        "--retry-deaths needs worker processes, whose death ends nothing else: leave out --parallel \(way)"
      )
    }
    return policy
  }
}

/// Reads a time such as `90s`, `1.5m`, `2h` or `1d`; a number alone is in seconds.
/// - Throws: `ValidationError` if it is none, or not above 0.
@Sendable func readDuration(_ text: String) throws -> Duration {
  let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
  let factor = text.last.flatMap { units[$0] }
  let digits = factor == nil ? Substring(text) : text.dropLast()
  let isPlain = digits.utf8.allSatisfy {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
  }
  guard isPlain, let number = Double(digits), number > 0, number * (factor ?? 1) < 1e9 else {
    throw ValidationError("'\(text)' is no time: write 90s, 10m, 2h or 1d")
  }
  return .seconds(number * (factor ?? 1))
}
