import FieldworkCore
import FieldworkStore

/// A way to run workers: in the process of the run, in processes of this machine, or elsewhere.
///
/// Assignment, prefetching, reclaiming, retries, time limits and deaths are handled above it, by ``WorkerSupervisor``.
protocol Engine: Sendable {
  /// True if a worker can hold tasks that it has not begun; false if ``WorkerLink/run(_:)`` returns when a task has
  /// ended.
  var isPrefetching: Bool { get }

  /// Starts a worker. It is called again when the worker has died.
  /// - Throws: ``SystemError`` or ``FieldworkError`` if there can be none.
  func startWorker(_ index: Int, _ setup: WorkerSetup) throws -> any WorkerLink

  /// The seats that workers have to wait for; nil if a worker can be started at any time.
  var seats: (any WorkerSeats)? { get }
}

extension Engine {
  var seats: (any WorkerSeats)? { nil }
}

/// The places for workers, which come and go with the jobs of a cluster.
protocol WorkerSeats: Sendable {
  /// Waits until a worker can be started.
  /// - Returns: nil if it can; else why none can be started any more.
  func take(_ worker: Int) async -> NoSeat?

  /// Gives back the place of a worker that has ended.
  func giveBack(_ worker: Int)

  /// Ends the waiting of workers that are not needed any more.
  func leave(_ workers: [Int])

  /// Allows for more workers.
  func grow(by workers: Int)

  /// Ends all waiting, since no more workers are needed.
  func close()

  /// The time after which a worker without tasks is ended, so that its place is free for others; nil for never.
  var idleTime: Duration? { get }
}

/// Why there is no place for a worker.
enum NoSeat {
  /// No more workers are needed.
  case closed
  case lost(reason: String, remedy: String)
  /// The run has to end.
  case failed(FieldworkError)
}

/// The connection between a worker and its supervisor.
protocol WorkerLink: AnyObject, Sendable {
  /// The number of the worker's process; nil if it is the process of the run.
  var process: Int32? { get }

  /// Hands the records of tasks that ``run(_:)`` runs to a listener.
  func connect(_ listener: any LinkListener)

  /// Runs a task in the calling task, for an engine that does not prefetch.
  func run(_ order: TaskOrder) async

  /// Adds a message to those that are sent by ``flush()``, from any thread.
  /// - Returns: false if the message is too long to be sent.
  @discardableResult
  func add(_ message: WorkerMessage) -> Bool

  /// Sends what was added, soon, from any thread.
  func flush()

  /// Lets the worker end its experiments with their iteration, and begin no others.
  /// - Parameter cancels: true to cancel the units, too.
  func stop(cancels: Bool)

  /// Ends the worker at once, with everything that it has started.
  func kill()

  /// Handles the worker until it has ended, and blocks the thread meanwhile.
  func listen(_ listener: any LinkListener) -> LinkEnd

  /// The position of the worker in its task, as far as the link knows it without the worker.
  var position: WorkerPosition.Snapshot? { get }

  /// The time until the worker is ended from outside; nil if that is not known.
  var timeLeft: Duration? { get }
  /// The whole time that it was given; nil if that is not known.
  var timeLimit: Duration? { get }
  /// Lets the job of the worker end, and begin once more, when its workers have ended.
  func retire(_ reason: String)

  /// Returns the last lines of a part of the worker's standard error.
  func errors(in range: Range<Int>) -> String

  /// Assigns the standard error up to a position to the task that has ended; nil for all so far.
  func forgetErrors(upTo position: Int?)
}

extension WorkerLink {
  var timeLeft: Duration? { nil }
  var timeLimit: Duration? { nil }
  func retire(_ reason: String) {}
  func connect(_ listener: any LinkListener) {}
  func run(_ order: TaskOrder) async {}

  /// Sends a message, with others that are waiting, from any thread.
  func send(_ message: WorkerMessage) {
    add(message)
    flush()
  }
}

