import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

final class FolderCacheTests: RuntimeTestCase {
  private let warnings = Shared<[String]>([])

  private func cache(_ limit: Int? = nil) -> FolderCache {
    FolderCache(directory + "/cache", limit: limit) { [warnings] text in
      warnings.change { $0.append(text) }
    }
  }

  private func key(_ argument: Value, unit: String = "u", version: String = "1") -> CacheKey {
    CacheKey(unit: unit, version: version, type: "Int", arguments: [argument])
  }

  /// Returns the content of an entry, which is published if it is missing.
  private func value(_ cache: FolderCache, _ key: CacheKey, else content: CachedContent)
    async throws
    -> (content: CachedContent, isNew: Bool)
  {
    switch try await cache.entry(of: key, isDirectory: false) {
    case .content(let found): return (found, false)
    case .directory: throw TestError("a folder")
    case .missing(let place):
      try place.publish(content)
      return (content, true)
    }
  }

  private func number(_ content: CachedContent) -> Value {
    if case .value(let value) = content { value } else { .null }
  }

  private func folder(of key: CacheKey) -> String {
    directory + "/cache/entries/" + FolderCache.digest(key)
  }

  func testAnEntryIsComputedOnce() async throws {
    let first = try await value(cache(), key(1), else: .value(10))
    XCTAssertTrue(first.isNew)
    for other in [key(2), key(1, unit: "v"), key(1, version: "2"), key(1.0)] {
      let result = try await value(cache(), other, else: .value(20))
      XCTAssertTrue(result.isNew, "\(other)")
    }
    let again = try await value(cache(), key(1), else: .value(0))
    XCTAssertFalse(again.isNew)
    XCTAssertEqual(number(again.content), 10)
    XCTAssertEqual(warnings.value, [])
  }

  func testContentsComeBackAsTheyWere() async throws {
    struct Table: Codable, Equatable {
      var names: [String: [Double?]]
      var flag: Bool
    }
    func check<Output: Codable & Equatable>(_ output: Output, line: UInt = #line) async throws {
      let key = key(.string("\(Output.self)\(line)"))
      _ = try await value(cache(), key, else: try CachedContent(output))
      let read = try await value(cache(), key, else: .value(0))
      XCTAssertFalse(read.isNew, line: line)
      XCTAssertEqual(try read.content.output(as: Output.self), output, line: line)
    }
    try await check(Table(names: ["a": [1, nil, -.infinity]], flag: true))
    try await check([UInt8](0...255))
    try await check([0.1, -0.0, .infinity, 1e300])
    try await check([Float(0.1), 2])
    try await check([Int.min, 0, Int.max])
    try await check([Double]())
    try await check([String]())
    try await check([Bool]())
    try await check([[Int]]())
    try await check(["x": 1])
    try await check("text")
    try await check(Int?.none)
    try await check(Data([1, 2, 3]))
  }

  func testADamagedEntryIsComputedAgainAndReported() async throws {
    let damages: [(String, (String) throws -> Void)] = [
      (
        "value",
        { path in
          var data = try Data(contentsOf: URL(fileURLWithPath: path))
          data[data.count - 1] ^= 1
          try data.write(to: URL(fileURLWithPath: path))
        }
      ),
      ("value", { try Data().write(to: URL(fileURLWithPath: $0)) }),
      ("value", { try FileManager.default.removeItem(atPath: $0) }),
      ("entry.json", { try Data("{".utf8).write(to: URL(fileURLWithPath: $0)) }),
      ("entry.json", { try FileManager.default.removeItem(atPath: $0) }),
    ]
    for (index, (file, damage)) in damages.enumerated() {
      let key = key(.int(index))
      _ = try await value(cache(), key, else: .value(10))
      try damage(folder(of: key) + "/" + file)
      let again = try await value(cache(), key, else: .value(11))
      XCTAssertTrue(again.isNew, "\(index)")
      XCTAssertEqual(warnings.value.count, index + 1)
      XCTAssertTrue(warnings.value.last?.contains("is computed again") ?? false)
      let last = try await value(cache(), key, else: .value(12))
      XCTAssertEqual(number(last.content), 11)
    }
  }

  func testADamagedFolderIsFilledAgain() async throws {
    func path(_ cache: FolderCache) async throws -> (path: String, isNew: Bool) {
      switch try await cache.entry(of: key(1), isDirectory: true) {
      case .directory(let path, _): return (path, false)
      case .content: throw TestError("a value")
      case .missing(let place):
        try "text".write(toFile: place.path + "/file", atomically: false, encoding: .utf8)
        return (try place.publishDirectory().path, true)
      }
    }
    let first = try await path(cache())
    XCTAssertTrue(first.isNew)
    let second = try await path(cache())
    XCTAssertFalse(second.isNew)
    XCTAssertEqual(first.path, second.path)
    try "test".write(toFile: first.path + "/file", atomically: false, encoding: .utf8)
    let third = try await path(cache())
    XCTAssertTrue(third.isNew, "the content differs")
    try "x".write(toFile: first.path + "/other", atomically: false, encoding: .utf8)
    let fourth = try await path(cache())
    XCTAssertTrue(fourth.isNew, "there is a file more")
  }

