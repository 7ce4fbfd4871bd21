import XCTest

@testable import FieldworkCore

final class ProgramCommandTests: XCTestCase {
  private static let rate = Parameter<Double>("rate")

  private func context(_ config: Config = [:]) -> RunContext {
    RunContext(
      id: "id",
      config: config,
      random: RandomStream(seed: 1),
      makeDirectory: { "/folder of it" },
      makeResults: { 0 }
    )
  }

  private func words(_ command: ProgramCommand, _ config: Config = [:]) throws -> [String] {
    XCTAssertEqual(command.problems.map(\.message), [], "\(command)")
    return try command.words(in: context(config))
  }

  func testALiteralIsSplitAsAShellDoes() throws {
    let cases: [(ProgramCommand, [String])] = [
      ("a b  c", ["a", "b", "c"]), (" a\n\tb ", ["a", "b"]),
      ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
      (#"a b\ c \\ \'"#, ["a", "b c", "\\", "'"]),
      (#"a "b\"c\d\\" 'e\'"#, ["a", #"b"c\d\"#, #"e\"#]),
      ("a '' \"\"", ["a", "", ""]), ("a x'y z'\"w\"", ["a", "xy zw"]),
      ("a '|' '>' \"$HOME\"", ["a", "|", ">", "$HOME"]),
      ("awk '{print $1}'", ["awk", "{print $1}"]), (#"a\"#, [#"a\"#]), ("a --x=1", ["a", "--x=1"]),
    ]
    for (command, expected) in cases { XCTAssertEqual(try words(command), expected, "\(command)") }
  }

  func testAValueStaysOneArgument() throws {
    let config: Config = [
      "rate": 0.1, "text": "a 'b' \"c\" $(d) | e\nf", "list": [1, 2.5, "x"], "none": nil,
      "on": true,
      "empty": "",
    ]
    let (path, number) = ("my script.py", 3)
    let command: ProgramCommand =
      "python3 \(path) --rate \(Self.rate) --text=\(EC("text")) '\(EC("text"))' \(EC("list")) \(EC("empty")) \(EC("on")) \(EC("none")) \(EP())/x \(number)"
    let text = "a 'b' \"c\" $(d) | e\nf"
    XCTAssertEqual(
      try words(command, config),
      [
        "python3", "my script.py", "--rate", "0.1", "--text=" + text, text, #"[1,2.5,"x"]"#, "",
        "true", "null", "/folder of it/x", "3",
      ]
    )
  }

  func testExpressionsOfAnyKindAreValues() throws {
    let config: Config = ["a": 2, "b": 0.5]
    let command: ProgramCommand =
      "x \(EC<Int>("a").map { $0 * 2 }) \(E().repetition) \(E().id) \(EC<Double>("b")) \(EC<Int?>("a")) \(EC<Int?>("no"))"
    XCTAssertEqual(try words(command, config), ["x", "4", "0", "id", "0.5", "2", "null"])
    let context = context()
    XCTAssertEqual(
      try ("x \(E().seed)" as ProgramCommand).words(in: context),
      ["x", "\(context.seed)"]
    )
  }

  func testAnObjectIsGivenByItsName() throws {
    struct Optimizer: Sendable {}
    let optimizer = Parameter<Optimizer>("optimizer")
    let config: Config = ["optimizer": AnyAlias("adam", Optimizer())]
    XCTAssertEqual(try words("x \(optimizer)", config), ["x", "adam"])
    XCTAssertEqual(try words("x \(EC("optimizer"))", config), ["x", "adam"])
  }

  func testAValueWithoutTextIsRefused() throws {
    struct Plain {}
    let command: ProgramCommand = "x \(Constant(1).map { _ in Plain() })"
    XCTAssertThrowsError(try command.words(in: context())) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .wrongType)
    }
  }

  func testAMissingParameterIsAnError() {
    XCTAssertThrowsError(try ("x \(EC("no"))" as ProgramCommand).words(in: context())) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .missingParameter)
    }
  }

  func testAShellGetsValuesAsItsArguments() throws {
    let config: Config = ["text": "$(touch no); 'a' \"b\"", "rate": 0.1]
    let command: ProgramCommand =
      .shell("echo \(EC("text")) \"is \(EC("text"))\" | cat > 'out' \(Self.rate)")
    XCTAssertEqual(
      try words(command, config),
      [
        "sh", "-c", "echo \"${1}\" \"is ${2}\" | cat > 'out' \"${3}\"", "sh",
        "$(touch no); 'a' \"b\"", "$(touch no); 'a' \"b\"", "0.1",
      ]
    )
  }

  func testWhatIsWrongWithACommand() {
    let cases: [(ProgramCommand, String)] = [
      ("", "the command is empty"), ("  ", "the command is empty"),
      ("a 'b", "the command has a quote without an end"),
      ("a \"b", "the command has a quote without an end"),
      ("a | b", "the command has '|', which only a shell understands"),
      ("a && b", "the command has '&&', which only a shell understands"),
      ("a > b", "the command has '>', which only a shell understands"),
      ("a 2>&1", "the command has '2>&1', which only a shell understands"),
      ("a; b", "the command has ';', which only a shell understands"),
      (.shell(" "), "the command is empty"),
      (.shell("a 'b"), "the command has a quote without an end"),
      (
        .shell("a 'b \(Self.rate)'"),
        "the command has a value between single quotes, where a shell replaces nothing"
      ),
    ]
    for (command, message) in cases {
      XCTAssertEqual(command.problems.map(\.message), [message], "\(command)")
    }
  }

  func testWhatIsProbablyNotMeant() {
    let cases: [(ProgramCommand, Bool)] = [
      ("ls *.txt", true), ("ls $HOME", true), ("ls ~/x", true), ("ls ${X}", true),
      ("ls $(x)", true),
      ("ls '*.txt'", false), ("ls \"$HOME\"", false), (#"ls \*"#, false), ("ls a$", false),
      ("ls $1", false), (.shell("ls *.txt"), false),
    ]
    for (command, isDoubtful) in cases {
      XCTAssertEqual(command.doubts.isEmpty, !isDoubtful, "\(command)")
      XCTAssertEqual(command.problems.map(\.message), [], "\(command)")
    }
  }

  func testWhatACommandReads() {
    let command: ProgramCommand = "x \(Self.rate) \(EC("width")) \(O<Int>("unit")) \(EP())"
    XCTAssertEqual(
      command.dependencies.map(\.encoding),
      [["parameter", "rate"], ["parameter", "width"], ["output", "unit"], ["directory"]]
    )
    XCTAssertEqual(command.constantWords, ["x"])
    XCTAssertEqual(command.program, "x")
    XCTAssertNil(("\(EC("program")) x" as ProgramCommand).program)
    let (folder, script) = ("/scripts", "my script.py")
    let constant: ProgramCommand = "\(folder)/run \(script) --x=\(EC("x"))"
    XCTAssertEqual(constant.program, "/scripts/run")
    XCTAssertEqual(constant.constantWords, ["/scripts/run", "my script.py"])
  }

  func testATextWithValues() throws {
    let text: ProgramText = "a 'b' \(Self.rate) | c"
    XCTAssertEqual(try text.text(in: context(["rate": 0.1])), "a 'b' 0.1 | c")
    XCTAssertNil(text.constant)
    let name = "x y"
    XCTAssertEqual(("a \(name)" as ProgramText).constant, "a x y")
    XCTAssertEqual(("a \\ 'b'" as ProgramText).constant, "a \\ 'b'")
  }

  func testTheSeedDependsOnTheStreamAlone() {
    let (one, two) = (context(), context())
    _ = two.random.next()
    XCTAssertEqual(one.seed, two.seed)
    XCTAssertTrue((0..<1 << 31).contains(one.seed))
  }
}
