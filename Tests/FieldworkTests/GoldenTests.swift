import Fieldwork
import XCTest

@testable import FieldworkCore

/// Recorded cases of the Python library whose semantics are kept.
final class GoldenTests: XCTestCase {
  private func forEachCase(_ file: String, _ body: (GoldenCase) throws -> Void) throws {
    let golden = try GoldenFile(file)
    for item in golden.cases {
      do {
        try body(item)
      } catch {
        XCTFail("\(file), case '\(item.name)': \(error)")
      }
    }
  }

  // MARK: domain.json

  func testDomain() throws {
    try forEachCase("domain") { item in
      let domain = try item.part("expr").domain()
      if item.has("error") {
        XCTAssertTrue(
          domain.problems.contains { $0.severity == .error },
          "'\(item.name)' is to be refused"
        )
        return
      }
      XCTAssertEqual(domain.problems.filter { $0.severity == .error }, [], item.name)
      let settings = try item.settings()
      var stream = try domain.stream(settings)
      XCTAssertEqual(domain.count, try item.optional("len"), "\(item.name): len")
      XCTAssertEqual(stream.size, try item.optional("size"), "\(item.name): size")
      let take: Int = try item.get("take")
      var elements: [ConfigStream.Element] = []
      while elements.count < take, let element = try stream.next() { elements.append(element) }
      XCTAssertEqual(elements.count, take, "\(item.name): take")
      if take == stream.size {
        XCTAssertNil(try stream.next(), "\(item.name): nothing follows")
      }
      try check(elements, item)
      if item.has("weights") {
        let weights = try item.get("weights", as: [Double?].self)
        XCTAssertEqual(domain.weights, weights, "\(item.name): weights")
      }
    }
  }

  private func check(_ elements: [ConfigStream.Element], _ item: GoldenCase) throws {
    let configs: [[String: Value]] = try item.get("configs")
    let aliases: [[String: String]] = try item.get("aliases")
    let found = try elements.map { try item.withAdded($0) }
    XCTAssertEqual(found.map(\.plainValues), configs, "\(item.name): configs")
    for (config, expected) in zip(found, aliases) {
      var shown: [String: String] = [:]
      for entry in config.entries {
        let isNamed = entry.value.isNamed
        shown[entry.name.alias] =
          isNamed ? entry.value.name : entry.value.plain?.pythonText ?? entry.value.name
        if !isNamed { XCTAssertEqual(entry.value.name, entry.value.plain?.description) }
      }
      XCTAssertEqual(shown, expected, "\(item.name): aliases")
    }
    if item.has("key_orders") {
      var orders: [[String]] = []
      for config in found where !orders.contains(config.keys) { orders.append(config.keys) }
      XCTAssertEqual(orders, try item.get("key_orders"), "\(item.name): key orders")
    }
    if item.has("prefixes") {
      XCTAssertEqual(
        elements.map(\.prefix),
        try item.get("prefixes"),
        "\(item.name): prefixes"
      )
    }
  }

  // MARK: when.json

  func testWhen() async throws {
    for item in try GoldenFile("when").cases {
      do {
        let results = try await whenResearch(item).run()
        let experiment = try XCTUnwrap(results.experiments.first)
        let executed = results.values(of: "ran", in: experiment.id).map(\.iteration)
        XCTAssertEqual(executed, try item.get("executed"), "\(item.name): executed")
        XCTAssertEqual(
          experiment.iterations,
          try item.get("iterations"),
          "\(item.name): iterations"
        )
      } catch {
        XCTFail("when, case '\(item.name)': \(error)")
      }
    }
  }

