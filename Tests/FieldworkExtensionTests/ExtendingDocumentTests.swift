import Foundation
import XCTest

/// Each Swift block of docs/extending.md is part of a source that is compiled and tested.
final class ExtendingDocumentTests: XCTestCase {
  private static let root = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL

  private static let sources = [
    "Tests/FieldworkExtensionTests/Extensions.swift",
    "Tests/FieldworkRuntimeTests/Workers/EngineExample.swift",
    "Tests/FieldworkRuntimeTests/Scheduling/SourceExample.swift",
    "Tests/FieldworkReportTests/PlotExample.swift",
  ]

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  func testBlocksAreCompiled() throws {
    let sources = try Self.sources.map(text).joined(separator: "\n")
    let parts = try text("docs/extending.md").components(separatedBy: "```swift\n").dropFirst()
    XCTAssertGreaterThanOrEqual(parts.count, 8)
    for part in parts {
      let block = part.components(separatedBy: "```")[0].trimmingCharacters(in: .newlines)
      XCTAssertTrue(sources.contains(block), "not in the sources:\n\(block)")
    }
  }
}
