import Fieldwork
import Foundation

extension TestPlaybook {
  /// Experiments that take a while and count how often they begin and end, for workers in jobs of a cluster.
  ///
  /// Environment variables give the number of experiments, their iterations, the seconds of an iteration, the file that
  /// counts, and whether experiments have a checkpoint after each iteration.
  var cluster: Research {
    let number = { (name: String, standard: Double) in
      Self.environment[name].flatMap(Double.init) ?? standard
    }
    let pause = number("CLUSTER_PAUSE", 0.1)
    let iterations = Int(number("CLUSTER_ITERATIONS", 3))
    return Research(
      "cluster",
      iterations: iterations,
      seed: 7,
      checkpoint: Self.environment["CLUSTER_CHECKPOINT"] == nil ? nil : .every(1)
    ) {
      Domain("x" <- Array(0..<Int(number("CLUSTER_SIZE", 24))))
      Unit("work", saving: "y") { run -> Double in
        let x: Int = try run["x"]
        if run.iteration == 0 { Self.append("begin \(x)", toFileOf: "CLUSTER_COUNT") }
        Self.append("iteration \(x) \(run.iteration)", toFileOf: "CLUSTER_COUNT")
        try await Task.sleep(for: .seconds(pause))
        if x == 3, Self.environment["CLUSTER_CRASH"] != nil, run.iteration == 1 {
          fatalError("a crash on purpose")
        }
        if run.iteration == iterations - 1 { Self.append("end \(x)", toFileOf: "CLUSTER_COUNT") }
        return Double(x) + run.random.uniform()
      }
    }
  }
}
