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
    for name in ["AllForms", "Neighbours", "Arithmetic"] {
      let text = try String(contentsOf: try Fixtures.url(of: name), encoding: .utf8)
      XCTAssertFalse(text.contains("expected-error"), "\(name) is a fixture of right code")
      XCTAssertEqual(try Fixtures.check(name), "", name)
    }
  }

  /// Without the comments the same files would fail: the comments are read.
  func testEveryOtherFixtureExpectsErrors() throws {
    let names = try Fixtures.names()
    XCTAssertGreaterThanOrEqual(names.count, 17)
    for name in names where !["AllForms", "Neighbours", "Arithmetic"].contains(name) {
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

/// The folder of fixtures.
private enum Fixtures {
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
  static func check(_ name: String) throws -> String { try TypeCheck.check(try url(of: name)) }
}
