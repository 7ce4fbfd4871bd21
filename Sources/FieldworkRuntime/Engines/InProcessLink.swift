import FieldworkCore
import FieldworkStore

/// Runs workers in the process of the run, one for each task that calls them.
struct InProcessEngine: Engine {
  let isPrefetching = false
  let host: @Sendable (_ sink: any RecordSink) -> TaskHost
  let recorder: Recorder
  let firstError: FirstError

  func startWorker(_ index: Int, _ setup: WorkerSetup) throws -> any WorkerLink {
    InProcessLink(index, self)
  }
}

/// The first error that a unit threw, for runs that end with it.
final class FirstError: Sendable {
  private let state = Protected<(any Error)?>(nil)

  var error: (any Error)? { state.withLock { $0 } }

  func set(_ error: any Error) { state.withLock { $0 = $0 ?? error } }
}

/// The link to a worker that runs in the calling task: a record reaches the supervisor at once.
final class InProcessLink: WorkerLink {
  let process: Int32? = nil
  let position: WorkerPosition.Snapshot? = nil
  private let worker: Int
  private let sink: DirectSink
  private let host: TaskHost
  private let executors: [WorkerExecutor]
  private let firstError: FirstError

  init(_ worker: Int, _ engine: InProcessEngine) {
    self.worker = worker
    sink = DirectSink(engine.recorder)
    host = engine.host(sink)
    executors = host.executors(ofWorker: worker)
    firstError = engine.firstError
  }

  func connect(_ listener: any LinkListener) { sink.connect(listener) }

  func run(_ order: TaskOrder) async {
    if let error = await host.run(order, worker: worker, executors) { firstError.set(error) }
    await sink.record([.link(LinkRecord(.taskEnded(order.task.number)))])
  }

  // The worker ends with its run, and has no messages, process or standard error of its own.
  func add(_ message: WorkerMessage) -> Bool { true }
  func flush() {}
  func stop(cancels: Bool) {}
  func kill() {}
  func errors(in range: Range<Int>) -> String { "" }
  func forgetErrors(upTo position: Int?) {}

  func listen(_ listener: any LinkListener) -> LinkEnd {
    LinkEnd(
      termination: .exited(0),
      hasDisconnected: false,
      error: nil,
      lastErrors: "",
      wasOutOfMemory: false
    )
  }
}

/// Hands the records of a worker to its supervisor, in the order in which they come from several threads.
private final class DirectSink: RecordSink {
  private let recorder: Recorder
  private let listener = Protected<(any LinkListener)?>(nil)

  init(_ recorder: Recorder) { self.recorder = recorder }

  func connect(_ listener: any LinkListener) { self.listener.withLock { $0 = listener } }

  func room() async { await recorder.room() }

  func recordAtOnce(_ records: [RunRecord]) { _ = take(records) }

  func recordNow(_ record: RunRecord) {
    if take([record]) { recorder.roomBlocking() }
  }

  func take(_ records: [RunRecord]) -> Bool {
    // Records of this process are always readable and expected.
    listener.withLock { (try? $0?.take(records)) ?? false }
  }

  func iterationEnded(_ experiment: String, _ iteration: Int) {
    recorder.iterationEnded(experiment, iteration)
  }

  var wantsUnits: Bool { recorder.wantsUnits }
}
