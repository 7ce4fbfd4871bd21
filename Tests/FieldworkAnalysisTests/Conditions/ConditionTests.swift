@testable import FieldworkAnalysis
@testable import FieldworkCore
import XCTest

final class ConditionTests: XCTestCase {
  private let values: [String: Value] = [
    "lr": 0.01, "n": 3, "opt": "adam", "flag": true, "none": nil, "text": "two words",
    "list": [1], "big": .int(.max), "version": "1.0",
    "nan": .double(.nan), "inf": .double(.infinity), "lists": [[0, 1], [2]], "in": 1, "is": 2,
    "contains": "xyz",
  ]

  private func holds(_ text: String) throws -> Bool {
    try Condition(text).holds { values[$0] }
  }

  func testNestedConfigsInBothSpellings() throws {
    let (part, all): (Config, Config) = (["n/w": 2, "n/h": 3], ["n": ["w": 2, "h": 3]])
    for config in [part, all] {
      func holds(_ text: String) throws -> Bool {
        try Condition(text).holds { (name: String) in config.subject(name) }
      }
      XCTAssertTrue(try holds("n/w == 2 and n/h > 2"))
      XCTAssertTrue(try holds("n == {\"w\": 2, \"h\": 3}"))
      XCTAssertFalse(try holds("n/w == 3"))
      XCTAssertTrue(try holds("n/x is missing"))
    }
  }

  func testConditionsThatHold() throws {
    let texts = [
      "lr < 0.1", "lr<=0.01", "lr >= 1e-2", "n == 3", "n = 3", "n==3.0", "n != 4", "n > 2.5",
      "opt == adam", "opt = 'adam'", "opt == \"adam\"", "opt != sgd", "opt < b", "flag == true",
      "none == null", "none == nil", "text == 'two words'", "text == \"two words\"", "list == [1]",
      "n == 3, lr < 1", "n == 3 and lr < 1", "n == 3 && lr < 1", "n == 4 or n == 3",
      "n == 4 || n == 3", "not n == 4", "!n==4", "!(n == 4)", "NOT n == 4 AND opt == adam",
      "n == 3 or n == 4 and n == 5", "(n == 4 or n == 3) and lr < 1", "not (n == 4 and n == 3)",
      "not not n == 3", "missing != 1", "not missing == 1", "n > -1", "'n' == 3", "n == '3'",
      "n in (1, 3)", "n in (3)", "n in [1, 3]", "opt in (sgd, adam)", "n not in (1, 2)",
      "missing not in (1)", "text contains word", "text contains 'o w'", "opt not contains x",
      "missing is missing", "none is missing", "n is not missing", "not n is missing",
      "nan is nan", "n is not nan", "missing is not nan", "nan == nan", "nan != 1", "nan IS NaN",
      "n in (1, 2) or lr in (0.01) and opt == adam", "list contains 1", "'in' == 1", "in in (1)",
      "big == 9223372036854775807", "big != 9223372036854775806", "big > 9223372036854775806",
      "big >= 9223372036854775807", "big not in (9223372036854775806)", "big > 1e18",
      "inf == inf", "n < inf", "n > -inf", "inf > 1e300", "lists == [[0,1],[2]]",
      "lists in ([[0], [1]], [[0, 1], [2]])",
      "is == 2 and is in (2)", "contains contains x", "text in ('two words', b)",
    ]
    for text in texts { XCTAssertTrue(try holds(text), text) }
  }

