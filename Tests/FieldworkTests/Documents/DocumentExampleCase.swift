import Fieldwork
import XCTest

/// The examples of a document, see ``DocumentExamples``.
class DocumentExampleCase: XCTestCase {
  /// Checks how a document shows a value.
  func assertShown<T>(
    _ value: T,
    _ text: String,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    XCTAssertEqual(shown(value), text, file: file, line: line)
  }

  /// Checks that an error with a text is thrown.
  func assertThrows<T>(
    _ text: String,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ body: () async throws -> T
  ) async {
    do {
      let value = try await body()
      XCTFail("nothing was thrown, but there is \(value)", file: file, line: line)
    } catch {
      XCTAssertTrue("\(error)".contains(text), "\(error)", file: file, line: line)
    }
  }

  /// Configs one after another, optionals by what they hold, texts in lists with quotes, and everything else
  /// as Swift prints it.
  private func shown(_ value: Any) -> String {
    if let configs = value as? [Config] {
      return configs.map(\.description).joined(separator: " ")
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { shown($0.value) } ?? "nil"
    case .collection:
      let elements = mirror.children.map { child in
        (child.value as? String).map(String.init(reflecting:)) ?? shown(child.value)
      }
      return "[\(elements.joined(separator: ", "))]"
    default: return "\(value)"
    }
  }
}
