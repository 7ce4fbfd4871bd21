import FieldworkCore
import FieldworkStore
import Foundation

/// The arrays of a research in a batch system.
///
/// Before an array is submitted its name is written to the folder of the research, so that a run that was killed between the
/// command and its answer leaves no array that nobody knows. Arrays of an earlier run that still wait or run serve this one,
/// if they run the same program with the same resources; others are cancelled.
///
/// `@unchecked Sendable`: one task calls it, and the end of the run after that task.
final class PilotArrays: @unchecked Sendable {
  private struct Record: Codable {
    let array: PilotArray
    var job: String?
  }

  private static let fileName = "array.json"
  /// The number of tasks in a row that may end before they have reached the run.
  private static let vainLimit = 3

  private let scheduler: any BatchScheduler
  private let root: String
  private let make: @Sendable (_ name: String, _ count: Int) -> PilotArray
  private let prefix: String
  private let key: String
  private var arrays: [PilotArray] = []
  /// By id: the tasks as they were seen last.
  private var tasks: [String: BatchTask] = [:]
  /// The arrays that were submitted and that the batch system has not shown yet, with the time of that.
  private var unseen: [String: ContinuousClock.Instant] = [:]
  /// The tasks that have reached the run at some time.
  private var reached: Set<String> = []
  /// The number of tasks that a person has removed, or whose program has failed.
  private var withdrawn = 0
  private var vain = 0
  private var limit: Int?
  private var isAdopted = false
  /// An array that was submitted without an answer; nil if there is none.
  private var uncertain: PilotArray?
  private var notes: [RunRecord] = []
  private var heldTasks: Set<String> = []
  private var lastReason: String?
  private var saidWaiting: String?

  /// - Parameters:
  ///   - root: the absolute path of the folder with a folder for each array.
  ///   - prefix: the beginning of the names of arrays.
  ///   - key: the program and the resources of tasks.
  ///   - make: makes an array of a name.
  init(
    _ scheduler: any BatchScheduler,
    root: String,
    prefix: String,
    key: String,
    make: @escaping @Sendable (_ name: String, _ count: Int) -> PilotArray
  ) {
    self.scheduler = scheduler
    self.root = root
    self.prefix = prefix
    self.key = key
    self.make = make
  }

  var schedulerName: String { scheduler.name }

  func takeNotes() -> [RunRecord] {
    defer { notes = [] }
    return notes
  }

  private func warn(_ text: String) { notes.append(.warning(text)) }

  private func note(_ text: String) { notes.append(.notice(text)) }

  // MARK: Earlier runs

  /// Takes over the arrays that an earlier run has left. Call it until it succeeds: without an answer an array may still wait,
  /// and a second one would take twice the machines.
  /// - Throws: ``BatchError`` if the batch system does not say which there are.
  func adopt() async throws {
    guard !isAdopted else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    var left: [PilotArray] = []
    for name in names.sorted() {
      guard let content = FileManager.default.contents(atPath: "\(root)/\(name)/\(Self.fileName)"),
        let record = try? JSONDecoder().decode(Record.self, from: content)
      else { continue }
      left.append(record.array)
    }
    let seen = left.isEmpty ? [] : try await scheduler.tasks(ofArrays: left.map(\.name))
    isAdopted = true
    let alive = Set(seen.filter { !$0.state.isOver }.map(\.array))
    let others = left.filter { alive.contains($0.name) && $0.key != key }
    if !others.isEmpty {
      let names = others.map(\.name).joined(separator: ", ")
      if await scheduler.cancel(others.map(\.name), waitingOnly: false) {
        for array in others { forget(array) }
        note(
          "cancelled the \(scheduler.name) jobs of an earlier run, because the playbook or the resources have changed: \(names)"
        )
      } else {
        warn("could not cancel the \(scheduler.name) jobs of an earlier run: cancel \(names)")
      }
    }
    arrays = left.filter { alive.contains($0.name) && $0.key == key }
    for task in seen where arrays.contains(where: { $0.name == task.array }) {
      tasks[task.id] = task
    }
    for array in left where !alive.contains(array.name) { forget(array) }
  }