  func testConditionsThatDoNotHold() throws {
    let texts = [
      "lr > 0.1", "n == 4", "n != 3.0", "opt == sgd", "opt == Adam", "flag == false", "flag == 1",
      "none == 0", "n == 3 and n == 4", "(n == 3 or n == 4) and n == 5", "not n == 3",
      "big == 9223372036854775806", "big < 9223372036854775807", "inf < inf", "lists == [[0,1]]",
      "missing == 1", "missing < 1", "missing >= 1", "missing == null", "opt < 3", "n < abc",
      "none < 1", "list < 2", "not n == 3 or n == 4",
      "n in (1, 2)", "n not in (3)", "missing in (1)", "opt contains Adam", "none contains nul",
      "n is missing", "none is not missing", "n is nan", "missing is nan", "nan < 1", "nan >= 1",
      "nan == 1", "nan <= nan", "none <= null", "none >= nil", "missing == null", "none < zzz",
      "text < null",
    ]
    for text in texts { XCTAssertFalse(try holds(text), text) }
  }

  func testExhaustivelyAgainstNestedLogic() throws {
    for a in 0...1 {
      for b in 0...1 {
        for c in 0...1 {
          func check(_ text: String, _ expected: Bool) throws {
            let found = try Condition(text).holds { ["a": a, "b": b, "c": c][$0].map(Value.int) }
            XCTAssertEqual(found, expected, "\(text) with \(a), \(b), \(c)")
          }
          let (p, q, r) = (a == 1, b == 1, c == 1)
          try check("a==1 or b==1 and c==1", p || q && r)
          try check("a==1 and b==1 or c==1", p && q || r)
          try check("(a==1 or b==1) and c==1", (p || q) && r)
          try check("not a==1 and b==1", !p && q)
          try check("not (a==1 or b==1), c==1", !(p || q) && r)
          try check("a==1 and not (b==1 and not c==1)", p && !(q && !r))
        }
      }
    }
  }

  /// What is shown for a value may be named instead; a number is still a number.
  func testShownNames() throws {
    let shown: [String: Condition.Subject] = [
      "lr": .init(0.1), "none": .init(.null, name: "None"), "f": .init(nil, name: "relu"),
      "big": .init(1000, name: "big"), "four": .init("4", name: "four"),
    ]
    func holds(_ text: String) throws -> Bool {
      try Condition(text).holds { (name: String) in shown[name] ?? .init(nil) }
    }
    for text in [
      "lr == 0.1", "lr < 1", "none is missing", "none == None", "none == null", "big == big",
      "big > 10", "big == 1000", "f == relu", "f != tanh", "f contains el", "four == four",
      "four == 4", "big contains ig", "big contains 100", "f is not missing",
    ] {
      XCTAssertTrue(try holds(text), text)
    }
    for text in [
      "lr < abc", "lr > abc", "f is missing", "big < c", "lr == abc", "f != relu", "none < z",
      "f < s", "f > a",
      "none contains N", "four != four",
    ] {
      XCTAssertFalse(try holds(text), text)
    }
  }

  /// What a number or word means depends on what it is compared with.
  func testTextsAreComparedByWhatIsTyped() throws {
    let versions: [Value] = ["1.1", "1.10", "1.9", "007", "7", "1e3", "true", "null", "nan", "[1]"]
    func equal(_ literal: String) throws -> [Value] {
      let condition = try Condition("v == \(literal)")
      return versions.filter { value in condition.holds { _ in value } }
    }
    for version in versions.map(\.description) where version != "null" {
      XCTAssertEqual(try equal(version), [.string(version)])
      XCTAssertEqual(try equal("'\(version)'"), [.string(version)])
    }
    XCTAssertEqual(try equal("null"), [])
    XCTAssertEqual(try equal("\"null\""), ["null"])
    XCTAssertEqual(try equal("True"), [])
    let inList = try Condition("v in (1.10, 007, 'null')")
    XCTAssertEqual(
      versions.filter { value in inList.holds { _ in value } },
      ["1.10", "007", "null"]
    )
    let inBrackets = try Condition("v in [1.10, '1.9']")
    XCTAssertEqual(versions.filter { value in inBrackets.holds { _ in value } }, ["1.10", "1.9"])
    XCTAssertTrue(try Condition("v < 1.2").holds { _ in "1.10" })
    XCTAssertTrue(try Condition("v contains 1.10").holds { _ in "v1.10b" })
    XCTAssertFalse(try Condition("v contains 1.10").holds { _ in "v1.1" })
  }

