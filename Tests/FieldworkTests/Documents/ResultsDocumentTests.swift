import Fieldwork
import Foundation
import XCTest

/// What docs/results.md shows is run here: commands, SQL, Python and Swift.
final class ResultsDocumentTests: CommandLineTestCase {
  private var document: String {
    get throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      return try String(contentsOf: root.appendingPathComponent("docs/results.md"), encoding: .utf8)
    }
  }

  /// The blocks of code in a language.
  private func blocks(_ language: String) throws -> [String] {
    try document.components(separatedBy: "```\(language)\n").dropFirst()
      .map { $0.components(separatedBy: "```")[0] }
  }

  /// Runs a small `Digits`, whose results are in `research/digits` below the working directory of the test.
  private func runDigits() throws {
    let run = try ProcessRun(
      Self.executable("Digits"),
      ["--seed", "1", "--iterations", "3", "--directory", directory.path + "/research"]
    )
    XCTAssertEqual(run.status, 0, run.error)
  }

  /// Runs a program in the folder of the test.
  private func run(_ program: String, _ arguments: [String]) throws -> ProcessRun {
    try ProcessRun(
      URL(fileURLWithPath: "/bin/sh"),
      ["-c", "cd \"$0\" && exec \"$@\"", directory.path, program] + arguments,
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    )
  }

  func testTheCommands() throws {
    try runDigits()
    let start = "$ swift run Digits "
    let lines = try blocks("console").flatMap { $0.split(separator: "\n") }
      .filter { $0.hasPrefix(start) }
    XCTAssertGreaterThan(lines.count, 9)
    for line in lines {
      let command = line.dropFirst(start.count).components(separatedBy: "  #")[0]
      let digits = Self.executable("Digits").path
      let run = try run("/bin/sh", ["-c", "\(digits) \(command)"])
      XCTAssertEqual(run.status, 0, "\(command): \(run.error)")
      XCTAssertFalse(run.output.isEmpty, command)
    }
    let written = ["digits/report.html", "digits/parameter-rate-activation.svg"]
    for file in written {
      XCTAssertTrue(FileManager.default.fileExists(atPath: "\(directory.path)/research/\(file)"))
    }
  }

  func testSQLite() throws {
    try XCTSkipUnless(try run("/usr/bin/env", ["sqlite3", "--version"]).status == 0, "no sqlite3")
    try runDigits()
    for block in try blocks("sh") {
      let run = try run("/bin/sh", ["-c", block])
      XCTAssertEqual(run.status, 0, run.error)
      XCTAssertEqual(run.output.split(separator: "\n").count, 5, run.output)
    }
  }

  func testPython() throws {
    try runDigits()
    let csv = try ProcessRun(
      Self.executable("Digits"),
      ["results", "--format", "csv", "--directory", directory.path + "/research"]
    )
    try csv.output.write(toFile: directory.path + "/digits.csv", atomically: true, encoding: .utf8)
    var known: [String] = []
    for block in try blocks("python") {
      let module = try XCTUnwrap(["pandas", "polars", "duckdb"].first { block.contains($0) })
      guard try Python.has(module) else { continue }
      known.append(module)
      let check =
        module == "duckdb"
        ? "assert duckdb.connect().execute(\"SELECT count(*) FROM 'digits.parquet'\").fetchone()[0] == 162"
        : "assert len(df) == 162 and 'accuracy' in df.columns"
      let run = try run(Python.path, ["-c", block + check])
      XCTAssertEqual(run.status, 0, "\(block)\n\(run.error)")
    }
    try XCTSkipIf(known.isEmpty, "no Python with pandas, polars or duckdb")
  }

  func testSwift() throws {
    try runDigits()
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    func comparable(_ line: some StringProtocol) -> String {
      line.components(separatedBy: "//")[0].filter { !$0.isWhitespace }
    }
    let own = source.split(separator: "\n").map(comparable)
    for block in try blocks("swift") {
      for line in block.split(separator: "\n") where !comparable(line).isEmpty {
        XCTAssertTrue(own.contains(comparable(line)), "no test runs: \(line)")
      }
    }
    let before = FileManager.default.currentDirectoryPath
    XCTAssertTrue(FileManager.default.changeCurrentDirectoryPath(directory.path))
    defer { _ = FileManager.default.changeCurrentDirectoryPath(before) }
    try shown()
    for file in ["good.csv", "rate.svg", "digits.html"] {
      XCTAssertTrue(FileManager.default.fileExists(atPath: "\(directory.path)/\(file)"), file)
    }
    XCTAssertEqual(try Research("digits") { Unit("none") {} }.results().experiments.count, 54)
  }

  private func print(_ values: Any...) { XCTAssertFalse("\(values)".isEmpty) }

  private func shown() throws {
    let results = try ResearchResults.load("research/digits")
    let table = results.table()
    let groups = try table.lastValues().grouped(by: "rate", "width")
    print(try groups.aggregate([.mean, .ci, .count], columns: ["accuracy"]))
    let good = try table.where("accuracy > 0.95 and activation in (relu, tanh)")
    try good.formatted(.csv).write(toFile: "good.csv", atomically: true, encoding: .utf8)

    let best = try results.bestTable(by: .maximize("accuracy"), count: 3)
    // swift-format-ignore
    let difference = try results.compare(Condition("rate == 0.02"), Condition("rate == 0.1"), by: "accuracy")
    print(difference.pairs.differences.mean, difference.pairs.probability ?? 1)
    // swift-format-ignore
    for share in try results.importance(of: "accuracy")?.shares ?? [] { print(share.parameter, share.share) }

    // swift-format-ignore
    let wide = try table.lastValues().pivoted(rows: ["rate"], columns: "width", values: "accuracy")
    let long = try wide.unpivoted(["8", "32"], name: "width", value: "accuracy")
    let named = try wide.joined(with: best.select("rate", "n"), on: ["rate"], .left)
    print(table.describe(), long.head(3), try named.distinct(["rate"]).sorted(by: "rate"))

    let plot = try Plot.parameter("rate", of: "accuracy", by: "activation", results)
    try plot.svg.write(toFile: "rate.svg", atomically: true, encoding: .utf8)
    // swift-format-ignore
    try Report.load("research/digits", objective: .maximize("accuracy")).write(to: "digits.html")
    XCTAssertEqual(best.count, 3)
    XCTAssertEqual(difference.pairs.count, 18)
    XCTAssertEqual(wide.columnNames, ["rate", "8", "32"])
    XCTAssertEqual(long.count, 6)
  }
}
