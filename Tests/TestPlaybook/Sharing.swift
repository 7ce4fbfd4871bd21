import Fieldwork
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Researches that show what worker processes share, and what they do not.
extension TestPlaybook {
  /// The research that the environment chooses; nil if it is none of these.
  var sharing: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "talking": talking
    case "devices": devices
    case "uncertain": uncertain
    case "unlisted": unlisted
    case "crossing": crossing
    default: nil
    }
  }

  /// Forty experiments that print and log long lines, each with its own number.
  private var talking: Research {
    Research("talking", iterations: 5) {
      Domain("k" <- 0..<40)
      Unit("talk", saving: "process") { run in
        let k = try run["k", as: Int.self]
        let line = "\(k):" + String(repeating: "abcdefghij", count: 30)
        print(line)
        run.logger.notice("\(line)")
        FileHandle.standardError.write(Data("error \(line)\n".utf8))
        return Int(ProcessInfo.processInfo.processIdentifier)
      }
    }
  }

  /// What a process sees of the devices: one experiment for each branch of two workers, two times.
  private var devices: Research {
    Research("devices", seed: 1, workers: [["w": 0], ["w": 1]], branches: 2) {
      Domain("k" <- 0..<8)
      Unit("see", saving: ["visible", "given", "process"]) { run in
        let process = Int(ProcessInfo.processInfo.processIdentifier)
        let given = run.device?.name ?? "none"
        return (Self.environment["CUDA_VISIBLE_DEVICES"] ?? "unset", given, process)
      }
    }
  }

  /// A research that comes out differently in each process.
  private var uncertain: Research {
    Research("uncertain") {
      Domain("k" <- 0..<4)
      Unit("unit \(ProcessInfo.processInfo.processIdentifier)", saving: "y") { _ in 1 }
    }
  }

  /// Two branches read each other. The first has ended when the second one's process dies, as often as
  /// there is no file.
  private var crossing: Research {
    Research("crossing", iterations: 2, workers: 1, branches: 2) {
      Domain("k" <- 0..<4)
      Save("both", EC<Int>("k").all, when: .at(0))
      Unit("step", saving: "step") { run in
        let path = try run.directory() + "/../../\(run.id) tries"
        if try run["k", as: Int.self] % 2 == 0 { try run.stop() }
        guard run.iteration == 1, !FileManager.default.fileExists(atPath: path) else {
          return run.iteration
        }
        try Data().write(to: URL(fileURLWithPath: path))
        _exit(8)
      }
    }
  }

  /// A value that is not plain, in a config that an update makes and that the domain does not list.
  private var unlisted: Research {
    Research("unlisted", workers: 1) {
      Domain("f" <- [Alias("half", half)])
      UpdateDomain(when: .last) { update in
        update.updates > 1 ? nil : Domain("f" <- [Alias("relu", relu)])
      }
      Unit("apply", saving: "y") { run in
        try run["f", as: (@Sendable (Double) -> Double).self](-2)
      }
    }
  }
}