  /// One observed unit, and before or after it one that stops or fails the experiment.
  private func whenResearch(_ item: GoldenCase) throws -> Research {
    let when = try item.when()
    let observed = Unit("observed", when: when, saving: "ran") { run in run.iteration }
    var elements: [any ResearchElement] = [observed]
    let position: String? = try item.optional("stop_position")
    let index = position == "after" ? 1 : 0
    if let stop: Int = try item.optional("stop_at") {
      elements.insert(Generator("stopper") { _ in 0..<stop }, at: index)
    }
    if let failing: Int = try item.optional("fail_at") {
      let failer = Unit("failer") { run in
        if run.iteration == failing { throw GoldenError("as asked") }
      }
      elements.insert(failer, at: index)
    }
    let iterations: Int? = try item.optional("n_iters")
    let finalize = try item.optional("finalize") ?? true
    return Research("when", iterations: iterations, finalize: finalize, parallel: .serial) {
      elements
    }
  }

  // MARK: devices.json

  func testDevices() throws {
    try forEachCase("devices") { item in
      let devices: DeviceList = try item.get("devices")
      let assignment = Result {
        try DeviceAssignment(
          devices,
          workers: try item.count("workers"),
          branches: try item.count("branches")
        )
      }
      if item.has("error") {
        XCTAssertThrowsError(try assignment.get(), "'\(item.name)' is to be refused") { error in
          XCTAssertEqual((error as? FieldworkError)?.code, .invalidDefinition, item.name)
        }
        return
      }
      let expected: [[[String?]]] = try item.get("result")
      XCTAssertEqual(try assignment.get().slots, expected, item.name)
    }
  }

  // MARK: weighted.json

  func testWeighted() throws {
    try forEachCase("weighted") { item in
      let domain = try item.part("expr").domain()
      XCTAssertEqual(domain.problems.filter { $0.severity == .error }, [], item.name)
      XCTAssertEqual(domain.count, try item.optional("len"), "\(item.name): len")
      let settings = try item.settings()
      XCTAssertEqual(try domain.size(settings), try item.optional("size"), "\(item.name): size")
      let members = try item.list("members")
      XCTAssertEqual(domain.weights.count, members.count, "\(item.name): members")
      for (index, expected) in members.enumerated() {
        let member = domain.node.member(at: index)
        XCTAssertEqual(
          Set(member.block.keys.map(\.key)),
          Set(try expected.get("keys", as: [String].self))
        )
        XCTAssertEqual(member.weight, try expected.optional("weight"), "\(item.name): weight")
        let length = member.block.isEndless ? nil : member.block.baseCount
        XCTAssertEqual(length, try expected.optional("len"), "\(item.name): member's len")
      }
      try WeightedCase(item, domain, settings).check()
    }
  }
}

/// What is certain about one weighted domain, checked for many seeds.
private struct WeightedCase {
  private struct Group {
    let members: [Int]
    let count: Int?
    let configs: [[String: Value]]?
    let isOrdered: Bool
    let isReached: Bool
  }

  private let item: GoldenCase
  private let domain: Domain
  private let settings: IterationSettings
  private let groups: [Group]
  private let blocks: [DomainBlock]

  init(_ item: GoldenCase, _ domain: Domain, _ settings: IterationSettings) throws {
    self.item = item
    self.domain = domain
    self.settings = settings
    groups = try item.list("groups").map { group in
      Group(
        members: try group.get("members"),
        count: try group.optional("count"),
        configs: try group.optional("configs"),
        isOrdered: try group.get("ordered"),
        isReached: try group.get("reached")
      )
    }
    blocks = (0..<domain.node.memberCount).map { domain.node.member(at: $0).block }
  }

  func check() throws {
    var draws: [String: [Int: Int]] = [:]
    let seeds: Int = try item.get("seeds")
    let block = settings.repeatEach ?? settings.configs ?? domain.count ?? 100
    // Whole blocks of an endless stream, so that each is seen with all its repetitions.
    let length =
      domain.isEndless && settings.configs == nil
      ? max(1, 500 / (block * settings.repetitions)) * block * settings.repetitions : nil
    for seed in 0..<UInt64(seeds) {
      var settings = settings
      settings.seed = seed
      let order = try repeatedOnce(settings, block: block, limit: length)
      try checkGroups(order, &draws)
    }
    try checkShares(draws)
  }

