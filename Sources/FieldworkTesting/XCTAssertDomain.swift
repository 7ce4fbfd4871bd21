public import Fieldwork
import XCTest

// swift-format-ignore: AlwaysUseLowerCamelCase
/// Checks that a domain makes just the given configs, in their order.
///
///     XCTAssertConfigs(Domain("a" <- [1, 2]), [["a": 1], ["a": 2]])
///
/// A config is compared by its values and, where an expected value has an alias, by that. A failure
/// shows the first difference, and what is missing and what is too much.
/// - Parameters:
///   - limit: how many configs to compare; nil for one pass. An endless domain needs it.
///   - seed: the seed of samplers and weights.
public func XCTAssertConfigs(
  _ domain: @autoclosure () throws -> Domain,
  _ expected: [Config],
  limit: Int? = nil,
  seed: UInt64 = 0,
  _ message: @autoclosure () -> String = "",
  file: StaticString = #filePath,
  line: UInt = #line
) {
  do {
    let found = try domain().configs(limit: limit, seed: seed)
    if let difference = ConfigDifference(found: found, expected: expected) {
      XCTFail(joined(difference.description, message()), file: file, line: line)
    }
  } catch {
    XCTFail(joined("the domain makes no configs: \(error)", message()), file: file, line: line)
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// Checks the number of configs of one pass of a domain; nil for a domain without end.
public func XCTAssertCount(
  _ domain: @autoclosure () throws -> Domain,
  _ expected: Int?,
  _ message: @autoclosure () -> String = "",
  file: StaticString = #filePath,
  line: UInt = #line
) {
  func text(_ count: Int?) -> String { count.map(String.init) ?? "no end" }
  do {
    let domain = try domain()
    let count = try domain.counted()
    if count != expected {
      let reason = "the domain has \(text(count)), not \(text(expected)): \(domain)"
      XCTFail(joined(reason, message()), file: file, line: line)
    }
  } catch {
    XCTFail(joined("the domain has no count: \(error)", message()), file: file, line: line)
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// Checks that a research can be run: that its preflight finds no errors.
public func XCTAssertSound(
  _ research: @autoclosure () -> Research,
  _ message: @autoclosure () -> String = "",
  file: StaticString = #filePath,
  line: UInt = #line
) {
  let errors = research().preflight().filter { $0.severity == .error }
  guard !errors.isEmpty else { return }
  XCTFail(
    joined(errors.map(\.description).joined(separator: "\n"), message()),
    file: file,
    line: line
  )
}

private func joined(_ reason: String, _ message: String) -> String {
  message.isEmpty ? reason : "\(reason) - \(message)"
}
