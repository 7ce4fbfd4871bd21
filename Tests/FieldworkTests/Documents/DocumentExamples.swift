import Foundation

/// The Swift blocks of a document, made into a source of tests.
///
/// Each `###` section becomes a test, with the blocks that stand before the first one under its `##`
/// heading in front. Of a line `code   // text` the test checks that what the code gives is shown as the
/// text, of `let name = code   // text` the same for the name, and of `code   // throws: text` that an
/// error with the text is thrown. A block with an import is a file of its own, which is type-checked.
struct DocumentExamples {
  private let name: String
  private var tests: [(name: String, lines: [String])] = []
  /// The blocks that are files.
  private(set) var files: [String] = []

  /// - Parameter name: the document's name in the folder `docs`.
  init(_ name: String) throws {
    self.name = name
    let text = try String(contentsOf: DocumentExamples.document(name), encoding: .utf8)
    var (chapter, section) = ("", "")
    var preamble: [String] = []
    var block: [String]?
    for line in text.components(separatedBy: "\n") {
      if line.hasPrefix("```"), let lines = block {
        block = nil
        if lines.contains(where: { $0.hasPrefix("import ") }) {
          files.append(lines.joined(separator: "\n") + "\n")
        } else if section.isEmpty {
          preamble += lines
        } else {
          tests[tests.count - 1].lines += lines
        }
      } else if line == "```swift" {
        block = []
        if !section.isEmpty, tests.last?.name != section { tests.append((section, preamble)) }
      } else if block != nil {
        block?.append(line)
      } else if line.hasPrefix("## ") {
        (chapter, section, preamble) = (DocumentExamples.identifier(line), "", [])
      } else if line.hasPrefix("### ") {
        section = chapter + "_" + DocumentExamples.identifier(line)
      }
    }
  }

  /// The folder that this file is in.
  static let folder = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()

  private static func document(_ name: String) -> URL {
    folder.appendingPathComponent("../../../docs/\(name).md").standardizedFileURL
  }

  /// A heading as a name: `## Alias and names` is `AliasAndNames`.
  private static func identifier(_ heading: String) -> String {
    heading.split { !$0.isLetter && !$0.isNumber }
      .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// The source of a test case.
  /// - Parameter className: the name of its class.
  func source(className: String) -> String {
    var lines = [
      "// swift-format-ignore-file", "// Made of docs/\(name).md; see DocumentExamples.",
      "import Fieldwork", "import XCTest", "", "final class \(className): DocumentExampleCase {",
    ]
    for (number, test) in tests.enumerated() {
      if number > 0 { lines.append("") }
      lines.append("  func test\(test.name)() async throws {")
      lines += test.lines.map { $0.isEmpty ? "" : "    " + DocumentExamples.statement($0) }
      lines += DocumentExamples.constants(test.lines).map { "    _ = \($0)" }
      lines.append("  }")
    }
    return lines.joined(separator: "\n") + "\n}\n"
  }

  /// A line of a block as a statement, with the check of what it gives.
  private static func statement(_ line: String) -> String {
    guard !line.hasPrefix("//"), !line.hasPrefix(" "), let end = line.range(of: "   // ") else {
      return line
    }
    let code = String(line[..<end.lowerBound])
    let text = String(line[end.upperBound...])
    if let name = constants([code]).first { return "\(code); assertShown(\(name), #\"\(text)\"#)" }
    if text.hasPrefix("throws: ") {
      return "await assertThrows(#\"\(text.dropFirst(8))\"#) { \(code) }"
    }
    return "assertShown(\(code), #\"\(text)\"#)"
  }

  /// The names that lines declare, so that none of them is unused.
  private static func constants(_ lines: [String]) -> [String] {
    lines.flatMap { line -> [String] in
      guard line.hasPrefix("let ") || line.hasPrefix("var ") else { return [] }
      return line.dropFirst(4).prefix { $0 != "=" && $0 != ":" }
        .split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
  }
}
