import Foundation
import XCTest

/// Conditions and values as they are typed after `--where` and `--set`.
final class CommandLineConditionTests: CommandLineTestCase {
  private func run(_ arguments: String...) throws -> ProcessRun {
    try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: ["TEST_PLAYBOOK": "conditions"]
    )
  }

  /// The values of a parameter in what a command selects.
  private func versions(_ result: ProcessRun) -> [String] {
    result.output.split(separator: "\n").dropFirst().map { row in
      String(row.split(separator: ",", omittingEmptySubsequences: false)[1])
    }
  }

  /// A condition selects the same experiments wherever it is given.
  func testConditionsMeanTheSameEverywhere() throws {
    XCTAssertEqual(try run("run").status, 0)
    let all = ["1.1", "1.10", "007", "7"]
    let cases: [(condition: String, selected: [Int])] = [
      ("version == 1.10", [1]), ("v == 1.10", [1]), ("v == 7", [3]), ("v in (007, '1.1')", [0, 2]),
      ("v contains 1.10", [1]), ("version < 1.2", [0, 1, 2]),
      ("t == 0.3", [0]), ("t == 0.33333", [2]), ("t <= 0.3", [0]), ("t == 0.333", []),
      ("m > b", [2, 3]), ("m == null", [1]), ("m == \"null\"", [2]), ("m is missing", [1]),
      ("flag == True", [0, 2]), ("flag == false", [1, 3]),
      ("activation == relu", [0]), ("a == relu", [0]), ("a != relu", [1, 2, 3]), ("a == four", [3]),
      ("a == 4", [3]), ("activation == none", [2]), ("a > 1", [3]), ("a contains r", [0, 1, 3]),
    ]
    for (condition, selected) in cases {
      let wanted = selected.map { all[$0] }
      for arguments in [[], ["--alias"], ["--last"], ["--experiments"]] {
        let found = try ProcessRun(
          Self.executable("TestPlaybook"),
          complete(["results", "--format", "csv", "--where", condition] + arguments),
          environment: ["TEST_PLAYBOOK": "conditions"]
        )
        XCTAssertEqual(versions(found), wanted, "\(condition) \(arguments): \(found.error)")
      }
      let configs = try run("configs", "--json", "--where", condition)
      XCTAssertEqual(
        configs.output.split(separator: "\n").count,
        selected.count,
        "\(condition): \(configs.error)"
      )
      for version in wanted {
        XCTAssertTrue(configs.output.contains("\"version\":\"\(version)\""), condition)
      }
    }
    XCTAssertEqual(versions(try run("results", "--format", "csv", "--where", "y == 0.6")), ["1.1"])
  }

  func testConditionsThatNothingSatisfiesSayWhatMayBeMeant() throws {
    XCTAssertEqual(try run("run").status, 0)
    for (condition, hint) in [
      ("t == abc", "'t' holds numbers, and 'abc' is none"),
      ("flag == yes", "'flag' holds true and false, and 'yes' is neither"),
      ("m == None", "no value is the text 'None'; for missing values write m is missing"),
    ] {
      XCTAssertEqual(try run("results", "--where", condition).error, "--where: \(hint)\n")
    }
    let unknown = try run("results", "--where", "typo == 1")
    XCTAssertEqual(unknown.status, 2)
    XCTAssertTrue(unknown.error.contains("the table has no column 'typo'"), unknown.error)
  }

  /// What `--set` takes of the domain is the domain's own value, so its experiments are known already.
  func testSetTakesTheDomainsOwnValues() throws {
    XCTAssertEqual(try run("run").status, 0)
    func values(_ name: String, _ text: String) throws -> [String] {
      let result = try run("configs", "--json", "--set", text)
      return result.output.split(separator: "\n").map { line in
        let rest = line.split(separator: "\"\(name)\":")[1]
        return String(rest.prefix { $0 != "," && $0 != "}" })
      }
    }
    for text in [
      "t=0.3,.5,0.33333,1", "t=0.3, 0.5 , 0.33333, 1.0", "t = 0.30, 5e-1, 0.3333333333333333, 1",
    ] {
      XCTAssertEqual(
        try values("t", text),
        ["0.30000000000000004", "0.5", "0.3333333333333333", "1.0"],
        text
      )
    }
    XCTAssertEqual(
      try values("version", "v=1.10, \"1.1\", 'a', 7"),
      ["\"1.10\"", "\"1.1\"", "\"a\"", "\"7\""]
    )
    XCTAssertEqual(
      try values("version", "v=\"it\\\"s\",'it\\'s',\"x\",y z"),
      ["\"it\\\"s\"", "\"it's\"", "\"x\"", "\"y z\""]
    )
    XCTAssertEqual(
      try values("activation", "a=four, relu,none,square").map { $0.filter { $0 != "\"" } },
      ["4", "relu", "0", "square"]
    )
    let infinite = try run("configs", "--set", "t=inf,-inf,nan,2")
    XCTAssertEqual(infinite.status, 0, infinite.error)
    for (text, message) in [
      ("t=0.3,,1", "a value is missing"), ("t='a", "a quote is not closed"),
      ("t=[1", "a bracket is not closed"), ("t=abc", "'abc' is not of type double"),
    ] {
      let result = try run("configs", "--set", text)
      XCTAssertEqual(result.status, 2)
      XCTAssertTrue(result.error.contains(message), result.error)
    }
  }
}
