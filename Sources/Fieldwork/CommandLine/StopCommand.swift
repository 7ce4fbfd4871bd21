import ArgumentParser
@preconcurrency import Dispatch
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `stop`: ends a run that goes on elsewhere.
struct StopCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "End the run that goes on, and wait until it has ended.",
    discussion: """
      Experiments that run end with their iteration, and run again next time. It is as Ctrl-C in the \
      terminal of the run: asking twice ends it at once. Exit codes: 0 if it has ended, 1 if nothing runs.
      """
  )

  @Flag(
    help:
      "End it at once, in the middle of iterations. A process on this machine that has not ended after 5 seconds is killed."
  )
  var now = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  /// The seconds after which a process that does not end at once is killed.
  private static let patience = 5

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let name = location.name ?? context.research.name
    let terminal = context.terminal
    guard case .held(let holder) = try folder.holding() else {
      terminal.printError("nothing runs in \(folder.path)")
      return .someFailed
    }
    guard let holder else {
      throw FieldworkError(
        .busy,
        "the run in \(folder.path) has only just begun and does not say yet which process it is; try again"
      )
    }
    guard holder.isOnThisHost else { return try await stopElsewhere(holder, folder, name, context) }
    try signal(SIGTERM, holder)
    if now {
      // Another signal, for two of a kind that come together count as one.
      try signal(SIGINT, holder)
    } else {
      terminal.printError(
        "asked process \(holder.process) to end; running iterations end first, 'stop --now' does not wait for them"
      )
    }
    let killer = now ? KillAfterPatience(holder, seconds: Self.patience) : nil
    await waitForEnd(of: folder)
    killer?.cancel()
    return try showOutcome(of: holder, folder, name, context)
  }

  private func waitForEnd(of folder: ResearchFolder) async {
    await withCheckedContinuation { continuation in
      folder.whenFree { continuation.resume() }
    }
  }

  private func showOutcome(
    of holder: RunHolder,
    _ folder: ResearchFolder,
    _ name: String,
    _ context: PlaybookContext
  ) throws -> ExitStatus {
    let status = try ResearchStatus(folder, name: name)
    let hint = CommandHint(name: context.name, location: location.text)
    context.terminal.print(status.outcome(hint, of: holder))
    return .done
  }

  /// Stops a run on another machine, which shares the folder, and waits until it has ended.
  private func stopElsewhere(
    _ holder: RunHolder,
    _ folder: ResearchFolder,
    _ name: String,
    _ context: PlaybookContext
  ) async throws -> ExitStatus {
    let answer = try RunRequests(folder).send(.stop(now: now), waiting: .seconds(60))
    guard let answer else {
      throw FieldworkError(
        .busy,
        "\(name) is run by \(holder), and has not answered within 60 s. Stop it on that machine, or cancel its job"
      )
    }
    context.terminal.printError(answer)
    await waitForEnd(of: folder)
    return try showOutcome(of: holder, folder, name, context)
  }

  private func signal(_ number: Int32, _ holder: RunHolder) throws {
    guard kill(holder.process, number) != 0 else { return }
    // If it is gone, it has ended by itself.
    guard errno != ESRCH else { return }
    throw FieldworkError(
      .busy,
      "\(holder) cannot be stopped: \(String(cString: strerror(errno)))"
    )
  }
}

/// Kills a process unless it is called off in time.
private final class KillAfterPatience: Sendable {
  private let timer: any DispatchSourceTimer

  init(_ holder: RunHolder, seconds: Int) {
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fieldwork.stop"))
    timer.setEventHandler { if holder.isAlive { kill(holder.process, SIGKILL) } }
    timer.schedule(deadline: .now() + .seconds(seconds))
    timer.resume()
  }

  func cancel() { timer.cancel() }
}
