import Fieldwork
import Foundation

extension TestPlaybook {
  /// Experiments that share an expensive preparation. It adds a line to a file for each time that it runs.
  var caching: Research {
    let pause = Self.environment["CACHING_PAUSE"].flatMap(Double.init) ?? 0.05
    let version = Self.environment["CACHING_VERSION"] ?? "1"
    return Research("caching", seed: 1) {
      Domain("data" <- ["a", "b", "c"]) * Domain("x" <- Array(0..<20))
      Unit(
        "prepare",
        cached: .version(version),
        { (data: String) async throws -> [Double] in
          Self.append("value \(data)", toFileOf: "CACHING_COUNT")
          try await Task.sleep(for: .seconds(pause))
          return (0..<1000).map { Double($0) + Double(data.utf8.first ?? 0) }
        },
        EC<String>("data")
      )
      Unit(
        "files",
        cached: .directory(version),
        { (path: String, data: String) in
          Self.append("folder \(data)", toFileOf: "CACHING_COUNT")
          try data.write(toFile: path + "/first", atomically: false, encoding: .utf8)
          try await Task.sleep(for: .seconds(pause))
          try FileManager.default.createDirectory(
            atPath: path + "/more",
            withIntermediateDirectories: true
          )
          try data.write(toFile: path + "/more/second", atomically: false, encoding: .utf8)
        },
        EC<String>("data")
      )
      Unit(
        "use",
        saving: ["sum", "text"],
        { (numbers: [Double], path: String, x: Int) in
          let first = try String(contentsOfFile: path + "/first", encoding: .utf8)
          let second = try String(contentsOfFile: path + "/more/second", encoding: .utf8)
          return (numbers.reduce(0, +) + Double(x), first + second)
        },
        O<[Double]>("prepare"),
        O<String>("files"),
        EC<Int>("x")
      )
    }
  }
}
