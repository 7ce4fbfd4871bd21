import ArgumentParser
import FieldworkCore
import Logging

/// What is kept of a run besides its results: output, logs, profile, provenance.
struct RecordOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where what units print goes: terminal, common (a file of the research; the default), experiment (a file for each), both; or 0 to 3.",
      valueName: "mode"
    ),
    transform: readOutputMode
  )
  var stdout: OutputMode?

  @Option(
    help: ArgumentHelp(
      "The same for the standard error; the terminal by default.",
      valueName: "mode"
    ),
    transform: readOutputMode
  )
  var stderr: OutputMode?

  @Option(
    help: ArgumentHelp(
      "How much is kept of what an experiment writes to a stream, such as 10MB or 1GB: its beginning and its end; 64MB by default, 0 for all of it.",
      valueName: "size"
    ),
    transform: readSize
  )
  var outputLimit: Int?

  @Option(
    help: ArgumentHelp(
      "What is logged: this level and above; notice by default.",
      valueName: "trace|debug|info|notice|warning|error|critical"
    ),
    transform: readLogLevel
  )
  var logLevel: Logger.Level?

  @Option(
    help: ArgumentHelp(
      "Measure where the time goes; see it with 'profile'.",
      valueName: choices(Profiling.self)
    ),
    transform: choice
  )
  var profile: Profiling?

  @Option(
    help: ArgumentHelp(
      "Record provenance: environment, packages, git or git:folder; or none. Repeatable; environment and git by default.",
      valueName: "what"
    )
  )
  var provenance: [String] = []

  func validate() throws {
    if provenance.count > 1 && provenance.contains("none") {
      throw ValidationError("--provenance none records nothing: leave out the others")
    }
  }

  /// Applies what a command line without these options does.
  static func applyDefaults(to research: inout Research, keepsFiles: Bool, debug: Bool) throws {
    try parse([]).apply(to: &research, keepsFiles: keepsFiles, debug: debug)
  }

  /// - Parameter keepsFiles: true if results go to files; otherwise only what is asked for is kept.
  func apply(to research: inout Research, keepsFiles: Bool, debug: Bool) throws {
    let usual: OutputMode? = keepsFiles && !debug ? .common : nil
    research.settings.stdout = stdout ?? research.settings.stdout ?? usual
    // What the system says of a crash goes there, so it is left alone unless asked for.
    research.settings.stderr = stderr ?? research.settings.stderr
    if let outputLimit { research.settings.outputLimit = outputLimit == 0 ? nil : outputLimit }
    research.settings.logLevel =
      logLevel ?? research.settings.logLevel ?? (keepsFiles ? .notice : nil)
    if let profile { research.settings.profiling = profile }
    if !provenance.isEmpty {
      research.settings.provenance = try provenance.filter { $0 != "none" }.map(provenanceSource)
    } else if research.settings.provenance == nil, keepsFiles {
      research.settings.provenance = [.environment, .git()]
    }
  }

  private func provenanceSource(_ text: String) throws -> ProvenanceSource {
    switch text {
    case "environment": return .environment
    case "packages": return .packages
    case "git": return .git()
    default:
      guard text.hasPrefix("git:"), text.count > 4 else {
        throw FieldworkError(
          .unreadableText,
          "--provenance: '\(text)' is none of environment, packages, git, git:folder, none"
        )
      }
      return .git(String(text.dropFirst(4)))
    }
  }
}

/// Reads a size such as `500kB`, `64MB`, `1.5GB`; a number alone is in bytes.
/// - Throws: `ValidationError` if it is none.
@Sendable func readSize(_ text: String) throws -> Int {
  let units: [(String, Double)] = [("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12), ("b", 1)]
  let lower = text.lowercased()
  let unit = units.first { lower.hasSuffix($0.0) }
  let digits = lower.dropLast(unit?.0.count ?? 0)
  let isPlain = digits.utf8.allSatisfy {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
  }
  guard isPlain, let number = Double(digits), number * (unit?.1 ?? 1) < 1e15 else {
    throw ValidationError("'\(text)' is no size: write 500kB, 64MB or 1GB, or 0 for no limit")
  }
  return Int(number * (unit?.1 ?? 1))
}

@Sendable func readOutputMode(_ text: String) throws -> OutputMode {
  guard let mode = OutputMode(text: text) else {
    throw ValidationError("'\(text)' is none of \(choices(OutputMode.self)), 0 to 3")
  }
  return mode
}

@Sendable func readLogLevel(_ text: String) throws -> Logger.Level {
  guard let level = Logger.Level(rawValue: text.lowercased()) else {
    let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("'\(text)' is none of \(names)")
  }
  return level
}
