import Foundation
import XCTest

/// The modules in docs/architecture.md import each other as their sources and `Package.swift` do.
final class ArchitectureTests: XCTestCase {
  private static let root = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
    .appendingPathComponent("../../..").standardizedFileURL

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// By module: the modules that it imports, by the table of the document.
  private func documented() throws -> [String: Set<String>] {
    let table = try text("docs/architecture.md").components(separatedBy: "| module | imports |")
    let rows = try XCTUnwrap(table.last).components(separatedBy: "\n\n")[0]
    return rows.split(separator: "\n").dropFirst(2).reduce(into: [:]) { modules, row in
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      modules[cells[0]] = Set(
        cells[1].components(separatedBy: ", ").filter { $0.hasPrefix("Fieldwork") }
      )
    }
  }

  /// The modules of Fieldwork that the sources of a module import.
  private func imported(_ module: String, in place: String = "Sources") throws -> Set<String> {
    let folder = Self.root.appendingPathComponent("\(place)/\(module)")
    let files = try XCTUnwrap(
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    )
    var imports: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard !line.hasPrefix("/"), let word = words.firstIndex(of: "import"), word < 3,
          word + 1 < words.count,
          words[word + 1].hasPrefix("Fieldwork")
        else { continue }
        imports.insert(String(words[word + 1]))
      }
    }
    return imports
  }

  func testTheTableOfModules() throws {
    let documented = try documented()
    let sources = Self.root.appendingPathComponent("Sources").path
    XCTAssertEqual(
      documented.keys.sorted(),
      try FileManager.default.contentsOfDirectory(atPath: sources).sorted()
    )
    let package = try text("Package.swift")
    for (module, modules) in documented {
      XCTAssertEqual(modules, try imported(module), "the imports of \(module)")
      let target = try XCTUnwrap(
        package.components(separatedBy: "name: \"\(module)\",\n").dropFirst()
          .first { $0.hasPrefix("      dependencies") }
      )
      let dependencies = target.components(separatedBy: "swiftSettings")[0]
        .components(separatedBy: "\"").filter { $0.hasPrefix("Fieldwork") }
      XCTAssertEqual(modules, Set(dependencies), "the dependencies of \(module) in Package.swift")
    }
  }

  /// Otherwise a test may be compiled before a module that it imports.
  func testTestsDependOnWhatTheyImport() throws {
    let documented = try documented()
    let package = try text("Package.swift")
    for module in documented.keys {
      let name = "\(module)Tests"
      guard package.contains("name: \"\(name)\"") else { continue }
      let target = package.components(separatedBy: "name: \"\(name)\",")[1]
        .components(separatedBy: "swiftSettings")[0]
      let direct = target.components(separatedBy: "\"").filter { documented[$0] != nil }
      let all = direct.reduce(into: Set(direct)) { $0.formUnion(documented[$1] ?? []) }
      XCTAssertEqual(try imported(name, in: "Tests").subtracting(all), [], name)
    }
  }

  func testNoModuleImportsOneAboveIt() throws {
    let documented = try documented()
    var below: Set<String> = []
    var rest = documented
    while !rest.isEmpty {
      let next = rest.filter { $0.value.isSubset(of: below) }
      XCTAssertFalse(next.isEmpty, "the modules \(rest.keys.sorted()) import each other")
      if next.isEmpty { return }
      below.formUnion(next.keys)
      for module in next.keys { rest[module] = nil }
    }
  }
}
