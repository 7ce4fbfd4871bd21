import Fieldwork
import FieldworkTesting
import XCTest

/// Rows 80 to 92 and 96: how domains are gone through, and replaced meanwhile.
final class AcceptanceIterationTests: AcceptanceCase {
  private let three = Domain("a" <- [1, 2, 3])

  // MARK: Iteration settings

  func testRow080_configsAreAPrefixOrBeginAgain() throws {
    XCTAssertEqual(try sequence("a", three, IterationSettings(configs: 2)), "1/0 2/0")
    XCTAssertEqual(
      try sequence("a", Domain("a" <- [1, 2]), IterationSettings(configs: 5)),
      "1/0 2/0 1/0 2/0 1/0"
    )
    XCTAssertEqual(try sequence("a", three, IterationSettings()), "1/0 2/0 3/0")
    XCTAssertThrowsError(try sequence("a", three, IterationSettings(configs: 0)))
  }

  func testRow081_repetitionsComeInBlocks() throws {
    XCTAssertEqual(
      try sequence("a", three, IterationSettings(repetitions: 2)),
      "1/0 2/0 3/0 1/1 2/1 3/1"
    )
  }

  /// The last block may be shorter: there are never more configs than asked for.
  func testRow082_repeatEachIsTheLengthOfABlock() throws {
    for (length, expected) in [
      (1, "1/0 1/1 2/0 2/1 3/0 3/1"), (2, "1/0 2/0 1/1 2/1 3/0 3/1"),
      (3, "1/0 2/0 3/0 1/1 2/1 3/1"), (9, "1/0 2/0 3/0 1/1 2/1 3/1"),
    ] {
      let settings = IterationSettings(repetitions: 2, repeatEach: length)
      XCTAssertEqual(try sequence("a", three, settings), expected)
    }
    let four = Domain("a" <- [1, 2, 3, 4])
    XCTAssertEqual(
      try sequence("a", four, IterationSettings(configs: 3, repetitions: 2, repeatEach: 2)),
      "1/0 2/0 1/1 2/1 3/0 3/1"
    )
    let endless = Domain("s" <- .uniform(0...1))
    let found = try elements(endless, IterationSettings(repetitions: 2), limit: 201)
    XCTAssertEqual(
      found.map(\.repetition),
      Array(repeating: 0, count: 100) + Array(repeating: 1, count: 100) + [0]
    )
  }

  /// The number of configs goes on over domains, and `.last` is the last one of each.
  func testRow083_whatWasProducedBefore() async throws {
    let notes = Notes<[Int]>()
    let results = try await Research("produced", seed: 1, workers: 3) {
      Domain("x" <- [1, 2, 3])
      UpdateDomain(when: .last) { update in
        await notes.add([update.produced, update.updates])
        return update.updates == 1 ? Domain("x" <- [20, 21]) : nil
      }
      Unit("f", saving: "y") { run in try run["x", as: Int.self] }
    }.run()
    XCTAssertEqual(try column("y", results), [1, 2, 3, 20, 21])
    let noted = await notes.all
    XCTAssertEqual(noted, [[3, 1], [5, 2]])
  }

  func testRow084_auxiliaryParameters() throws {
    let added = try elements(Domain("a" <- [7]), IterationSettings(repetitions: 2, updates: 3))
    XCTAssertEqual(
      added.map { "\($0.config) \($0.repetition) \($0.updates)" },
      ["{a: 7} 0 3", "{a: 7} 1 3"]
    )
  }

  func testRow085_idPrefixes() async throws {
    func prefixes(_ domain: Domain, _ digits: Int, repetitions: Int = 1) throws -> [String] {
      let settings = IterationSettings(repetitions: repetitions, prefixDigits: digits)
      return try elements(domain, settings).map { element in
        XCTAssertEqual(
          Set(element.config.keys).subtracting(["x", "y"]),
          [],
          "a prefix adds nothing to the config"
        )
        return element.prefix
      }
    }
    let product = Domain("x" <- ["a", "b"], "y" <- [1.5, 2])
    XCTAssertEqual(try prefixes(product, 1), ["0_0_0_", "0_1_0_", "1_0_0_", "1_1_0_"])
    XCTAssertEqual(
      try prefixes(Domain("x" <- ["a"], "y" <- [1.5]), 3, repetitions: 2),
      ["000_000_000_", "000_000_001_"]
    )
    XCTAssertEqual(
      try prefixes(Domain("x" <- [1, 2]) + Domain("y" <- [3]), 2),
      ["00_null_00_", "01_null_00_", "null_00_00_"]
    )
    let drawn = try elements(
      Domain("s" <- .uniform(0...1)),
      IterationSettings(configs: 2, prefixDigits: 1)
    )
    XCTAssertEqual(drawn.map(\.prefix), ["0_0_", "1_0_"], "samplers are numbered too")
    func ids(_ digits: Int?) async throws -> [String] {
      let results = try await Research("prefix", seed: 1, idPrefix: digits) {
        product
        Unit("f") { 1 }
      }.run()
      return results.experiments.map(\.id)
    }
    let (plain, prefixed) = (try await ids(nil), try await ids(1))
    XCTAssertEqual(prefixed, zip(["0_0_0_", "0_1_0_", "1_0_0_", "1_1_0_"], plain).map { $0 + $1 })
  }

