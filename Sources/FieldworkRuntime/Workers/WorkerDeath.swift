import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a worker process died, as the failure of an experiment.
struct WorkerDeath {
  /// Why the supervisor ended it; nil if it did not.
  enum Verdict: Hashable {
    case timeLimit(Duration)
    case unresponsive(Duration)
  }

  let death: Death
  /// Why, for a person.
  let message: String

  init(_ end: LinkEnd, _ verdict: Verdict?, lastErrors: String) {
    switch verdict {
    case .timeLimit(let limit):
      self.init(.timeLimit, "it took longer than \(WorkerDeath.text(limit))", lastErrors)
    case .unresponsive(let limit):
      self.init(
        .unresponsive,
        "the worker process gave no sign of life for \(WorkerDeath.text(limit)) and was killed",
        lastErrors
      )
    case nil: self.init(end, lastErrors)
    }
  }

  /// The end of an experiment that was cancelled at its time limit and ended by itself.
  init(timeLimit: Duration) {
    self.init(.timeLimit, "it took longer than \(WorkerDeath.text(timeLimit))", "")
  }

  /// The end of an experiment whose worker was lost with its machine.
  init(lost reason: String) { self.init(.lost, reason, "") }

  private init(_ end: LinkEnd, _ lastErrors: String) {
    let reason = WorkerDeath.lastWords(lastErrors).map { ": \($0)" } ?? ""
    if let error = end.error {
      self.init(
        .disconnected,
        "the worker process cannot be understood: \(error.message)",
        lastErrors
      )
    } else if end.hasDisconnected {
      self.init(
        .disconnected,
        "the worker process closed its connection to the run and was killed; a unit may have closed descriptors that are not its own",
        lastErrors
      )
    } else {
      switch end.termination {
      case .exited(let code):
        self.init(
          .exit,
          "the process ended with exit(\(code))\(reason)",
          lastErrors,
          code: Int(code)
        )
      case .signalled(SIGKILL) where end.wasOutOfMemory:
        self.init(
          .outOfMemory,
          "the system killed the process because memory ran out",
          lastErrors,
          signal: Int(SIGKILL)
        )
      case .signalled(let signal):
        self.init(
          .signal,
          "the process died of \(WorkerDeath.name(signal))\(reason)",
          lastErrors,
          signal: Int(signal)
        )
      }
    }
  }

  private init(
    _ cause: Death.Cause,
    _ message: String,
    _ lastErrors: String,
    code: Int? = nil,
    signal: Int? = nil
  ) {
    self.message = message
    death = Death(cause, code: code, signal: signal, stderr: lastErrors)
  }

  /// The failure of an experiment that was in a unit's turn, or, without a unit, between two.
  func failure(unit: UnitDescription?, iteration: Int) -> Failure {
    Failure(
      unit: unit?.name ?? "",
      iteration: iteration,
      kind: death.cause.rawValue,
      message: message,
      place: unit?.place,
      death: death
    )
  }

  /// The line that says why: what Swift prints when it traps, else the last one before its trace.
  ///
  /// Not every death has a trace. Its lines are left aside, so that deaths of one kind read the same.
  private static func lastWords(_ text: String) -> String? {
    let lines = text.split(separator: "\n")
    let line =
      lines.last(where: isTrap)
      ?? lines.prefix { !isTrace($0) }.last { $0.contains { !$0.isWhitespace } }
    return line.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// The place of the line that Swift prints when it traps, or, without one, when it crashes.
  static func lastWords(in lines: ArraySlice<Substring>) -> Int? {
    lines.lastIndex(where: isTrap) ?? lines.firstIndex(where: isTrace)
  }

  private static func isTrap(_ line: Substring) -> Bool { line.contains("Fatal error") }

  /// Whether a line belongs to the beginning of what Swift prints of a crash.
  private static func isTrace(_ line: Substring) -> Bool {
    line.contains(": Backtracing from ") || line.contains("Program crashed: ")
      // The end of the first one, where its beginning has been overwritten.
      || line == "done ***" || line == " done ***"
  }

  /// Of what Swift prints of a crash, the lines that tell most: those up to the first thread, and the calls of
  /// the thread that crashed.
  static func trace(_ lines: ArraySlice<Substring>, most: Int) -> [Substring] {
    func isThread(_ line: Substring) -> Bool {
      line.hasPrefix("Thread ") && (line.hasSuffix(":") || line.hasSuffix(" crashed:"))
    }
    let begin = lines.firstIndex(where: isTrace) ?? lines.startIndex
    guard
      let start = lines[begin...].firstIndex(where: { isThread($0) && $0.hasSuffix(" crashed:") })
    else {
      // Words that look like those of a crash, and are none.
      return Array(lines.contains(where: isTrap) ? lines.prefix(most) : lines.suffix(most))
    }
    let threads = lines[begin...].firstIndex(where: isThread) ?? start
    let head = lines[..<threads].prefix(most)
    // The block has an empty line after its first one, and before the next block.
    let calls = lines[(start + 1)...].drop { $0.isEmpty }.prefix { !$0.isEmpty }
    return Array(head) + [lines[start]] + calls.prefix(most - 10)
  }

  private static func text(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
  }

  private static func name(_ signal: Int32) -> String {
    let names: [Int32: String] = [
      SIGILL: "a trap (SIGILL)", SIGTRAP: "a trap (SIGTRAP)", SIGSEGV: "SIGSEGV, a bad access",
      SIGBUS: "SIGBUS, a bad access", SIGABRT: "SIGABRT, an abort", SIGFPE: "SIGFPE",
      SIGKILL: "SIGKILL; somebody killed it, or memory ran out", SIGTERM: "SIGTERM",
      SIGPIPE: "SIGPIPE", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGXCPU: "SIGXCPU, a limit on time",
      SIGQUIT: "SIGQUIT",
    ]
    return names[signal] ?? "signal \(signal)"
  }
}
