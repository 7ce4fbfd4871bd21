import Fieldwork
import Foundation

/// The peak memory of this process when a quarter of a run's experiments have ended.
final class PeakMemoryWatch: RunObserver {
  private struct State {
    var ended = 0
    var atQuarter: Int?
  }

  private let quarter: Int
  private let state = Protected(State())

  /// - Parameter count: the number of experiments of the run.
  init(_ count: Int) { quarter = max(1, count / 4) }

  /// In bytes; nil before a quarter has ended, and where the system does not tell.
  var atQuarter: Int? { state.withLock { $0.atQuarter } }

  func observe(_ record: RunRecord) {
    guard case .ended = record else { return }
    state.withLock { state in
      state.ended += 1
      if state.ended == quarter { state.atQuarter = Self.peak }
    }
  }

  /// The most memory that this process has had so far, in bytes; nil where the system does not tell.
  static var peak: Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
    else { return nil }
    return Int(kibibytes).map { $0 * 1024 }
  }
}