  func testRow086_aSeedFixesWeightsAndSamples() throws {
    let domain = 1 * Domain("s" <- .normal()) + 2 * Domain("t" <- .uniform(0...1))
    func texts(_ seed: UInt64) throws -> [String] {
      try elements(domain, IterationSettings(configs: 40, seed: seed)).map(\.config.description)
    }
    XCTAssertEqual(try texts(42), try texts(42))
    XCTAssertNotEqual(try texts(42), try texts(43))
    func terms(_ seed: UInt64) throws -> [Int] {
      try elements(domain, IterationSettings(configs: 40, seed: seed)).map(\.member)
    }
    XCTAssertNotEqual(try terms(42), try terms(43), "weights follow the seed too")
  }

  // MARK: Updates

  private func run(@ResearchBuilder _ content: () -> [ResearchPart]) async throws -> [String] {
    let results = try await Research("updates", seed: 1, workers: 2, content).run()
    return results.experiments.map { "\($0.config)/\($0.updates)" }
  }

  /// Rules stand in the block of the research, and not in the domain.
  func testRow087_ofSeveralRulesTheFirstOneCounts() async throws {
    let found = try await run {
      Domain("x" <- [1, 2, 3])
      UpdateDomain(when: .at(1)) { _ in Domain("x" <- [20, 21]) }
      UpdateDomain(when: .at(1, 3)) { _ in Domain("x" <- [30, 31]) }
      Unit("f") { 1 }
    }
    XCTAssertEqual(
      found,
      ["{x: 1}/0", "{x: 2}/0", "{x: 20}/1", "{x: 21}/1", "{x: 30}/2", "{x: 31}/2"]
    )
  }

  func testRow088_anUpdateGivesANewDomainOrNone() async throws {
    let kept = try await run {
      Domain("x" <- [1, 2, 3])
      UpdateDomain(when: .every(1)) { _ in nil }
      Unit("f") { 1 }
    }
    XCTAssertEqual(kept, ["{x: 1}/0", "{x: 2}/0", "{x: 3}/0"])
    let replaced = try await run {
      Domain("x" <- [1, 2, 3])
      UpdateDomain(when: .at(0)) { update in
        update.domain.map { $0.replacing("x", with: [8]) * Domain("y" <- [5, 6]) }
      }
      Unit("f") { 1 }
    }
    XCTAssertEqual(replaced, ["{x: 1}/0", "{x: 8, y: 5}/1", "{x: 8, y: 6}/1"])
  }

  // MARK: Sizes and streams

  func testRow089_theSizeCountsRepetitions() throws {
    XCTAssertEqual(try three.size(IterationSettings(configs: 5, repetitions: 2)), 10)
    XCTAssertEqual(try three.size(IterationSettings(repetitions: 2, repeatEach: 2)), 6)
    let endless = Domain("s" <- .uniform(0...1))
    XCTAssertNil(try endless.size(IterationSettings(repetitions: 2)))
    XCTAssertEqual(try endless.size(IterationSettings(configs: 4, repetitions: 2)), 8)
    XCTAssertEqual(try Domain().size(IterationSettings()), 0)
  }

  func testRow090_theCountOfOnePass() throws {
    XCTAssertCount(three, 3)
    XCTAssertCount(three * Domain("s" <- .uniform(0...1)), 3)
    XCTAssertCount(Domain("s" <- .uniform(0...1)), nil)
    XCTAssertCount(three + Domain("s" <- .uniform(0...1)), nil)
    XCTAssertCount(Domain(), 0)
  }

  func testRow091_aLazySinglePassStream() throws {
    let huge = Domain("a" <- 1...1_000_000) * Domain("b" <- 1...1_000_000)
    XCTAssertEqual(huge.count, 1_000_000_000_000)
    var first = try huge.stream()
    XCTAssertEqual(try first.next()?.config, ["a": 1, "b": 1])
    XCTAssertEqual(try first.next()?.config, ["a": 1, "b": 2])
    var stream = try Domain("a" <- [1]).stream()
    XCTAssertNotNil(try stream.next())
    XCTAssertNil(try stream.next())
    XCTAssertNil(try stream.next(), "the end is the end")
  }

  /// A stream is a value: a copy of it is where to go back to.
  func testRow092_aStreamBeginsAgain() throws {
    let domain = three * Domain("s" <- .uniform(0...1))
    let start = try domain.stream(IterationSettings(seed: 3))
    func rest(_ stream: ConfigStream) throws -> [Config] {
      var stream = stream
      var configs: [Config] = []
      while let element = try stream.next() { configs.append(element.config) }
      return configs
    }
    let whole = try rest(start)
    XCTAssertEqual(whole.count, 3)
    XCTAssertEqual(try rest(start), whole)
    var used = start
    _ = try used.next()
    XCTAssertEqual(try rest(used), Array(whole.dropFirst()))
    XCTAssertEqual(try rest(domain.stream(IterationSettings(seed: 3))), whole)
  }

  func testRow096_repetitionsHaveTheSameSamples() throws {
    let domain = Domain("s" <- .normal())
    let found = try elements(
      domain,
      IterationSettings(configs: 3, repetitions: 2, seed: 42)
    )
    XCTAssertEqual(found.map(\.repetition), [0, 0, 0, 1, 1, 1])
    XCTAssertEqual(found.prefix(3).map(\.config), found.suffix(3).map(\.config))
    XCTAssertEqual(Set(found.map(\.config)).count, 3)
  }
}
