import FieldworkCore
import FieldworkStore
import Foundation

// The answers of a run to requests of other processes.
extension ResearchRunner {
  /// Does what another process asks for.
  /// - Returns: the answer.
  func answer(
    _ request: RunRequest,
    _ run: RunState,
    _ scheduler: Scheduler
  ) -> RunAnswer {
    switch request {
    case .stop(let now):
      return RunAnswer(text: now ? "the run ends at once" : "running iterations end first") {
        if let onStop { onStop(now) } else { run.cancellation.request(nil) }
      }
    case .workers(let change): return RunAnswer(text: changeWorkers(change, run, scheduler))
    case .enqueue(let texts): return RunAnswer(text: enqueue(texts, run, scheduler))
    }
  }

  /// Adds configs to the research, which run before those that have not begun.
  /// - Returns: what has become of each.
  private func enqueue(_ texts: [String], _ run: RunState, _ scheduler: Scheduler) -> String {
    do {
      let crew = run.crew.withLock { $0 }
      // Those first, since an experiment may begin in between.
      let drawn = scheduler.drawn(besides: try store.states().keys)
      let states = try store.states()
      var (new, lines) = try AddedConfigs.examine(
        texts,
        in: research,
        added: run.added.withLock { $0 }
      ) { key in
        states[key]?.rawValue
          ?? (drawn.contains(key) || crew?.has(key) ?? false ? "about to run" : nil)
      }
      guard !new.isEmpty else { return lines.joined(separator: "\n") }
      var records: [RunRecord] = []
      // A run of some experiments alone, such as 'retry', goes through the plan as it was.
      let isRunnable = selection == nil && !run.cancellation.isRequested
      if isRunnable, try scheduler.add(new.flatMap(\.experiments)) {
        records.append(.planned(scheduler.size))
      } else {
        lines = lines.map(AddedConfigs.later)
      }
      let all = run.added.withLock { added in
        added += new.map(\.text)
        return added
      }
      run.recorder.recordAtOnce(records + [AddedConfigs.note(all)])
      return lines.joined(separator: "\n")
    } catch {
      return "error: \((error as? FieldworkError)?.message ?? "\(error)")"
    }
  }

  private func changeWorkers(_ change: Int, _ run: RunState, _ scheduler: Scheduler) -> String {
    guard let crew = run.crew.withLock({ $0 }) else {
      return "the run has one worker, in its own process, and cannot have others"
    }
    if research.settings.workers?.configs != nil {
      return "each worker has a config of its own, so their number is that of the configs"
    }
    if change < 0 {
      let numbers = crew.drain(-change)
      scheduler.wake()
      run.seats.withLock { $0 }?.leave(numbers)
      let left = crew.count
      let fewer = numbers.count == 1 ? "1 worker ends" : "\(numbers.count) workers end"
      return "\(fewer) after the experiments that run; \(Self.workers(left)) left"
    }
    if run.services.hasDevices {
      return
        "devices are shared out among the workers that the run has begun with, so none can be added"
    }
    if !usesProcesses, research.settings.separatesOutput {
      return
        "what experiments print is kept by itself, which threads cannot do: no worker can be added"
    }
    if usesProcesses { DescriptorLimit.raise(forWorkers: crew.count + change) }
    // Places first, since a worker asks for one at once.
    run.seats.withLock { $0 }?.grow(by: change)
    let added = crew.add(change)
    return added == 0
      ? "the run is at its end and takes no more workers"
      : "\(added) added; the run has \(Self.workers(crew.count))"
  }

  private static func workers(_ count: Int) -> String {
    count == 1 ? "1 worker" : "\(count) workers"
  }
}
