import FieldworkCore
import XCTest

/// Asserts that an expression throws a ``FieldworkError``, and gives it on.
@discardableResult
func assertThrows<T>(
  _ code: FieldworkError.Code,
  containing texts: String...,
  file: StaticString = #filePath,
  line: UInt = #line,
  _ body: () throws -> T
) -> FieldworkError? {
  do {
    let value = try body()
    XCTFail("no error, but \(value)", file: file, line: line)
  } catch let error as FieldworkError {
    XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
    for text in texts where !error.message.contains(text) {
      XCTFail("'\(error.message)' lacks '\(text)'", file: file, line: line)
    }
    return error
  } catch {
    XCTFail("another error: \(error)", file: file, line: line)
  }
  return nil
}
