import FieldworkCore
import FieldworkStore

@testable import FieldworkRuntime

/// A listener that keeps the standard error of a worker.
final class ErrorListener: LinkListener, @unchecked Sendable {
  var errors = ""
  var deadline: ContinuousClock.Instant?
  var calls = 0
  var atDeadline: () -> Void = {}

  func take(_ records: [RunRecord]) throws -> Bool { false }
  func waitForRoom() {}
  func takeUnreadable(_ experiment: String, _ reason: String) {}
  func planned(_ key: String) -> PlannedExperiment? { nil }

  func take(errorOutput bytes: UnsafeRawBufferPointer) {
    errors += String(decoding: bytes, as: UTF8.self)
  }

  func workerIsLeaving(_ reason: String) {}
  func wasFrozen(for duration: Duration) {}

  func deadlineHasCome() {
    calls += 1
    atDeadline()
  }
}
