@testable import FieldworkCore
import XCTest

final class ConfigStreamTests: XCTestCase {
  private func elements(
    _ domain: Domain,
    _ settings: IterationSettings,
    limit: Int = 1000
  ) throws -> [ConfigStream.Element] {
    var stream = try domain.stream(settings)
    var elements: [ConfigStream.Element] = []
    while elements.count < limit, let element = try stream.next() { elements.append(element) }
    if elements.count < limit {
      XCTAssertNil(try stream.next())
      XCTAssertEqual(stream.size, elements.count)
    }
    return elements
  }

  /// The value of `a` and the repetition of each config: `1/0 2/0`.
  private func text(_ domain: Domain, _ settings: IterationSettings) throws -> String {
    try elements(domain, settings).map { element in
      XCTAssertFalse(element.config.contains("repetition"))
      return "\(try element.config["a", as: Int.self])/\(element.repetition)"
    }.joined(separator: " ")
  }

  private let three = list("a", 1, 2, 3)

  func testRepetitions() throws {
    XCTAssertEqual(try text(three, IterationSettings()), "1/0 2/0 3/0")
    XCTAssertEqual(
      try text(three, IterationSettings(repetitions: 2)),
      "1/0 2/0 3/0 1/1 2/1 3/1"
    )
    XCTAssertEqual(
      try text(three, IterationSettings(repetitions: 2, repeatEach: 1)),
      "1/0 1/1 2/0 2/1 3/0 3/1"
    )
    XCTAssertEqual(
      try text(three, IterationSettings(repetitions: 2, repeatEach: 2)),
      "1/0 2/0 1/1 2/1 3/0 3/1"
    )
  }

  func testConfigsOverAndUnder() throws {
    XCTAssertEqual(try text(three, IterationSettings(configs: 2)), "1/0 2/0")
    XCTAssertEqual(
      try text(three, IterationSettings(configs: 5, repetitions: 2)),
      "1/0 2/0 3/0 1/0 2/0 1/1 2/1 3/1 1/1 2/1"
    )
    XCTAssertEqual(
      try text(three, IterationSettings(configs: 4, repetitions: 2, repeatEach: 3)),
      "1/0 2/0 3/0 1/1 2/1 3/1 1/0 1/1"
    )
  }

  func testEveryBlockLengthGivesEveryConfigAsOften() throws {
    for (name, domain) in finiteDomains {
      for configs in [nil, 1, 2, 5, 13] {
        for repetitions in 1...3 {
          for repeatEach in [nil, 1, 2, 3, 4, 50] {
            let settings = IterationSettings(
              configs: configs,
              repetitions: repetitions,
              repeatEach: repeatEach
            )
            let count = try domain.configs().count
            let expected = count == 0 ? 0 : (configs ?? count)
            let found = try elements(domain, settings)
            XCTAssertEqual(found.count, expected * repetitions, name)
            let one = try domain.configs(limit: expected)
            for repetition in 0..<repetitions {
              let part = found.filter { $0.repetition == repetition }.map(\.config)
              XCTAssertEqual(part, one, "\(name), \(settings)")
            }
          }
        }
      }
    }
  }

  func testSamplesRepeatOverRepetitions() throws {
    let domain = list("k", 1, 2).product(drawn("s", .uniform(0...1)))
    for repeatEach in [nil, 1, 2, 3, 4] {
      let found = try elements(
        domain,
        IterationSettings(configs: 5, repetitions: 3, repeatEach: repeatEach, seed: 4)
      )
      let samples = Dictionary(grouping: found, by: \.repetition)
        .mapValues { $0.map { $0.config.description } }
      XCTAssertEqual(samples[0], samples[1])
      XCTAssertEqual(samples[0], samples[2])
      XCTAssertEqual(samples[0], try domain.texts(limit: 5, seed: 4))
      XCTAssertEqual(Set(samples[0] ?? []).count, 5)
    }
  }

