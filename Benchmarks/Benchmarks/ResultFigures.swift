import ArgumentParser
import Fieldwork
import FieldworkStore
import Foundation

/// `results`: times how results are read, grouped and written.
struct ResultFigures: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "results",
    abstract: "Reading, grouping, sorting and writing the results of many experiments."
  )

  @Option(help: "How many experiments.")
  var experiments = 10_000

  @Option(help: "How many iterations each of them saves a value in.")
  var iterations = 100

  @Option(help: "How often each config comes.")
  var repetitions = 10

  @Option(help: "Keep the store in this folder, and read what is there.")
  var directory: String?

  func run() throws {
    let path = directory ?? NSTemporaryDirectory() + "fieldwork-benchmark-\(getpid())"
    defer { if directory == nil { try? FileManager.default.removeItem(atPath: path) } }
    let folder = ResearchFolder(directory: path, name: "results")
    if !FileManager.default.fileExists(atPath: folder.databasePath) {
      try SyntheticStore(
        experiments: experiments,
        iterations: iterations,
        repetitions: repetitions
      ).fill(folder)
    }
    let clock = ContinuousClock()
    func timed<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
      let start = clock.now
      let result = try body()
      let seconds = (clock.now - start) / .seconds(1)
      print("\(name): \(String(format: "%.3f", seconds)) s")
      return result
    }
    let results = try timed("read the store") { try ResearchResults.load(folder.path) }
    let table = timed("a table of \(experiments * iterations) rows") { results.table() }
    let groups = try timed("group by two parameters") { try table.grouped(by: "rate", "width") }
    _ = try timed("mean and interval") { try groups.aggregate([.mean, .ci, .count]) }
    _ = try timed("last values") { try table.lastValues() }
    _ = try timed("sort by a result") { try table.sorted(by: "loss") }
    _ = try timed("where") { try table.where("rate < 0.5 and iteration in (1, 50)") }
    _ = timed("CSV") { table.formatted(.csv) }
    let report = try Report.load(folder.path, objective: .minimize("loss"))
    let page = timed("report") { report.html }
    print("report: \(page.utf8.count / 1000) kB")
    try page.write(toFile: folder.path + "/report.html", atomically: true, encoding: .utf8)
  }
}
