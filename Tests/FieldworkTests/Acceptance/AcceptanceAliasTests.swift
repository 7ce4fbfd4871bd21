import Fieldwork
import XCTest

/// Rows 97 to 106: names for values, and configs.
final class AcceptanceAliasTests: AcceptanceCase {
  private struct Model: Sendable {}
  private enum Optimizer: String, ValueConvertible { case sgd, adam }

  // MARK: Alias

  /// A Swift function has no name of its own at run time: it is given one, or refused before anything runs.
  func testRow097_theNameIsTheTextOfTheValue() throws {
    XCTAssertEqual(Alias<Int>(5).name, "5")
    XCTAssertEqual(Alias<Double>(2.0).name, "2.0")
    XCTAssertEqual(Alias<String>("adam").name, "adam")
    XCTAssertEqual(Alias([1, 2]).name, "[1, 2]")
    XCTAssertEqual(Alias(Int?.none).name, "null")
    XCTAssertEqual(Alias(Optimizer.sgd).name, "sgd")
    XCTAssertEqual(Alias(Model.self).name, "Model")
    let half: @Sendable (Double) -> Double = { $0 / 2 }
    let nameless = Domain("f" <- [Alias(half)])
    assertFails(.invalidDefinition, "a function without a name", "Alias(\"name\", function)") {
      try nameless.configs()
    }
  }

  func testRow098_theNameThatIsGiven() {
    let alias = Alias("one", 1)
    XCTAssertEqual(alias.name, "one")
    XCTAssertEqual(alias.value, 1)
    XCTAssertEqual("\(alias)", "one")
  }

  func testRow099_theConfigHasTheValueAndTheRestShowsTheName() async throws {
    let half: @Sendable (Double) -> Double = { $0 / 2 }
    let double: @Sendable (Double) -> Double = { $0 * 2 }
    let domain = Domain(
      Alias("f", "function") <- [Alias("half", half), Alias("double", double)]
    )
    let first = domain[0]
    XCTAssertEqual(try first["function", as: (@Sendable (Double) -> Double).self](8), 4)
    XCTAssertEqual(first.aliases.map { "\($0.name)=\($0.value)" }, ["f=half"])
    XCTAssertEqual(first.id, (["f": AnyAlias("half", 0)] as Config).id, "ids are made of names")
    let results = try await Research("names", seed: 1) {
      domain
      Unit("apply", saving: "y") { run in
        try run["function", as: (@Sendable (Double) -> Double).self](10)
      }
    }.run()
    let table = results.table(TableOptions(usesAliases: true))
    XCTAssertEqual(try table["f"], ["half", "double"])
    XCTAssertEqual(try table["y"], [5.0, 20.0])
  }

  /// They are told apart by their number.
  func testRow099_twoValuesOfOneNameAreTwoExperiments() async throws {
    let research = Research("one name", seed: 1) {
      Domain("x" <- [Alias("same", 1), Alias("same", 2)])
      Unit("f", saving: "y") { run in try run["x", as: Int.self] }
    }
    XCTAssertTrue(research.preflight().contains { $0.severity == .warning })
    let results = try await research.run()
    XCTAssertEqual(try column("y", results), [1, 2])
    XCTAssertEqual(Set(results.experiments.map(\.id)).count, 2)
  }

  // MARK: Config

  /// A literal, entries, or another config: a config is a value, and a copy is independent.
  func testRow100_waysToMakeAConfig() throws {
    let literal: Config = ["a": 1, "b": "x"]
    let entries = Config([Config.Entry("a", 1), Config.Entry("b", "x")])
    XCTAssertEqual(literal, entries)
    var copy = literal
    copy.set("a", to: 2)
    XCTAssertEqual(literal, entries)
    XCTAssertEqual(copy, ["a": 2, "b": "x"])
    XCTAssertTrue(Config().isEmpty)
  }

  func testRow101_realValues() throws {
    let config: Config = ["n": 3, "one": AnyAlias("eins", 1), "net/width": 8, "net/depth": 2]
    XCTAssertEqual(try config["n", as: Int.self], 3)
    XCTAssertEqual(try config["one", as: Int.self], 1)
    XCTAssertEqual(try config["net", as: Value.self], ["width": 8, "depth": 2])
    XCTAssertEqual(config.plainValues, ["n": 3, "one": 1, "net/width": 8, "net/depth": 2])
    assertFails(.missingParameter, "no parameter 'lr'", "n, one") { try config["lr", as: Int.self] }
  }

  func testRow102_printedValues() {
    let name = ParameterName(Alias("l", "layout"))
    let config = Config([Config.Entry(name, AnyAlias("full", "f")), Config.Entry("n", 1)])
    XCTAssertEqual(config.aliases.map(\.name), ["l", "n"])
    XCTAssertEqual(config.aliases.map(\.value), ["full", "1"])
    XCTAssertEqual(config.description, "{l: full, n: 1}")
  }

  func testRow103_printedValuesInOneText() {
    let config: Config = ["b": 1, "a": 2]
    XCTAssertEqual(config.aliasText(separator: "+"), "a_2+b_1")
    XCTAssertEqual(config.aliasText(), "a_2-b_1")
  }

  func testRow104_removingByTheNameThatIsRead() {
    let name = ParameterName(Alias("A", "a"))
    var config = Config([Config.Entry(name, AnyAlias("one", 1)), Config.Entry("b", 2)])
    XCTAssertNil(config.remove("A"))
    XCTAssertEqual(config.remove("a")?.value.plain, 1)
    XCTAssertEqual(config, ["b": 2])
    XCTAssertNil(config.remove("a"))
  }

  func testRow105_removingByTheNameThatIsShown() {
    let name = ParameterName(Alias("A", "a"))
    var config = Config([Config.Entry(name, AnyAlias("one", 1)), Config.Entry("b", 2)])
    XCTAssertNil(config.remove(alias: "a"))
    XCTAssertEqual(config.remove(alias: "A")?.value.name, "one")
    XCTAssertEqual(config, ["b": 2])
    XCTAssertNil(config.remove(alias: "A"))
  }

  func testRow106_mergingReadingAndAdding() throws {
    let first: Config = ["a": 1, "b": 2]
    let sum = first + ["b": 3, "c": 4]
    XCTAssertEqual(sum.description, "{a: 1, b: 3, c: 4}")
    XCTAssertEqual(sum, first.merging(["b": 3, "c": 4]))
    XCTAssertEqual(first, ["a": 1, "b": 2])
    XCTAssertEqual(try sum["c", as: Int.self], 4)
    var grown = first
    grown.set("c", to: "x")
    grown.set("a", to: 5)
    XCTAssertEqual(grown.description, "{a: 5, b: 2, c: x}")
  }
}
