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
        if run.iteration == 0 { Self.count("begin \(x)") }
        Self.count("iteration \(x) \(run.iteration)")
        try await Task.sleep(for: .seconds(pause))
        if x == 3, Self.environment["CLUSTER_CRASH"] != nil, run.iteration == 1 {
          fatalError("a crash on purpose")
        }
        if run.iteration == iterations - 1 { Self.count("end \(x)") }
        return Double(x) + run.random.uniform()
      }
    }
  }

  /// Adds a line to the file that counts.
  private static func count(_ line: String) {
    guard let path = environment["CLUSTER_COUNT"] else { return }
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard file >= 0 else { return }
    defer { close(file) }
    let text = line + "\n"
    _ = text.withCString { write(file, $0, strlen($0)) }
  }
}