  func testNumbersThatJSONLacksAreKeys() async throws {
    for number in [Double.nan, .infinity, -.infinity] {
      let first = try await value(cache(), key(.double(number)), else: .value(1))
      XCTAssertTrue(first.isNew)
      let again = try await value(cache(), key(.double(number)), else: .value(2))
      XCTAssertFalse(again.isNew, "\(number)")
    }
    XCTAssertEqual(warnings.value, [])
  }

  func testFoldersMayHoldLinks() async throws {
    func entry() async throws -> CacheEntry {
      try await cache().entry(of: key(1), isDirectory: true)
    }
    guard case .missing(let place) = try await entry() else { return XCTFail("it is there") }
    let files = FileManager.default
    try files.createDirectory(atPath: place.path + "/data", withIntermediateDirectories: true)
    try files.createSymbolicLink(atPath: place.path + "/latest", withDestinationPath: "data")
    try files.createSymbolicLink(atPath: place.path + "/none", withDestinationPath: "nowhere")
    XCTAssertEqual(mkfifo(place.path + "/pipe", 0o600), 0)
    _ = try place.publishDirectory()
    guard case .directory(let path, _) = try await entry() else {
      return XCTFail("it is not there")
    }
    XCTAssertEqual(try files.destinationOfSymbolicLink(atPath: path + "/latest"), "data")
    XCTAssertEqual(warnings.value, [])
  }

  /// What is being published is not removed to keep the limit.
  func testALimitDoesNotRemoveWhatIsPublished() async throws {
    let cache = cache(1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 {
        let key = key(.int(number))
        group.addTask {
          guard case .missing(let place) = try await cache.entry(of: key, isDirectory: true) else {
            throw TestError("it is there")
          }
          try "text".write(toFile: place.path + "/file", atomically: false, encoding: .utf8)
          let (path, hold) = try place.publishDirectory()
          let text = try String(contentsOfFile: path + "/file", encoding: .utf8)
          XCTAssertEqual(text, "text")
          withExtendedLifetime(hold) {}
        }
      }
      try await group.waitForAll()
    }
  }

  func testADamagedEntryIsListedAndRemoved() async throws {
    _ = try await value(cache(), key(1), else: .value(1))
    try Data("{".utf8).write(to: URL(fileURLWithPath: folder(of: key(1)) + "/entry.json"))
    let listing = CacheListing(directory + "/cache")
    XCTAssertEqual(listing.entries.map(\.unit), ["(damaged)"])
    XCTAssertTrue(listing.remove(FolderCache.digest(key(1))))
    XCTAssertEqual(listing.entries.count, 0)
  }