/// The supervisor's side of a link. Calls come one after another.
protocol LinkListener: AnyObject, Sendable {
  /// Takes records in their order.
  /// - Returns: true if too many records are waiting to be stored.
  /// - Throws: ``FieldworkError`` if the worker cannot be used.
  func take(_ records: [RunRecord]) throws -> Bool
  /// Waits until records can be stored again, and blocks the thread.
  func waitForRoom()
  /// Takes the reason why a record of an experiment, by its key, cannot be read.
  func takeUnreadable(_ experiment: String, _ reason: String)
  /// Returns the planned experiment of a key that the worker has; nil if it has none.
  func planned(_ key: String) -> PlannedExperiment?
  /// Takes what the worker has written to its standard error.
  func take(errorOutput: UnsafeRawBufferPointer)
  /// The time at which ``deadlineHasCome()`` is to be called at the latest; nil for never.
  var deadline: ContinuousClock.Instant? { get }
  func deadlineHasCome()
  /// Takes the time for which this process did not run, as it was stopped, or the machine asleep.
  func wasFrozen(for duration: Duration)
  /// The worker ends its experiments with their iteration and exits, for a reason that is not its own. It has not been
  /// asked to by its run.
  func workerIsLeaving(_ reason: String)
}

/// How a worker has ended.
struct LinkEnd {
  let termination: ChildProcess.Termination
  /// True if the worker had closed its connection and went on.
  let hasDisconnected: Bool
  /// Why the worker cannot be used; nil if it just ended.
  let error: FieldworkError?
  /// The last lines that it wrote to its standard error.
  let lastErrors: String
  let wasOutOfMemory: Bool
  /// Why the machine or the job of the worker is gone; nil if the worker itself has ended.
  var lostReason: String?
}

/// Frames that come and go between a worker and its supervisor.
protocol FrameChannel: Sendable {
  /// Adds a frame to those that are sent with the next ``flush()``.
  /// - Returns: the number of bytes that wait; nil if the frame is too long to be sent.
  @discardableResult
  func add(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> Int?

  /// Sends what waits.
  /// - Returns: false if nobody is at the other end.
  @discardableResult
  func flush() -> Bool

  /// Waits until something comes, and takes it. One thread receives.
  /// - Returns: false if nobody is at the other end any more.
  func receive() -> Bool

  /// Returns the next frame of those that have come; nil if there is none.
  /// - Throws: ``FieldworkError`` of code `store` if the bytes are damaged.
  func next() throws -> Frame?

  /// True if the other end is there as it was.
  var isIntact: Bool { get }
}

extension FrameChannel {
  /// Adds a record.
  /// - Returns: the number of bytes that wait; nil if the record is too long to be sent.
  @discardableResult
  func add(_ record: RunRecord) -> Int? {
    add(RunRecord.frameKind) { record.encode(into: &$0) }
  }

  @discardableResult
  func add(_ message: LinkRecord.Message) -> Int? { add(.link(LinkRecord(message))) }

  /// Hands the frames that have come to a listener, as records.
  /// - Throws: ``FieldworkError`` if the bytes are damaged, or the worker cannot be used.
  func deliver(to listener: any LinkListener) throws {
    var records: [RunRecord] = []
    // What came before damage is handed on.
    func hand() throws {
      guard !records.isEmpty else { return }
      if try listener.take(records) { listener.waitForRoom() }
      records.removeAll(keepingCapacity: true)
    }
    do {
      while let frame = try next() {
        guard frame.kind == RunRecord.frameKind else {
          throw WorkerMessage.unknown(frame)
        }
        var bytes = ByteReader(frame.content)
        do {
          records.append(try RunRecord(from: &bytes, planned: listener.planned))
        } catch {
          // It costs this experiment its results, and no other one.
          guard let key = Self.experiment(of: frame), listener.planned(key) != nil else {
            throw error
          }
          try hand()
          listener.takeUnreadable(key, "\(error)")
        }
      }
    } catch {
      try hand()
      throw error
    }
    try hand()
  }

  /// The key of the experiment of a record that cannot be read; nil if it is not known.
  private static func experiment(of frame: Frame) -> String? {
    var bytes = ByteReader(frame.content)
    guard (try? bytes.byte()) != nil else { return nil }
    return try? bytes.string()
  }
}
