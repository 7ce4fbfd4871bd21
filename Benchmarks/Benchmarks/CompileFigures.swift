import ArgumentParser
import Foundation

/// Times how long the compiler takes over playbook sources that were slow to check once.
struct CompileFigures: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Times the type checking of the sources in Benchmarks/CompileTime.",
    discussion: """
      Needs a build of the package and the package's folder as the current one. Exits with 1 if a source does not \
      compile or takes longer than the limit.
      """
  )

  @Option(help: "The seconds that a source may take.")
  var limit = 1.0

  @Option(help: "The build folder whose modules are used.")
  var build = ".build/debug"

  func run() async throws {
    let folder = "Benchmarks/CompileTime"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    var hasFailed = false
    for name in names where name.hasSuffix(".swift") {
      // The first one reads the modules into the file cache.
      _ = try seconds("\(folder)/\(name)")
      let (seconds, status) = try seconds("\(folder)/\(name)")
      let isSlow = seconds > limit
      let remark = status != 0 ? "  does not compile" : isSlow ? "  over \(limit) s" : ""
      print(String(format: "%-18@ %6.2f s", name as NSString, seconds) + remark)
      hasFailed = hasFailed || status != 0 || isSlow
    }
    if hasFailed { throw ExitCode.failure }
  }

  private func seconds(_ path: String) throws -> (Double, Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let checkouts = ".build/checkouts"
    process.arguments = [
      "swiftc", "-typecheck", "-parse-as-library", "-swift-version", "6", "-I", "\(build)/Modules",
      "-Xcc",
      "-fmodule-map-file=\(checkouts)/swift-numerics/Sources/_NumericsShims/include/module.modulemap",
      "-Xcc", "-fmodule-map-file=\(checkouts)/GRDB.swift/Sources/GRDBSQLite/module.modulemap",
      "-Xfrontend", "-solver-expression-time-threshold=\(max(1, Int(limit.rounded(.up))))", path,
    ]
    let clock = ContinuousClock()
    let begin = clock.now
    try process.run()
    process.waitUntilExit()
    return ((clock.now - begin) / .seconds(1), process.terminationStatus)
  }
}
