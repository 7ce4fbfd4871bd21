import Foundation
import XCTest

/// Type-checks the fixtures of `CompileErrors` and compares what the compiler says with their comments
/// `// expected-error {{…}}`.
///
/// A fixture takes a fraction of a second; an expression that is too hard to check would give an error
/// that no fixture expects.
final class CompileErrorTests: XCTestCase {
  /// Fixtures without any error, which fail if the harness finds no modules.
  func testWhatIsRightCompiles() throws {
    for name in ["AllForms", "Neighbours"] {
      let text = try String(contentsOf: try Fixtures.url(of: name), encoding: .utf8)
      XCTAssertFalse(text.contains("expected-error"), "\(name) is a fixture of right code")
      XCTAssertEqual(try Fixtures.check(name), "", name)
    }
  }

  /// Without the comments the same files would fail: the comments are read.
  func testEveryOtherFixtureExpectsErrors() throws {
    let names = try Fixtures.names()
    XCTAssertGreaterThanOrEqual(names.count, 17)
    for name in names where !["AllForms", "Neighbours"].contains(name) {
      let text = try String(contentsOf: try Fixtures.url(of: name), encoding: .utf8)
      XCTAssertTrue(text.contains("// expected-error"), name)
    }
  }

  func testEveryFixtureGivesJustTheExpectedErrors() throws {
    for name in try Fixtures.names() {
      XCTAssertEqual(try Fixtures.check(name), "", name)
    }
  }
}

/// The folder of fixtures, and the compiler that the tests were built with.
private enum Fixtures {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static func url(of name: String) throws -> URL {
    try folder().appendingPathComponent("\(name).swift")
  }

  static func names() throws -> [String] {
    let urls = try FileManager.default.contentsOfDirectory(
      at: folder(),
      includingPropertiesForKeys: nil
    )
    return urls.filter { $0.pathExtension == "swift" }
      .map { $0.deletingPathExtension().lastPathComponent }.sorted()
  }

  private static func folder() throws -> URL {
    Bundle.module.bundleURL.appendingPathComponent("CompileErrors")
  }

  /// - Returns: what the compiler says that a fixture does not expect, or the other way round.
  static func check(_ name: String) throws -> String {
    let modules = BuildProducts.folder.appendingPathComponent("Modules")
    guard FileManager.default.fileExists(atPath: modules.path) else {
      throw Failure(description: "there are no modules in \(modules.path)")
    }
    let flags = [
      "-typecheck", "-parse-as-library", "-swift-version", "6",
      "-Xfrontend", "-verify",
      // The hints' own lines, to which the compiler's notes point.
      "-Xfrontend", "-verify-ignore-unrelated",
      "-Xfrontend", "-verify-ignore-unknown",
      "-Xfrontend", "-solver-expression-time-threshold=2",
      "-I", modules.path,
    ]
    let maps = try moduleMaps().flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
    let frameworks = BuildProducts.testFrameworkFlags
    let compiler = ProcessInfo.processInfo.environment["SWIFT_EXEC"]
    let run = try ProcessRun(
      URL(fileURLWithPath: "/usr/bin/env"),
      [compiler ?? "swiftc"] + flags + maps + frameworks + [try url(of: name).path]
    )
    return run.status == 0 ? run.error : "exit code \(run.status)\n\(run.output)\(run.error)"
  }

  /// The maps of the C modules that ours load: those of the packages that they use.
  private static func moduleMaps() throws -> [String] {
    let maps = [
      "swift-numerics/Sources/_NumericsShims/include/module.modulemap",
      "GRDB.swift/Sources/GRDBSQLite/module.modulemap",
    ]
    var folder = BuildProducts.folder
    while folder.path != "/" {
      let paths = maps.map { folder.appendingPathComponent("checkouts/\($0)").path }
      if paths.allSatisfy(FileManager.default.fileExists) { return paths }
      folder.deleteLastPathComponent()
    }
    throw Failure(description: "the packages' checkouts are not above \(BuildProducts.folder.path)")
  }
}