  /// The configs without repetitions, after checking that repetitions repeat them.
  private func repeatedOnce(
    _ settings: IterationSettings,
    block: Int,
    limit: Int?
  ) throws -> [ConfigStream.Element] {
    var stream = try domain.stream(settings)
    var elements: [ConfigStream.Element] = []
    while elements.count < limit ?? .max, let next = try stream.next() { elements.append(next) }
    guard settings.repetitions > 1 else { return elements }
    var once: [ConfigStream.Element] = []
    var start = 0
    while start < elements.count {
      let length = min(block, (elements.count - start) / settings.repetitions)
      let first = elements[start..<start + length]
      for repetition in 1..<settings.repetitions {
        let begin = start + repetition * length
        XCTAssertEqual(
          elements[begin..<begin + length].map(\.config),
          first.map(\.config),
          "\(item.name): repetition"
        )
      }
      once += first
      start += length * settings.repetitions
    }
    return once
  }

  private func checkGroups(
    _ elements: [ConfigStream.Element],
    _ draws: inout [String: [Int: Int]]
  ) throws {
    var rest = elements[...]
    while !rest.isEmpty {
      for (number, group) in groups.enumerated() where group.isReached && !rest.isEmpty {
        let part = Array(rest.prefix(group.count ?? rest.count))
        rest = rest.dropFirst(part.count)
        try check(part, group, number, &draws)
      }
    }
  }

  private func check(
    _ elements: [ConfigStream.Element],
    _ group: Group,
    _ number: Int,
    _ draws: inout [String: [Int: Int]]
  ) throws {
    if let expected = group.configs, elements.count == expected.count {
      let plain = elements.map(\.config.plainValues)
      if group.isOrdered {
        XCTAssertEqual(plain, expected, "\(item.name): order")
      } else {
        XCTAssertEqual(count(plain), count(expected), "\(item.name): multiset")
      }
    }
    var taken = [Int](repeating: 0, count: blocks.count)
    for element in elements {
      let member = element.member
      XCTAssertTrue(group.members.contains(member), "\(item.name): groups are mixed")
      XCTAssertTrue(try blocks[member].contains(element.config), "\(item.name): \(element.config)")
      let exhausted = group.members.filter {
        !blocks[$0].isEndless && taken[$0] == blocks[$0].baseCount
      }
      if !blocks[member].isEndless && !blocks[member].hasSamplers {
        var expected = Config()
        let draw = DrawPlace(key: Philox.Key(), member: 0, ordinal: 0)
        _ = try blocks[member].write(at: taken[member], draw: draw, into: &expected)
        XCTAssertEqual(element.config, expected, "\(item.name): a member's own order")
      }
      taken[member] += 1
      draws["\(number) \(exhausted)", default: [:]][member, default: 0] += 1
    }
  }

  private func count(_ configs: [[String: Value]]) -> [[String: Value]: Int] {
    Dictionary(configs.map { ($0, 1) }, uniquingKeysWith: +)
  }

  private func checkShares(_ draws: [String: [Int: Int]]) throws {
    for share in try item.list("shares") {
      let group: Int = try share.get("group")
      let exhausted: [Int] = try share.get("exhausted")
      let expected: [String: Double] = try share.get("expected")
      guard let observed = draws["\(group) \(exhausted)"] else {
        // What was rare while recording may not come up at all.
        let recorded: Int = try share.get("draws")
        XCTAssertLessThan(recorded, 30, "\(item.name): \(exhausted) never ran out")
        continue
      }
      let total = Double(observed.values.reduce(0, +))
      for (member, probability) in expected {
        let count = Double(observed[Int(member) ?? -1] ?? 0)
        let deviation = (probability * (1 - probability) / total).squareRoot()
        XCTAssertEqual(
          count / total,
          probability,
          accuracy: 4.5 * deviation + 1e-12,
          "\(item.name): share of member \(member) with \(exhausted) exhausted"
        )
      }
    }
  }
}
