/// What came of running a program.
struct CommandResult: Sendable {
  enum Ending: Sendable, Hashable {
    case exited(Int32)
    /// A signal ended it.
    case signalled(Int32)
    /// It ran longer than it may, and was killed.
    case overTime(Duration)
    /// The run was interrupted, and it was killed.
    case interrupted
    /// There is no program of this name.
    case missing(String)
    /// It could not be started, for a reason.
    case refused(String, String)
  }

  let ending: Ending
  let output: CapturedOutput
  let errors: CapturedOutput

  init(
    ending: Ending,
    output: CapturedOutput = CapturedOutput(limit: 0),
    errors: CapturedOutput = CapturedOutput(limit: 0)
  ) {
    self.ending = ending
    self.output = output
    self.errors = errors
  }

  var hasSucceeded: Bool { ending == .exited(0) }

  /// The output, and how it ended if not well; the errors if there is no other text, or if it failed.
  var report: String {
    var parts = [output.text]
    if !hasSucceeded || parts[0].isEmpty { parts.append(errors.text) }
    if let remark { parts.append("(\(remark))") }
    parts.removeAll(where: \.isEmpty)
    return parts.isEmpty ? "(no output)" : parts.joined(separator: "\n")
  }

  /// How it ended, in words; nil if well.
  var remark: String? {
    switch ending {
    case .exited(0): nil
    case .exited(let status): "ended with status \(status)"
    case .signalled(let signal): "ended by signal \(signal)"
    case .overTime(let limit): "killed after \(limit / .seconds(1)) seconds"
    case .interrupted: "interrupted"
    case .missing(let name): "no program '\(name)'"
    case .refused(let name, let reason): "'\(name)' cannot be started: \(reason)"
    }
  }
}
