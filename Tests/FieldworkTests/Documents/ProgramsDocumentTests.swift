import Fieldwork
import Foundation
import XCTest

/// The examples of docs/programs.md.
private enum Examples {
  static let rate = Parameter<Double>("rate")
  static let width = Parameter<Int>("width")
  static let depth = Parameter<Int>("depth")

  static var sweep: Research {
    Research("my-sweep", objective: .minimize("loss")) {
      Domain(Self.rate <- [0.01, 0.1, 0.5]) * Domain(Self.width <- [4, 8])
      Program("train", "python3 train.py --rate \(Self.rate) --width \(Self.width)", in: "path/to")
    }
  }

  @ResearchBuilder static var others: [ResearchPart] {
    Program(
      "train",
      "python3 train.py --rate \(Self.rate) --name '\(EC("name"))' --out \(EP()) --seed \(E().seed)"
    )
    Program(
      "count",
      .shell("zcat data-\(EC("part")).gz | wc -l > \(EP())/lines; echo '{\"ok\": true}'")
    )
    Program("simulate", "./simulate \(EC("n"))", output: .pattern(["energy": #"E = (\S+)"#]))
    Unit("score", saving: "score") { run in
      let result = try await run.execute("./score --depth \(Self.depth)")
      return Double(result.text) ?? 0
    }
  }
}

/// docs/programs.md shows what is compiled here, and its script and playbook do what it says.
final class ProgramsDocumentTests: CommandLineTestCase {
  private var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  private func blocks(_ language: String) throws -> [String] {
    let path = root.appendingPathComponent("docs/programs.md")
    return try String(contentsOf: path, encoding: .utf8)
      .components(separatedBy: "```\(language)\n").dropFirst()
      .map { $0.components(separatedBy: "```")[0] }
  }

  func testExamplesAreCompiled() throws {
    func comparable(_ text: String) -> String { text.filter { !$0.isWhitespace } }
    let source = comparable(try String(contentsOfFile: #filePath, encoding: .utf8))
    for block in try blocks("swift") {
      for line in block.split(separator: "\n") where !line.hasPrefix("var research") {
        let text = comparable(String(line))
        XCTAssertTrue(source.contains(text), "not compiled: \(line)")
      }
    }
  }

  func testThePlaybookOfTheScript() async throws {
    let script = try XCTUnwrap(try blocks("python").first)
    let path = directory.appendingPathComponent("train.py")
    try script.write(to: path, atomically: true, encoding: .utf8)
    let python = try ProcessRun(URL(fileURLWithPath: "/bin/sh"), ["-c", "command -v python3"])
    try XCTSkipUnless(python.status == 0, "there is no python3")
    let folder = directory.path
    let results = try await Research("my-sweep", seed: 1, parallel: .serial) {
      Domain(Examples.rate <- [0.01, 0.1, 0.5]) * Domain(Examples.width <- [4, 8])
      Program(
        "train",
        "python3 train.py --rate \(Examples.rate) --width \(Examples.width)",
        in: "\(folder)"
      )
    }.run()
    XCTAssertEqual(results.experiments.map(\.iterations), Array(repeating: 5, count: 6))
    let best = results.experiments.compactMap {
      results.values(of: "loss", in: $0.id).last?.value.number
    }.min()
    XCTAssertEqual(best ?? 0, 0.057, accuracy: 0.001)
  }

  /// `make playbook` writes what the document shows.
  func testMakePlaybookReadsTheOptionsOfAScript() throws {
    let folder = directory.appendingPathComponent("package")
    let files = FileManager.default
    try files.createDirectory(
      at: folder.appendingPathComponent(".ci"),
      withIntermediateDirectories: true
    )
    for name in ["Package.swift", ".ci/new-playbook"] {
      try files.copyItem(
        at: root.appendingPathComponent(name),
        to: folder.appendingPathComponent(name)
      )
    }
    let script = try XCTUnwrap(try blocks("python").first)
    try script.write(
      to: folder.appendingPathComponent("train.py"),
      atomically: true,
      encoding: .utf8
    )
    let made = try ProcessRun(
      folder.appendingPathComponent(".ci/new-playbook"),
      ["MySweep", folder.path + "/train.py"]
    )
    XCTAssertEqual(made.status, 0, made.error)
    let playbook = try String(
      contentsOf: folder.appendingPathComponent("Playbooks/MySweep/MySweep.swift"),
      encoding: .utf8
    )
    for line in [
      #"static let rate = Parameter<Double>("rate")"#,
      #"static let width = Parameter<Int>("width")"#,
      "Domain(Self.rate <- [0.1]) * Domain(Self.width <- [8])",
      #"Program("train", "python3 train.py --rate \(Self.rate) --width \(Self.width)", in: ".")"#,
    ] {
      XCTAssertTrue(playbook.contains(line), "no '\(line)' in:\n\(playbook)")
    }
    let manifest = try String(
      contentsOf: folder.appendingPathComponent("Package.swift"),
      encoding: .utf8
    )
    XCTAssertTrue(manifest.contains("  \"MySweep\",\n"))
  }
}