  func testWeightedDrawsRepeatOverRepetitions() throws {
    let domain = integers("a", 1...9).weighted(1).concatenated(
      with: integers("b", 1...9).weighted(2)
    )
    let found = try elements(
      domain,
      IterationSettings(configs: 30, repetitions: 2, repeatEach: 7)
    )
    let first = found.filter { $0.repetition == 0 }.map(\.config)
    XCTAssertEqual(first, found.filter { $0.repetition == 1 }.map(\.config))
    XCTAssertEqual(Set(first.prefix(18)), Set(try domain.configs()))
    XCTAssertNotEqual(Array(first.prefix(12)), Array(first.suffix(12)))
  }

  func testACopyGoesOnAlike() throws {
    let domains =
      finiteDomains.map(\.domain) + [
        drawn("s", .uniform(0...1)).weighted(1).concatenated(with: three.weighted(1))
      ]
    for domain in domains where domain.count != 0 {
      var stream = try domain.stream(
        IterationSettings(configs: 7, repetitions: 2, repeatEach: 3, prefixDigits: 1)
      )
      for _ in 0..<15 {
        var copy = stream
        var expected: [String] = []
        while let element = try copy.next() { expected.append(element.prefix + element.config.id) }
        var again = stream
        var found: [String] = []
        while let element = try again.next() { found.append(element.prefix + element.config.id) }
        XCTAssertEqual(found, expected)
        _ = try stream.next()
      }
      XCTAssertNil(try stream.next())
    }
  }

  func testEndlessDomainsRepeatInBlocksOfAHundred() throws {
    let domain = drawn("s", .uniform(0...1))
    let stream = try domain.stream(IterationSettings(repetitions: 2))
    XCTAssertNil(stream.size)
    let found = try elements(domain, IterationSettings(repetitions: 2), limit: 400)
    XCTAssertEqual(found.map(\.repetition), (0..<400).map { $0 / 100 % 2 })
    XCTAssertEqual(found[0].config, found[100].config)
    XCTAssertNotEqual(found[0].config, found[200].config)
  }

  func testElementsNameTheirUpdate() throws {
    let found = try elements(three, IterationSettings(updates: 3))
    XCTAssertEqual("\(found[1].config)", "{a: 2}")
    XCTAssertEqual(found.map(\.updates), [3, 3, 3])
  }

  func testIdPrefixes() throws {
    let domain = list("x", "a", "b").product(list("y", 1.5, 2))
    XCTAssertEqual(
      try elements(domain, IterationSettings(prefixDigits: 1)).map(\.prefix),
      ["0_0_0_", "0_1_0_", "1_0_0_", "1_1_0_"]
    )
    let sum = list("x", 1, 2).concatenated(with: list("y", 3))
    XCTAssertEqual(
      try elements(sum, IterationSettings(repetitions: 2, prefixDigits: 2)).map(\.prefix),
      ["00_null_00_", "01_null_00_", "null_00_00_", "00_null_01_", "01_null_01_", "null_00_01_"]
    )
    let sampled = try elements(
      drawn("s", .uniform(0...1)),
      IterationSettings(configs: 12, prefixDigits: 1)
    )
    XCTAssertEqual(sampled.last?.prefix, "11_0_")
    XCTAssertEqual(Set(sampled.map(\.prefix)).count, 12)
  }

  /// The recorded cases number values by the name that is shown for them.
  func testIdPrefixesNumberShownNames() throws {
    let found = try elements(list("x", 1, "1", 1.0), IterationSettings(prefixDigits: 1))
    XCTAssertEqual(found.map(\.prefix), ["0_0_", "0_0_", "1_0_"])
  }

  func testAStreamEndsForGood() throws {
    var stream = try three.stream(IterationSettings(configs: 1))
    XCTAssertNotNil(try stream.next())
    for _ in 0..<3 { XCTAssertNil(try stream.next()) }
  }

  func testNoRepetitions() throws {
    for settings in [
      IterationSettings(repetitions: 0), IterationSettings(repetitions: -1),
      IterationSettings(configs: 0), IterationSettings(configs: -1),
      IterationSettings(repeatEach: 0), IterationSettings(prefixDigits: 0),
    ] {
      assertThrows(.invalidDefinition, containing: "give a number from 1 up") {
        try three.stream(settings)
      }
      assertThrows(.invalidDefinition) { try three.size(settings) }
    }
    XCTAssertEqual(try three.configs(limit: 0), [])
  }
}
