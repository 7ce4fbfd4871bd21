import XCTest

@testable import FieldworkCore

final class DomainPartsTests: XCTestCase {
  private func occurs(_ domain: Domain, in config: Config) throws -> Bool {
    try DomainParts(domain).occur(in: config)
  }

  /// All small domains against all of their configs, alone and with other parameters beside.
  func testAPartIsAConfigAllOfWhoseValuesAreThere() throws {
    let made = try finiteDomains.flatMap { try $0.domain.configs() }
    let beside: Config = ["other": 1, "repetition": 2, "updates": 0]
    for (name, domain) in finiteDomains {
      let parts = try DomainParts(domain)
      let configs = try domain.configs()
      for config in made {
        let isPart = configs.contains { part in
          part.entries.allSatisfy { config[alias: $0.name.key] == $0.value }
        }
        XCTAssertEqual(try parts.occur(in: config), isPart, "\(name): \(config)")
        XCTAssertEqual(try parts.occur(in: config.merging(beside)), isPart, "\(name): \(config)")
      }
    }
  }

  func testWhatARunAddsMayBeAskedFor() throws {
    let config: Config = ["a": 1, "repetition": 2]
    XCTAssertTrue(try occurs(list("repetition", 1, 2), in: config))
    XCTAssertFalse(try occurs(list("repetition", 0, 1), in: config))
  }

  func testShownNamesDoNotCount() throws {
    let aliased: Config = ["a": AnyAlias("one", 1)]
    XCTAssertTrue(try occurs(list("a", 1, 2), in: aliased))
    XCTAssertTrue(try occurs(list("a", AnyAlias("uno", 1)), in: aliased))
    XCTAssertTrue(try occurs(integers("a", 0...1), in: aliased))
    XCTAssertFalse(try occurs(list("a", "one"), in: aliased))
    XCTAssertFalse(try occurs(list("a", AnyAlias("one", 2)), in: aliased))
  }

  func testNumbersCountByTheirSize() throws {
    XCTAssertTrue(try occurs(list("a", 1), in: ["a": 1.0]))
    XCTAssertTrue(try occurs(list("a", [1, 2]), in: ["a": [1.0, 2.0]]))
    XCTAssertTrue(try occurs(list("a", ["b": [1]]), in: ["a": ["b": [1.0]]]))
    XCTAssertTrue(try occurs(integers("a", 1...3), in: ["a": 2.0]))
    XCTAssertFalse(try occurs(integers("a", 1...3), in: ["a": 2.5]))
    XCTAssertFalse(try occurs(list("a", [1, 2]), in: ["a": [1]]))
    XCTAssertFalse(try occurs(list("a", 1), in: ["a": true]))
    XCTAssertFalse(try occurs(list("a", "1"), in: ["a": 1]))
    let large = 1 << 60
    XCTAssertFalse(
      AnyAlias(Value.int(large)).hasSameContent(as: AnyAlias(Value.int(large + 1))),
      "as doubles they are equal"
    )
  }

  func testAValueThatIsNotPlainCountsAsItsName() throws {
    let function: @Sendable (Int) -> Int = { $0 }
    let stored: Config = ["f": AnyAlias(stored: "double", isNamed: true, plain: nil)]
    XCTAssertTrue(try occurs(list("f", AnyAlias("double", function)), in: stored))
    XCTAssertTrue(try occurs(list("f", "double"), in: stored))
    XCTAssertFalse(try occurs(list("f", AnyAlias("half", function)), in: stored))
  }

  func testSamplersCountByTheirRange() throws {
    let domain = list("a", 1).product(drawn("s", .uniform(0...1)))
    XCTAssertTrue(try occurs(domain, in: ["a": 1, "s": 0.3, "b": 5]))
    XCTAssertFalse(try occurs(domain, in: ["a": 1, "s": 1.3, "b": 5]))
    XCTAssertFalse(try occurs(domain, in: ["a": 2, "s": 0.3]))
    XCTAssertFalse(try occurs(domain, in: ["a": 1]))
  }

  func testConditionsCountAndTheirErrorsAreThrown() throws {
    let domain = integers("k", 1...6).where { try $0["k", as: Int.self] > 3 }
    XCTAssertTrue(try occurs(domain, in: ["k": 4, "b": 1]))
    XCTAssertFalse(try occurs(domain, in: ["k": 3, "b": 1]))
    let failing = integers("k", 1...6).where { try $0["none", as: Int.self] > 3 }
    XCTAssertThrowsError(try occurs(failing, in: ["k": 4])) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .missingParameter)
      let message = (error as? FieldworkError)?.message ?? ""
      XCTAssertTrue(message.contains("write (A * B).where { … }"), message)
    }
    XCTAssertThrowsError(try DomainParts(list("a", 1).weighted(-1))) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .invalidDefinition)
    }
  }
}