  /// An output of each iteration holds one file, not one for each.
  func testArgumentsThatChangeInEachIterationLeakNothing() async throws {
    @Sendable func openFiles() -> Int {
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
    let before = openFiles()
    let most = Shared(0)
    let cached = directory + "/cache"
    let results = try await Research(
      "test",
      iterations: 60,
      seed: 1,
      parallel: .serial,
      cache: .folder(cached)
    ) {
      Unit("step") { run in run.iteration }
      Unit(
        "fill",
        cached: .directory("1"),
        { (path: String, step: Int) in
          try "\(step)".write(toFile: path + "/file", atomically: false, encoding: .utf8)
        },
        O<Int>("step")
      )
      Unit("count") { most.change { $0 = max($0, openFiles()) } }
    }.run()
    XCTAssertEqual(results.experiments.map(\.state), [.done])
    XCTAssertLessThan(most.value, before + 40)
  }

  func testOneComputesAndOthersWait() async throws {
    let cache = cache()
    let (count, key) = (Shared(0), key(1))
    try await withThrowingTaskGroup(of: Value.self) { group in
      for number in 0..<8 {
        group.addTask {
          switch try await cache.entry(of: key, isDirectory: false) {
          case .content(.value(let value)): return value
          case .content: throw TestError("bytes")
          case .directory: throw TestError("a folder")
          case .missing(let place):
            count.change { $0 += 1 }
            try await Task.sleep(for: .milliseconds(100))
            try place.publish(.value(.int(number)))
            return .int(number)
          }
        }
      }
      var values: Set<Value> = []
      for try await value in group { values.insert(value) }
      XCTAssertEqual(values.count, 1)
    }
    XCTAssertEqual(count.value, 1)
  }

  func testAFailedComputationLeavesNothing() async throws {
    let cache = cache()
    do {
      guard case .missing(let place) = try await cache.entry(of: key(1), isDirectory: true) else {
        return XCTFail("it is there")
      }
      try "half".write(toFile: place.path + "/file", atomically: false, encoding: .utf8)
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: directory + "/cache/new")
    XCTAssertEqual(left, [])
    let again = try await value(cache, key(1), else: .value(1))
    XCTAssertTrue(again.isNew)
  }

  func testThoseUsedLeastRecentlyAreRemovedFirst() async throws {
    let cache = cache(2500)
    let content = CachedContent.bytes([UInt8](repeating: 0, count: 1000))
    for number in 0..<2 {
      _ = try await value(cache, key(.int(number)), else: content)
      try await Task.sleep(for: .milliseconds(20))
    }
    _ = try await value(cache, key(0), else: content)
    try await Task.sleep(for: .milliseconds(20))
    _ = try await value(cache, key(2), else: content)
    let kept = CacheListing(directory + "/cache").entries.map(\.arguments)
    XCTAssertEqual(kept, [[2], [0]])
  }

  func testAFolderThatIsUsedIsNotRemoved() async throws {
    let cache = cache()
    guard case .missing(let place) = try await cache.entry(of: key(1), isDirectory: true) else {
      return XCTFail("it is there")
    }
    let listing = CacheListing(directory + "/cache")
    var hold: (any Sendable)? = try place.publishDirectory().hold
    XCTAssertFalse(listing.remove(FolderCache.digest(key(1))))
    XCTAssertNotNil(hold)
    hold = nil
    XCTAssertTrue(listing.remove(FolderCache.digest(key(1))))
    XCTAssertEqual(listing.entries.count, 0)
  }

  // MARK: Units

  func testCachedUnitsOfAResearch() async throws {
    let count = Shared(0)
    let cached = directory + "/cache"
    func research(_ version: String, _ cache: CacheLocation) -> Research {
      Research("test", seed: 1, workers: 4, parallel: .threads, cache: cache) {
        Domain("a" <- [1, 2, 3]) * Domain("b" <- Array(0..<10))
        Unit(
          "double",
          cached: .version(version),
          { (a: Int) -> Int in
            count.change { $0 += 1 }
            return 2 * a
          },
          EC<Int>("a")
        )
        Save("y", O<Int>("double"))
      }
    }
    let first = try await research("1", .folder(cached)).run()
    XCTAssertEqual(count.value, 3)
    let values = first.experiments.map { first.values(of: "y", in: $0.id).first?.value }
    XCTAssertEqual(
      values.map { $0?.number },
      first.experiments.map { experiment in
        (try? experiment.config["a", as: Double.self]).map { 2 * $0 }
      }
    )
    _ = try await research("1", .folder(cached)).run()
    XCTAssertEqual(count.value, 3, "another run")
    _ = try await research("2", .folder(cached)).run()
    XCTAssertEqual(count.value, 6, "another version")
    _ = try await research("1", .none).run()
    XCTAssertEqual(count.value, 36, "no cache")
    _ = try await research("1", .research).run()
    XCTAssertEqual(count.value, 39, "results in memory")
  }

  func testWhatCannotBeAKeyIsRefused() async {
    final class Model { let number = 1 }
    let model = Instance("model") { _ in Model() }
    await assertThrows(.invalidDefinition, "reads what cannot identify its output", "'model'") {
      try await self.run {
        model
        Unit("u", cached: .version("1"), { (model: Model) in model.number }, model)
      }
    }
    await assertThrows(.invalidDefinition, "may read anything of the experiment") {
      try await self.run {
        Unit("u", cached: .version("1"), { (run: RunContext) in run.iteration }, E())
      }
    }
    await assertThrows(.invalidDefinition, "differs between all experiments") {
      try await self.run {
        Unit("u", cached: .version("1"), { (id: String) in id.count }, E().id.map { $0 + "a" })
      }
    }
    await assertThrows(.invalidDefinition, "is a RandomStream, which is not a plain value") {
      try await self.run {
        Unit("u", cached: .version("1"), { (random: RandomStream) in 1 }, E().random)
      }
    }
    await assertThrows(.invalidDefinition, "two cached units are named 'u'") {
      try await self.run {
        Unit("u", cached: .version("1"), { (x: Int) in x }, Constant(1))
        Unit("u", cached: .version("1"), { (x: Int) in x + 1 }, Constant(1))
      }
    }
  }

  /// An object of the config is identified by its name and version.
  func testObjectsOfTheConfigAreKeys() async throws {
    struct Shape: Sendable { let sides: Int }
    let shape = Parameter<Shape>("shape")
    let count = Shared(0)
    let results = try await Research("test", seed: 1, parallel: .serial) {
      Domain(shape <- [Alias("square", Shape(sides: 4)), Alias("triangle", Shape(sides: 3))])
        * Domain("x" <- [1, 2])
      Unit(
        "sides",
        cached: .version("1"),
        saving: "sides",
        { (shape: Shape) -> Int in
          count.change { $0 += 1 }
          return shape.sides
        },
        EC(shape)
      )
    }.run()
    XCTAssertEqual(count.value, 2)
    XCTAssertEqual(
      results.experiments.map { results.values(of: "sides", in: $0.id).first?.value },
      [4, 4, 3, 3]
    )
  }
}
