import XCTest

@testable import FieldworkCore

final class ProgramOutputReaderTests: XCTestCase {
  /// Reads an output that comes in pieces of a size.
  private func read(
    _ output: ProgramOutput,
    _ text: String,
    pieces size: Int
  ) throws -> (iterations: [[String: Value]], text: String) {
    var reader = try ProgramOutputReader(output)
    var (iterations, rest): ([[String: Value]], [UInt8]) = ([], [])
    func take(_ event: ProgramOutputReader.Event) {
      switch event {
      case .iteration(let values): iterations.append(values)
      case .text(let bytes): rest += bytes
      }
    }
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { reader.append($0) }
      while let event = try reader.next() { take(event) }
    }
    while let event = try reader.finish() { take(event) }
    return (iterations, String(decoding: rest, as: UTF8.self))
  }

  private func assert(
    _ output: ProgramOutput,
    _ text: String,
    _ iterations: [[String: Value]],
    _ rest: String = "",
    line: UInt = #line
  ) throws {
    for size in [1, 2, 3, 7, 64, 100_000] {
      let result = try read(output, text, pieces: size)
      XCTAssertEqual(result.iterations, iterations, "pieces of \(size)", line: line)
      XCTAssertEqual(result.text, rest, "pieces of \(size)", line: line)
    }
  }

  private func message(_ output: ProgramOutput, _ text: String) -> String? {
    do {
      _ = try read(output, text, pieces: 10)
      return nil
    } catch {
      return (error as? FieldworkError)?.message ?? "\(error)"
    }
  }

  func testJSONLines() throws {
    try assert(.jsonLines, "", [])
    try assert(
      .jsonLines,
      "{\"a\": 1}\n{\"a\": 2.5, \"b\": \"x\"}\n",
      [["a": 1], ["a": 2.5, "b": "x"]]
    )
    try assert(
      .jsonLines,
      "begin\n{\"a\": 1}\nmiddle\nmore\r\n  {\"a\": 2}\r\nend",
      [["a": 1], ["a": 2]],
      "begin\nmiddle\nmore\r\nend\n"
    )
    try assert(.jsonLines, "[1]\n1\n\n\"x\"\n", [], "[1]\n1\n\n\"x\"\n")
    try assert(
      .jsonLines,
      "{\"a\": NaN, \"b\": Infinity, \"c\": -Infinity}",
      [["a": .double(.nan), "b": .double(.infinity), "c": .double(-.infinity)]]
    )
    try assert(.jsonLines, "{}\n", [[:]])
  }

  func testALongLineWithoutEndIsPassedOn() throws {
    let long = String(repeating: "x", count: 300_000) + "{\"a\": 1}\n{\"a\": 2}\n"
    let result = try read(.jsonLines, long, pieces: 65_536)
    XCTAssertEqual(result.iterations, [["a": 2]])
    XCTAssertEqual(result.text, String(long.dropLast(9)))
  }

  func testABrokenLineIsAnErrorWithTheLine() {
    XCTAssertEqual(
      message(.jsonLines, "ok\n{\"a\": 1\n"),
      "line 2 of the output is not a JSON object: {\"a\": 1 (expected ',' or '}' at byte 7)"
    )
    let python = message(.jsonLines, "{'a': 1}\n")
    XCTAssertTrue(python?.hasSuffix("print json.dumps(…)") ?? false, python ?? "")
  }

  func testOneObject() throws {
    try assert(.json, "{\n \"a\": 1,\n \"b\": [2]\n}\n", [["a": 1, "b": [2]]])
    XCTAssertEqual(message(.json, "[1]"), "the output is not a JSON object but a list: [1]")
    XCTAssertNotNil(message(.json, ""))
    XCTAssertNotNil(message(.json, "{\"a\": 1} {\"a\": 2}"))
  }

  func testColumns() throws {
    try assert(
      .csv,
      "step,loss,name\n0,1.5,a\n\n1,,\"b, \"\"c\"\"\"\r\n2,nan,true\n",
      [
        ["step": 0, "loss": 1.5, "name": "a"], ["step": 1, "name": "b, \"c\""],
        ["step": 2, "loss": .double(.nan), "name": true],
      ]
    )
    try assert(.csv, "a\tb\n1\tx, y\n", [["a": 1, "b": "x, y"]])
    try assert(.csv, "a\n1", [["a": 1]])
    try assert(.csv, "", [])
    XCTAssertEqual(
      message(.csv, "a,b\n1\n"),
      "line 2 of the output has 1 cell, but there are 2 columns: 1"
    )
    XCTAssertEqual(
      message(.csv, "a,,b\n"),
      "line 1 of the output has a column without a name: a,,b"
    )
    XCTAssertEqual(message(.csv, "a,a\n"), "line 1 of the output has two columns 'a': a,a")
    XCTAssertNotNil(message(.csv, "a,b\n\"1,2\n"))
  }

  func testPatterns() throws {
    let output = ProgramOutput.pattern(["energy": #"E = (\S+)"#, "state": "hot|cold"])
    let text = "start\nE = -1.5 hot\nE = 2 x\ncold\nE = 3e2\n"
    try assert(
      output,
      text,
      [["energy": -1.5, "state": "hot"], ["energy": 2, "state": "cold"], ["energy": 300.0]],
      text
    )
    try assert(output, "no match", [], "no match\n")
    XCTAssertEqual(output.names, ["energy", "state"])
    XCTAssertEqual(output.problems.count, 0)
    XCTAssertEqual(ProgramOutput.pattern(["a": "("]).problems.count, 1)
    XCTAssertEqual(ProgramOutput.pattern([:]).problems.count, 1)
  }

  func testNothingIsSaved() throws {
    try assert(.none, "{\"a\": 1}\nx", [[:]], "{\"a\": 1}\nx")
    try assert(.none, "", [[:]])
  }

  func testTextsAreReadAsValues() {
    let cases: [(String, Value)] = [
      ("1", 1), ("-1.5e3", -1500.0), ("+2", 2), ("True", true), ("false", false), ("x", "x"),
      ("inf", .double(.infinity)), ("-inf", .double(-.infinity)), ("0x10", "0x10"), ("", ""),
    ]
    for (text, value) in cases { XCTAssertEqual(ProgramOutputReader.value(text), value, text) }
  }
}
