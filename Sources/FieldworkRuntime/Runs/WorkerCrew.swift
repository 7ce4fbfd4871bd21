import FieldworkStore

/// The workers of a run, whose number may change while it goes on.
final class WorkerCrew: Sendable {
  private struct State {
    /// The numbers of the workers, with the supervisors of those that run.
    var workers: [Int: WorkerSupervisor?] = [:]
    /// The workers that are to leave.
    var leaving: Set<Int> = []
    var isOver = false
  }

  private let state = Protected(State())
  private let starts: AsyncStream<Int>
  private let feed: AsyncStream<Int>.Continuation
  /// The greatest number of workers; nil for any number.
  private let limit: Int?

  /// - Parameters:
  ///   - count: the number of workers at the beginning.
  ///   - limit: the greatest number that there may be.
  init(_ count: Int, limit: Int? = nil) {
    (starts, feed) = AsyncStream.makeStream(of: Int.self)
    self.limit = limit
    add(count)
  }

  /// Runs something for each worker, also for those that are added, until all have ended.
  func run(_ body: @escaping @Sendable (_ worker: Int) async -> Void) async {
    await withTaskGroup { group in
      for await worker in starts {
        group.addTask {
          await body(worker)
          self.ended(worker)
        }
      }
    }
  }

  private func ended(_ worker: Int) {
    state.withLock { state in
      state.workers[worker] = nil
      state.leaving.remove(worker)
      guard state.workers.isEmpty else { return }
      state.isOver = true
      feed.finish()
    }
  }

  /// Adds workers.
  /// - Returns: the number of those that were added; fewer if there is a limit, none if the run is at its end.
  @discardableResult
  func add(_ count: Int) -> Int {
    state.withLock { state in
      guard !state.isOver else { return 0 }
      let most = limit.map { max(0, $0 - state.workers.count) } ?? count
      var (number, added) = (0, 0)
      while added < min(count, most) {
        if state.workers[number] == nil {
          state.workers[number] = .some(nil)
          feed.yield(number)
          added += 1
        }
        number += 1
      }
      return added
    }
  }

  /// Lets the last workers end after the tasks that they run. One worker stays.
  /// - Returns: the numbers of the workers that leave.
  func drain(_ count: Int) -> [Int] {
    let (numbers, supervisors) = state.withLock { state in
      let staying = state.workers.keys.filter { !state.leaving.contains($0) }.sorted()
      let numbers = Array(staying.dropFirst().suffix(max(0, count)))
      state.leaving.formUnion(numbers)
      return (numbers, numbers.compactMap { state.workers[$0] ?? nil })
    }
    for supervisor in supervisors { supervisor.drain() }
    return numbers
  }

  /// The number of workers that stay.
  var count: Int { state.withLock { $0.workers.count - $0.leaving.count } }

  /// Returns true if some worker has an experiment, by its key.
  func has(_ key: String) -> Bool {
    let supervisors = state.withLock { state in state.workers.values.compactMap { $0 } }
    return supervisors.contains { $0.assigned(key) != nil }
  }

  func isLeaving(_ worker: Int) -> Bool { state.withLock { $0.leaving.contains(worker) } }

  /// Sets the supervisor of a worker.
  func set(_ supervisor: WorkerSupervisor, of worker: Int) {
    let isLeaving = state.withLock { state in
      state.workers[worker] = .some(supervisor)
      return state.leaving.contains(worker)
    }
    if isLeaving { supervisor.drain() }
  }
}