  func testTruthValuesAreWrittenInTheWaysThatPeopleWriteThem() throws {
    for word in ["true", "True", "TRUE", "'true'"] {
      XCTAssertTrue(try Condition("f == \(word)").holds { _ in true }, word)
      XCTAssertFalse(try Condition("f == \(word)").holds { _ in false }, word)
    }
    for word in ["false", "False", "FALSE"] {
      XCTAssertTrue(try Condition("f in (\(word))").holds { _ in false }, word)
    }
    for word in ["1", "yes", "tRue"] {
      XCTAssertFalse(try Condition("f == \(word)").holds { _ in true }, word)
    }
  }

  /// What a table shows selects what it is shown for.
  func testNumbersAreComparedWithTheDigitsThatAreTypedOrShown() throws {
    let third = 1.0 / 3
    let cases: [(Double, equal: [String], different: [String])] = [
      (
        0.1 + 0.2, ["0.3", "0.30", "3e-1", ".3", "0.30000000000000004", "'0.3'"],
        ["0.3001", "0.29999"]
      ),
      (
        third, ["0.33333", "0.333333", "0.3333333333333333"],
        ["0.3333", "0.33334", "0.33", "0.3333334", "0.333333333334"]
      ),
      (0.3049, ["0.3049"], ["0.3", "0.305", "0.30"]),
      (100_000.4, ["100000", "100000.4"], ["100001", "100000.5"]),
      (123_456.7, ["123457", "123456.7"], ["123456", "123460", "1.2346e5"]),
      (1.23456e-20, ["1.2346e-20", "1.23456e-20"], ["1.2345e-20", "1.23e-20"]),
      (-2.0 / 3, ["-0.66667"], ["0.66667", "-0.6666"]),
      (0, ["0", "0.0", "-0"], ["1e-300"]),
      (1e-300, ["1e-300"], ["0"]),
    ]
    for (number, equal, different) in cases {
      for literal in equal {
        XCTAssertTrue(try Condition("t == \(literal)").holds { _ in .double(number) }, literal)
        XCTAssertTrue(try Condition("t >= \(literal)").holds { _ in .double(number) }, literal)
        XCTAssertTrue(try Condition("t <= \(literal)").holds { _ in .double(number) }, literal)
        XCTAssertFalse(try Condition("t < \(literal)").holds { _ in .double(number) }, literal)
        XCTAssertFalse(try Condition("t > \(literal)").holds { _ in .double(number) }, literal)
        XCTAssertFalse(try Condition("t != \(literal)").holds { _ in .double(number) }, literal)
        XCTAssertTrue(try Condition("t in (7, \(literal))").holds { _ in .double(number) }, literal)
      }
      for literal in different {
        XCTAssertFalse(
          try Condition("t == \(literal)").holds { _ in .double(number) },
          "\(number) == \(literal)"
        )
      }
    }
    // An integer is shown in full, and compared in full.
    XCTAssertFalse(try Condition("n == 1.2346e6").holds { _ in 1_234_567 })
    XCTAssertTrue(try Condition("n == 1234567.0").holds { _ in 1_234_567 })
  }

  func testLiterals() throws {
    func texts(_ text: String) throws -> [String] {
      try Literal.list(text).map { ($0.isQuoted ? "'" : "") + $0.text }
    }
    XCTAssertEqual(try texts("sgd, adam"), ["sgd", "adam"])
    XCTAssertEqual(try texts(" \"sgd\" , 'a, b' "), ["'sgd", "'a, b"])
    XCTAssertEqual(try texts("\"it\\\"s\",'it\\'s'"), ["'it\"s", "'it's"])
    XCTAssertEqual(try texts("[1, [2, 3]], {\"a\": 1}"), ["[1, [2, 3]]", "{\"a\": 1}"])
    XCTAssertEqual(try texts("two words,b"), ["two words", "b"])
    XCTAssertEqual(try texts("''"), ["'"])
    XCTAssertEqual(
      try Literal.list("inf, -inf, nan").map(\.value.kind),
      [.double, .double, .double]
    )
    for text in ["", "a,", ",a", "a,,b", "'a", "[1", "'a' b", "[1]]"] {
      assertThrows(.unreadableText) { try Literal.list(text) }
    }
  }