  private func record(_ array: PilotArray, job: String? = nil) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: array.path,
        withIntermediateDirectories: true
      )
      let content = try JSONEncoder().encode(Record(array: array, job: job))
      try content.write(
        to: URL(fileURLWithPath: "\(array.path)/\(Self.fileName)"),
        options: .atomic
      )
      guard job == nil else { return }
      try Data(scheduler.script(array).utf8).write(to: URL(fileURLWithPath: array.script))
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755],
        ofItemAtPath: array.script
      )
    } catch {
      throw FieldworkError(
        .store,
        "cannot write \(array.path), the folder of a job array: \(ResearchFolder.reason(error)); make room or check the permissions, and run again"
      )
    }
  }

  /// The array has no tasks any more. Its script and what its tasks have printed stay.
  private func forget(_ array: PilotArray) {
    try? FileManager.default.removeItem(atPath: "\(array.path)/\(Self.fileName)")
    arrays.removeAll { $0 == array }
    if uncertain == array { uncertain = nil }
    unseen[array.name] = nil
  }

  // MARK: Submitting

  /// Notes the tasks whose pilots have registered with the run.
  func noteReached(_ tasks: Set<String>) { reached.formUnion(tasks) }

  /// Submits tasks, as far as no others are on their way.
  /// - Parameters:
  ///   - count: the number of tasks that are needed beside those whose pilots are there.
  ///   - registered: the ids of the tasks whose pilots are there.
  ///   - most: the greatest number of tasks at a time.
  /// - Throws: ``BatchError``; after ``BatchError/unreachable(_:)`` the next call goes on with the same array.
  func submit(_ count: Int, registered: Set<String>, atMost most: Int) async throws {
    if let uncertain { try await submit(uncertain) }
    let alive = tasks.values.filter { !$0.state.isOver }
    let unseenTasks = arrays.reduce(0) { $0 + (unseen[$1.name] == nil ? 0 : $1.count) }
    let coming = alive.count { !registered.contains($0.id) } + unseenTasks
    let allowed = most - withdrawn - alive.count - unseenTasks
    var missing = min(count - coming, allowed)
    guard missing > 0, vain < Self.vainLimit else { return }
    if limit == nil { limit = await scheduler.arrayLimit() }
    while missing > 0 {
      let size = min(missing, max(1, limit ?? missing))
      let name = "\(prefix)-\(RandomName.short())"
      let array = make(name, size)
      try record(array)
      try await submit(array)
      missing -= size
    }
  }

  private func submit(_ array: PilotArray) async throws {
    // An answer that was lost does not mean that the array was not taken.
    if uncertain == array {
      if let seen = try await scheduler.tasks(ofArrays: [array.name]).first {
        submitted(array, String(seen.id.prefix { $0 != "_" }))
        return
      }
    }
    uncertain = array
    do {
      submitted(array, try await scheduler.submit(array))
    } catch let error as BatchError {
      if case .refused = error { forget(array) }
      throw error
    }
  }

  private func submitted(_ array: PilotArray, _ job: String) {
    uncertain = nil
    arrays.append(array)
    unseen[array.name] = .now
    try? record(array, job: job)
    let tasks = array.count == 1 ? "1 task" : "\(array.count) tasks"
    note("\(scheduler.name) job \(job) submitted: \(tasks), with \(array.script)")
  }

  // MARK: Following

  /// Asks for the tasks of all arrays.
  /// - Returns: by id: the tasks.
  /// - Throws: ``BatchError``.
  func look() async throws -> [String: BatchTask] {
    guard !arrays.isEmpty else { return [:] }
    let seen = try await scheduler.tasks(ofArrays: arrays.map(\.name))
    var now: [String: BatchTask] = [:]
    for task in seen { now[task.id] = task }
    for name in Set(seen.map(\.array)) { unseen[name] = nil }
    // They were lost, or this user may not see them.
    for (name, time) in unseen where .now - time > .seconds(60) {
      vain += 1
      lastReason =
        "\(scheduler.name) took the jobs but has not listed them for 60 s; see squeue --name=\(name)"
      if await scheduler.cancel([name], waitingOnly: false) {
        for array in arrays where array.name == name { forget(array) }
      }
    }
    for (id, old) in tasks where now[id] == nil && !old.state.isOver {
      now[id] = BatchTask(
        id: id,
        array: old.array,
        state: .ended("\(scheduler.name) does not list it any more"),
        timeLeft: nil
      )
    }
    for task in now.values.sorted(by: { $0.id < $1.id }) where tasks[task.id]?.state != task.state {
      noteChange(task)
    }
    noteWaiting(now)
    tasks = now
    for array in arrays where unseen[array.name] == nil {
      if !now.values.contains(where: { $0.array == array.name && !$0.state.isOver }) {
        forget(array)
      }
    }
    return now
  }

  private func noteChange(_ task: BatchTask) {
    let wasOver = tasks[task.id]?.state.isOver ?? false
    switch task.state {
    case .held(let reason):
      guard heldTasks.insert(task.id).inserted else { return }
      warn(
        "\(scheduler.name) holds task \(task.id) (\(reason)). To let it run: \(scheduler.releaseRemedy(task.id))"
      )
    case .cancelled where !wasOver:
      withdrawn += 1
      lastReason = "\(scheduler.name) tasks were cancelled"
      warn("\(scheduler.name) task \(task.id) was cancelled; the run goes on with fewer workers")
    // Such as one whose worker took too much memory, which the run knows already.
    case .failed where !wasOver && reached.contains(task.id): break
    case .failed(let reason) where !wasOver:
      withdrawn += 1
      let output = lastLines(of: task)
      lastReason = "\(scheduler.name) task \(task.id) failed (\(reason))\(output)"
      warn(
        "\(scheduler.name) task \(task.id) failed (\(reason))\(output). The run goes on with fewer workers"
      )
    case .ended where !wasOver:
      if reached.contains(task.id) {
        vain = 0
      } else {
        vain += 1
        lastReason =
          "\(scheduler.name) tasks end before their pilots reach the run; see their output in \(root)\(lastLines(of: task))"
      }
    default: break
    }
  }

  /// Notes why tasks wait, when all do.
  private func noteWaiting(_ tasks: [String: BatchTask]) {
    var reasons: [String] = []
    for task in tasks.values {
      switch task.state {
      case .waiting(let reason): reasons.append(reason)
      case .running: return
      default: break
      }
    }
    let known = Set(reasons).subtracting(["None", ""])
    guard let reason = known.sorted().first, saidWaiting != reason else { return }
    saidWaiting = reason
    note(
      "\(reasons.count == 1 ? "1 \(scheduler.name) task waits" : "\(reasons.count) \(scheduler.name) tasks wait") in the queue (\(reason))"
    )
  }

  /// The end of what a task has printed.
  private func lastLines(of task: BatchTask) -> String {
    guard let array = arrays.first(where: { $0.name == task.array }) else { return "" }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: array.path)) ?? []
    guard let name = names.first(where: { $0.hasPrefix(task.id + ".") }),
      let content = FileManager.default.contents(atPath: "\(array.path)/\(name)")
    else { return "" }
    let lines = String(decoding: content.suffix(2000), as: UTF8.self)
      .split(separator: "\n").suffix(3)
    return lines.isEmpty ? "" : ": " + lines.joined(separator: " | ")
  }

  /// Text on why no task will come; nil if one may.
  func hopelessReason(atMost most: Int) -> String? {
    let alive = tasks.values.contains { !$0.state.isOver } || !unseen.isEmpty || uncertain != nil
    if vain >= Self.vainLimit, !alive { return lastReason }
    return !alive && withdrawn >= most ? lastReason ?? "no task is left" : nil
  }

  // MARK: The end

  /// Removes all tasks, those that run after their pilots have had a moment to end by themselves. Arrays that cannot be
  /// cancelled are left to the next run.
  func end(pilots: [Pilot]) async {
    let all = arrays + (uncertain.map { [$0] } ?? [])
    guard !all.isEmpty else { return }
    let names = all.map(\.name)
    _ = await scheduler.cancel(names, waitingOnly: true)
    let limit = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < limit, pilots.contains(where: { !$0.isLost }) {
      for pilot in pilots { pilot.read() }
      try? await Task.sleep(for: .milliseconds(50))
    }
    if await scheduler.cancel(names, waitingOnly: false) {
      for array in all { forget(array) }
    }
  }
}
