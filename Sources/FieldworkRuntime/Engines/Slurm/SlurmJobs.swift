package import FieldworkStore
import Foundation

/// Asks Slurm whether the job of the process that writes a store has ended.
package enum SlurmJobs {
  /// Finds out whether the process that holds a store is gone, by its job.
  /// - Returns: nil if it has no job, or Slurm does not say.
  package static func isGone(_ holder: RunHolder) -> Bool? {
    guard let job = holder.job, job.allSatisfy({ $0.isNumber || $0 == "_" }) else { return nil }
    let environment = ProcessInfo.processInfo.environment
    if job == environment["SLURM_JOB_ID"] {
      // Slurm has started this job again, so it has given up the process before.
      let restarts = environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0
      return holder.restarts.map { $0 < restarts }
    }
    let result = Protected<CommandResult?>(nil)
    let done = DispatchSemaphore(value: 0)
    let runner = SlurmScheduler.runner(environment)
    Task.detached {
      let answer = await runner.run(["squeue", "--noheader", "--jobs=\(job)", "--format=%T"])
      result.withLock { $0 = answer }
      done.signal()
    }
    done.wait()
    guard let answer = result.withLock({ $0 }) else { return nil }
    if answer.hasSucceeded {
      // Jobs that have ended are not listed.
      let state = answer.output.text.trimmingCharacters(in: .whitespacesAndNewlines)
      return state.isEmpty || state == "PENDING"
    }
    return answer.errors.text.lowercased().contains("invalid job id") ? true : nil
  }
}
