import Fieldwork
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The playbook that this executable is if an environment variable says so: `start`, or `finished` with a
/// number of experiments, as in `finished:100000`.
struct BenchmarkPlaybook: Playbook {
  enum Kind {
    /// One experiment, which saves the time at which its unit runs.
    case start
    /// Experiments that save a number each, ten for each config.
    case finished(Int)

    static let variable = "FIELDWORK_BENCHMARK_PLAYBOOK"

    /// The research that the environment chooses; nil if the executable is no playbook now.
    static var wanted: Kind? {
      ProcessInfo.processInfo.environment[variable].flatMap(Kind.init)
    }

    init?(_ text: String) {
      let parts = text.split(separator: ":")
      switch (parts.first, parts.dropFirst().first.flatMap { Int($0) }) {
      case ("start", nil): self = .start
      case ("finished", let count?): self = .finished(count)
      default: return nil
      }
    }

    /// The environment of a process that is this playbook.
    var environment: [String: String] {
      switch self {
      case .start: [Self.variable: "start"]
      case .finished(let count): [Self.variable: "finished:\(count)"]
      }
    }
  }

  var research: Research {
    switch Kind.wanted {
    case .finished(let count): Self.finished(count)
    case .start, nil: Self.start
    }
  }

  static var start: Research {
    Research("start", seed: 1) {
      Unit("clock", saving: "nanoseconds") { MonotonicClock.nanoseconds }
    }
  }

  /// - Parameter count: how many experiments; it is rounded down to hundreds.
  static func finished(_ count: Int) -> Research {
    Research("finished", repetitions: 10, seed: 1, objective: .minimize("loss"), workers: 2) {
      Domain("rate" <- 1...10) * Domain("width" <- 1...max(1, count / 100))
      Unit(
        "measure",
        saving: "loss",
        { (rate: Int, width: Int, random: RandomStream) in
          Double(rate) / Double(width) + random.normal(deviation: 0.1)
        },
        EC("rate"),
        EC("width"),
        E().random
      )
    }
  }
}

/// The time of the system's monotonic clock, which all processes share.
enum MonotonicClock {
  static var nanoseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  static var seconds: Double { Double(nanoseconds) / 1e9 }
}
