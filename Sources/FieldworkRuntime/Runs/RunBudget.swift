@preconcurrency import Dispatch

/// Tells once when the time that a run may take is over.
final class RunBudget: Sendable {
  private let timer: any DispatchSourceTimer

  init(_ budget: Duration, whenOver action: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "fieldwork.budget")
    timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler(handler: action)
    // In seconds, for a long budget in nanoseconds is no number any more.
    timer.schedule(deadline: .now() + budget / .seconds(1))
    timer.resume()
  }

  func cancel() { timer.cancel() }
}

extension Duration {
  /// The time as one writes it for an option: `90s`, `1.5m`, `2h`, `1d`.
  package var optionText: String {
    let seconds = self / .seconds(1)
    let units: [(Double, String)] = [(86_400, "d"), (3600, "h"), (60, "m")]
    let unit = units.first {
      seconds >= $0.0 && (seconds / $0.0 * 10).rounded() == seconds / $0.0 * 10
    }
    let (factor, name) = unit ?? (1, "s")
    let number = seconds / factor
    return (number == number.rounded() ? "\(Int(number))" : "\(number)") + name
  }
}
