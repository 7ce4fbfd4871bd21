import Fieldwork
import Foundation
import XCTest

/// The Swift blocks of docs/search.md are parts of these tests.
final class SearchDocumentTests: XCTestCase {
  private func lines(_ text: String) -> [String] {
    text.components(separatedBy: "\n").map { line in
      let code = line.components(separatedBy: "   //")[0]
      return code.trimmingCharacters(in: .whitespaces)
    }.filter { !$0.isEmpty }
  }

  func testBlocksAreCompiled() throws {
    let file = URL(fileURLWithPath: "\(#filePath)")
    let root = file.deletingLastPathComponent().appendingPathComponent("../..")
    let own = lines(try String(contentsOf: file, encoding: .utf8)).joined(separator: "\n")
    let document = try String(
      contentsOf: root.appendingPathComponent("docs/search.md"),
      encoding: .utf8
    )
    let parts = document.components(separatedBy: "```swift\n").dropFirst()
    XCTAssertEqual(parts.count, 5)
    for part in parts {
      let block = lines(part.components(separatedBy: "```")[0]).joined(separator: "\n")
      XCTAssertTrue(own.contains(block), "no test has:\n\(block)")
    }
  }

  func testASearch() throws {
    let train = { @Sendable (rate: Double, width: Int) in rate * Double(width) }
    let research =
      Research("digits", iterations: 20, objective: .maximize("accuracy"), window: 8) {
        Domain("rate" <- .logUniform(1e-4...1), "width" <- .integers(8...64))
        Search(configs: 100)
        Unit("train", saving: "accuracy", train, EC("rate"), EC("width"))
      }
    XCTAssertEqual(research.preflight(), [])
    XCTAssertEqual(
      try XCTUnwrap(research.search).description,
      "search auto"
    )
  }

  func testSeveralObjectives() throws {
    let train = { @Sendable (rate: Double, width: Int) in (rate, Double(width)) }
    let research =
      Research("digits", objective: [.maximize("accuracy"), .minimize("seconds")]) {
        Domain("rate" <- .logUniform(1e-4...1), "width" <- .integers(8...64))
        Search(.nsga2(), configs: 200)
        Unit("train", saving: ["accuracy", "seconds"], train, EC("rate"), EC("width"))
      }
    XCTAssertEqual(research.preflight(), [])
    XCTAssertEqual(research.settings.objectives.map(\.name), ["accuracy", "seconds"])
  }

  func testAnEnd() throws {
    let research = Research("digits", objective: .maximize("accuracy")) {
      Domain("rate" <- .logUniform(1e-4...1))
      Search(configs: 500, until: .noImprovement(for: 30))
      Unit("train", saving: "accuracy") { run in try run["rate", as: Double.self] }
    }
    XCTAssertEqual(research.preflight(), [])
    XCTAssertEqual(research.search?.end, .noImprovement(for: 30))
  }

  func testOtherResults() throws {
    let research = Research("digits", objective: .maximize("accuracy")) {
      Domain("rate" <- .logUniform(1e-4...1))
      Search(configs: 50, from: ["earlier", "pilot"])
      Unit("train", saving: "accuracy") { run in try run["rate", as: Double.self] }
    }
    XCTAssertEqual(research.preflight(), [])
    XCTAssertEqual(research.search?.sources, ["earlier", "pilot"])
  }

  func testALoop() throws {
    var session = try SearchSession(
      Domain("x" <- .uniform(-5...5), "y" <- .uniform(-5...5)),
      .tpe(),
      objective: .minimize,
      seed: 1
    )
    let suggestion = try session.ask()
    try session.tell(suggestion.number, 0.93)
    XCTAssertEqual(session.best?.value, 0.93)
  }
}