  func testNames() throws {
    XCTAssertEqual(try Condition("b < 1 and (a == 2 or not b > 3)").names, ["b", "a"])
    XCTAssertEqual("\(try Condition("a < 1"))", "a < 1")
  }

  func testRefusesWhatCannotBeRead() {
    let texts = [
      "", "   ", "a", "a ==", "== 1", "a == 1 b == 2", "a == 1 and", "and a == 1", "(a == 1",
      "a == 1)", "()", "a == (1)", "a < < 1", "a == 1 or or b == 2", "not", "a == 'x", "a == &",
      "a | b", "a == 1,,b == 2", "a == b == c", "a <> 1", "a =! 1", "and == 1",
      "a in", "a in 1", "a in ()", "a in (1", "a in (1,)", "a in (1 2)", "a not == 1",
      "a is", "a is 1", "a is not", "a contains", "a contains (1)", "a in (b in (1))", "in (1)",
    ]
    for text in texts {
      assertThrows(.unreadableText, containing: "cannot read the condition \"\(text)\"") {
        try Condition(text)
      }
    }
  }

  func testLongAndDeepConditions() throws {
    let many = Array(repeating: "n == 4", count: 9_000).joined(separator: " or ")
    XCTAssertTrue(try holds(many + " or n == 3"))
    XCTAssertFalse(try holds(many))
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "n == 3" + String(repeating: ")", count: depth)
    }
    XCTAssertTrue(try holds(nested(200)))
    for text in [
      nested(201), nested(20_000), String(repeating: "not ", count: 20_000) + "n == 3",
    ] {
      assertThrows(.unreadableText, containing: "more than 200 levels deep") { try Condition(text) }
    }
  }

  func testErrorsSayWhatWasExpected() {
    assertThrows(.unreadableText, containing: "expected one of ==", "after 'a'", "found 'b'") {
      try Condition("a b 1")
    }
    assertThrows(.unreadableText, containing: "expected a value after '<'", "found the end") {
      try Condition("a <")
    }
    assertThrows(.unreadableText, containing: "expected ')'") { try Condition("(a == 1") }
    assertThrows(.unreadableText, containing: "a quote is not closed") { try Condition("a == 'x") }
  }

  func testWords() {
    XCTAssertEqual(Value(word: "1"), 1)
    XCTAssertEqual(Value(word: "1.0"), 1.0)
    XCTAssertEqual(Value(word: "true"), true)
    XCTAssertEqual(Value(word: "nil"), nil)
    XCTAssertEqual(Value(word: "null"), nil)
    XCTAssertEqual(Value(word: "[1,\"a\"]"), [1, "a"])
    XCTAssertEqual(Value(word: "[1"), "[1")
    XCTAssertEqual(Value(word: "{\"a\":1}"), ["a": 1])
    XCTAssertEqual(Value(word: ""), "")
    XCTAssertEqual(Value(word: "1e-3x"), "1e-3x")
  }

  /// A value that is exactly what was typed goes before one that is only shown so.
  func testExactValues() {
    let typed = Literal("0.1", isQuoted: false)
    for (value, isNamed, isExact) in [
      (AnyAlias(0.1), true, true), (AnyAlias(0.100001), true, false),
      (AnyAlias(0.11), false, false),
      (AnyAlias("0.1"), true, true), (AnyAlias("0.1", 7.0), true, true),
    ] {
      XCTAssertEqual(typed.names(value), isNamed, "\(value.literalText)")
      XCTAssertEqual(typed.isExactly(value), isExact, "\(value.literalText)")
    }
  }
}
