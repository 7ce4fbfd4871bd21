import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures the turns of units.
struct UnitProfiler: Sendable {
  private let isDetailed: Bool

  /// - Returns: nil if nothing is to be measured.
  init?(_ profiling: Profiling) {
    guard profiling != .off else { return nil }
    isDetailed = profiling == .detailed
  }

  /// Runs a turn and notes how long it took, whatever comes of it.
  func measure(
    _ unit: UnitDescription,
    _ member: TaskMember,
    _ turn: () async throws -> Void
  ) async throws {
    let stopwatch = member.context.stopwatch ?? Stopwatch()
    member.context.stopwatch = stopwatch
    stopwatch.start()
    let processor = isDetailed ? ProcessorTime() : nil
    var hasFailed = true
    let began = ContinuousClock.now
    defer {
      let ended = ContinuousClock.now
      let processorTime = processor?.elapsed
      let total = (ended - began) / .seconds(1)
      // If it was the evaluation that failed, the body has not been called.
      let evaluated = stopwatch.evaluated ?? (hasFailed && unit.hasArguments ? ended : nil)
      member.add(
        UnitTiming(
          unit: unit.name,
          iteration: member.context.iteration,
          total: total,
          call: (ended - (evaluated ?? began)) / .seconds(1),
          evaluation: isDetailed ? evaluated.map { ($0 - began) / .seconds(1) } : nil,
          // Reading the clocks takes time too.
          cpu: processorTime.map { min($0, total) },
          memory: isDetailed ? Self.residentMemory() : nil
        )
      )
    }
    try await turn()
    hasFailed = false
  }

  /// The memory of the process that is in use, in bytes; nil if the system does not tell.
  static func residentMemory() -> Int? {
    #if canImport(Glibc)
      guard let file = fopen("/proc/self/statm", "r") else { return nil }
      defer { fclose(file) }
      var pages: (Int, Int) = (0, 0)
      let count = withUnsafeMutablePointer(to: &pages.0) { size in
        withUnsafeMutablePointer(to: &pages.1) { resident in
          withVaList([size, resident]) { vfscanf(file, "%ld %ld", $0) }
        }
      }
      return count == 2 ? pages.1 * Int(sysconf(Int32(_SC_PAGESIZE))) : nil
    #else
      return nil
    #endif
  }
}

/// The processor time of a thread from a moment on.
private struct ProcessorTime {
  private let thread = pthread_self()
  private let start = ProcessorTime.now()

  /// In seconds; nil if another thread has taken over meanwhile, as may happen where a unit waits.
  var elapsed: Double? {
    pthread_equal(thread, pthread_self()) != 0 ? ProcessorTime.now() - start : nil
  }

  private static func now() -> Double {
    var time = timespec()
    guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
