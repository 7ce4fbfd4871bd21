import Fieldwork
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Goes at random, with two random streams.
private final class Walker: Checkpointable {
  private let random: RandomStream
  private let noise: RandomStream
  private var position = 0.0

  init(_ random: RandomStream) {
    self.random = random
    noise = random.split("noise")
    position = random.uniform()
  }

  func step() -> Double {
    position += random.normal() + 0.1 * noise.uniform()
    return position
  }

  func checkpoint() throws -> [UInt8] { try CheckpointCoder.encode(position) }

  func restore(from checkpoint: [UInt8]) throws {
    position = try CheckpointCoder.decode(checkpoint)
  }
}

extension TestPlaybook {
  /// Four walks, which note their steps in the file `steps`. In each iteration of `TEST_DEATHS` the process
  /// is killed, once in each experiment.
  var checkpointed: Research {
    let deaths = (Self.environment["TEST_DEATHS"] ?? "").split(separator: ",").compactMap {
      Int($0)
    }
    return Research("checkpointed", iterations: 20, seed: 5, checkpoint: .every(4)) {
      Domain("k" <- 0..<4)
      let walker = Instance("walker") { run in Walker(run.random) }
      walker
      Unit("step", saving: "position", on: walker) { walker, run in
        let path = try run.directory() + "/../../\(run.id) steps"
        let steps = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try (steps + "\(run.iteration)\n").write(toFile: path, atomically: true, encoding: .utf8)
        return walker.step()
      }
      Unit("die") { run in
        guard deaths.contains(run.iteration) else { return }
        let path = try run.directory() + "/../../\(run.id) died \(run.iteration)"
        guard !FileManager.default.fileExists(atPath: path) else { return }
        try "".write(toFile: path, atomically: true, encoding: .utf8)
        kill(getpid(), SIGKILL)
      }
      Unit("draw", when: .every(3) | .last, saving: "draw") { run in run.random.uniform() }
    }
  }
}
