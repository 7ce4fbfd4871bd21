import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// `verify`: says what is wrong with the stored results, and what to do about it.
struct VerifyCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check the stored results, and say what is wrong with them.",
    discussion: """
      Nothing is changed, and a run that is going on is not disturbed.
      Exit codes: 0 all is well, 1 something is wrong, 2 the results cannot be read at all.
      """
  )

  @Flag(name: .customLong("json"), help: "Print what was found as JSON.")
  var json = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let check = try StoreCheck(folder)
    let findings =
      check.findings()
      + OutputCapture.leftBehind(in: folder, isBeingWritten: check.isBeingWritten)
    let isSound = !findings.contains { $0.severity == .problem }
    // A damaged store may not even tell that.
    let counts = try? check.counts()
    if json {
      context.terminal.print(
        jsonText(findings, folder, counts, isBeingWritten: check.isBeingWritten)
      )
    } else {
      for finding in findings { context.terminal.print(text(finding, context.terminal)) }
      let state = isSound ? "is sound" : "has problems"
      let contents = counts.map { ": " + text($0) } ?? ""
      context.terminal.print("\(folder.path) \(state)\(contents)")
      if check.isBeingWritten { context.terminal.print("a run is writing it now") }
    }
    return isSound ? .done : .someFailed
  }

  private func text(_ finding: StoreFinding, _ terminal: Terminal) -> String {
    let severity = finding.severity.rawValue + ":"
    let shown = finding.severity == .problem ? terminal.redOutput(severity) : severity
    return "\(shown) \(finding.message)\n  → \(finding.remedy)"
  }

  private func text(_ counts: [ExperimentState: Int]) -> String {
    let total = counts.values.reduce(0, +)
    let parts = ExperimentState.allCases.compactMap { state in
      counts[state].map { "\($0) \(state.rawValue)" }
    }
    return Wording.count(total, "experiment")
      + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }

  private func jsonText(
    _ findings: [StoreFinding],
    _ folder: ResearchFolder,
    _ counts: [ExperimentState: Int]?,
    isBeingWritten: Bool
  ) -> String {
    let states = counts.map { counts in
      Value.dictionary(
        Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, .int($0.value)) })
      )
    }
    return Value.dictionary([
      "folder": .string(folder.path),
      "sound": .bool(!findings.contains { $0.severity == .problem }),
      "running": .bool(isBeingWritten),
      "experiments": states ?? .null,
      "findings": .list(
        findings.map { finding in
          .dictionary([
            "severity": .string(finding.severity.rawValue), "kind": .string(finding.kind),
            "message": .string(finding.message), "remedy": .string(finding.remedy),
          ])
        }
      ),
    ]).jsonText
  }
}
