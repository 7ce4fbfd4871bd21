import Fieldwork
import Foundation
import XCTest

/// The commands `best`, `compare`, `importance`, `plot`, `report` and `results --plot`.
final class CommandLineAnalysisTests: CommandLineTestCase {
  /// The test playbook's `small`: lr ∈ {0.1, 0.01}, size ∈ {8, 16}, two iterations of `loss`, which is to be
  /// small.
  private func shown(_ arguments: String..., saying message: String? = "") throws -> String {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: ["TEST_PLAYBOOK": "small", "TERM": "dumb"]
    )
    XCTAssertEqual(result.status, 0, "\(arguments): \(result.error)")
    if let message { XCTAssertEqual(result.error, message) }
    return result.output
  }

  private func runSmall() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", "--repetitions", "2").status, 0)
  }

  func testBest() throws {
    try runSmall()
    let table = try shown("best")
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").dropFirst() }
    XCTAssertEqual(
      lines.map { $0.joined(separator: " ") },
      [
        "lr size loss low high n", lines[1].joined(separator: " "), "0.01 8 0.04 0.04 0.04 2",
        "0.01 16 0.08 0.08 0.08 2", "0.1 8 0.4 0.4 0.4 2", "0.1 16 0.8 0.8 0.8 2",
      ]
    )
    let largest = try shown("best", "--max", "--count", "1", "--format", "csv", "--by", "loss")
    XCTAssertTrue(largest.contains(",0.1,16,0.8,"), largest)
    let some = try shown("best", "--where", "lr > 0.05 and size in (8)", "--format", "csv")
    XCTAssertEqual(rows(some).map { $0[1] }, ["0.1"])
    try assertRefused(
      "best",
      "--by",
      "gain",
      saying: "error: --by: nothing was saved under the name 'gain', but under loss"
    )
    try assertRefused("best", "--max", "--min", saying: "error: give one of --max and --min")
    try assertRefused(
      "best",
      "--where",
      "rate < 1",
      saying:
        "error: --where: there is no parameter or saved value 'rate', there are lr, size, loss, build, id, iterations, repetition, seconds, state, updates"
    )
    try assertRefused(
      "best",
      "--where",
      "lr > 9",
      saying: "error: --where: no experiment has lr > 9"
    )
  }

  /// The id of a row of `best`.
  private func id(_ row: Int) throws -> String {
    rows(try shown("best", "--format", "csv"))[row][0]
  }

  func testCompareConditionsAndConfigs() throws {
    try runSmall()
    let note = """
      loss: the second is smaller by 0.54; the interval, which takes differences to be normally distributed, does not contain 0, but there are too few pairs for the permutation test
      with 4 pairs p cannot be below 0.125: more repetitions tell more

      """
    XCTAssertEqual(
      try shown("compare", "lr == 0.1", "lr == 0.01", saying: note),
      """
      value  pairs  first  second  difference       low      high      p  p_ranks       p_t
      ─────  ─────  ─────  ──────  ──────────  ────────  ────────  ─────  ───────  ────────
      loss       4    0.6    0.06       -0.54  -0.87073  -0.20927  0.125    0.125  0.013847

      """
    )
    let ids = try (id(0), id(2))
    let configs = rows(
      try shown("compare", ids.0, String(ids.1.prefix(6)), "--format", "csv", saying: nil)
    )
    XCTAssertEqual(configs[0][1], "2", "a pair for each repetition")
    XCTAssertEqual(Double(configs[0][4]) ?? 0, 0.36, accuracy: 1e-12)
    try assertRefused(
      "compare",
      "lr == 0.1",
      "size == 8",
      saying: "error: the two sides have 2 experiments in common: say what tells them apart"
    )
    try assertRefused("compare", "lr == 5", "lr == 0.1", saying: "error: no experiment has lr == 5")
    try assertRefused(
      "compare",
      "lr == 0.1",
      "nothing here",
      saying:
        "error: 'nothing here' is no research in DIR, no id of an experiment, and no condition: cannot read the condition \"nothing here\": expected one of ==, !=, <, <=, >, >=, in, contains, is after 'nothing', found 'here'; names and texts with spaces need quotes"
    )
    try assertRefused(
      "compare",
      "lr == 0.1",
      "lr == 0.01",
      "--by",
      "gain",
      saying: "error: nothing was saved under the name 'gain', but under loss"
    )
  }

  func testParametersThatDifferInEveryPair() throws {
    try runSmall()
    try assertRefused(
      "compare",
      "id contains \(id(0))",
      "id contains \(id(2))",
      saying:
        "error: no experiments make a pair that saved a number 'loss': a pair has one repetition, and the same parameters but for id; no value of lr is on both sides (--ignoring leaves it out)"
    )
    let both = try shown(
      "compare",
      "lr == 0.1 and size == 8",
      "lr == 0.01 and size == 16",
      "--format",
      "csv",
      saying: nil
    )
    XCTAssertEqual(rows(both)[0][1], "2")
    let ignoring = try shown(
      "compare",
      "repetition == 0 and lr == 0.1",
      "repetition == 0 and lr == 0.01",
      "--ignoring",
      "size",
      "--format",
      "csv",
      saying: nil
    )
    XCTAssertEqual(rows(ignoring)[0][1], "1", "sizes are taken together")
  }

  func testWhatIsNearACommand() throws {
    let result = try runPlaybook("result")
    XCTAssertEqual(result.status, 2)
    XCTAssertTrue(
      result.error.hasPrefix("error: Unexpected argument 'result': did you mean 'results'?"),
      result.error
    )
    try assertRefused(
      "plot",
      "parallel",
      "-o",
      "x.png",
      saying: "error: a plot is SVG: give a file that ends with .svg, not .png"
    )
  }

  func testCompareResearches() throws {
    try runSmall()
    XCTAssertEqual(try runPlaybook("--name", "other", "--configs", "2").status, 0)
    let table = try shown("compare", "small", directory.path + "/other", "--json", saying: nil)
    guard case .list(let list) = try Value(parsing: table), case .dictionary(let row)? = list.first
    else { return XCTFail(table) }
    XCTAssertEqual(row["pairs"], 2)
    XCTAssertEqual(row["difference"], 0.0)
    XCTAssertEqual(row["p"], 1.0)
    try assertRefused(
      "compare",
      "small",
      "lr == 0.1",
      saying: "error: 'small' is a research, and 'lr == 0.1' is not: give two of a kind"
    )
  }

  func testImportance() throws {
    try runSmall()
    let lines = rows(try shown("importance", "--format", "csv"))
    XCTAssertEqual(Set(lines.map { $0[0] }), ["lr", "size", "(together)"])
    XCTAssertEqual(lines[0][0], "lr")
    XCTAssertEqual(lines.compactMap { Double($0[1]) }.reduce(0, +), 1, accuracy: 1e-9)
    XCTAssertEqual(try shown("importance", "--of", "loss"), try shown("importance"))
    try assertRefused(
      "importance",
      "--where",
      "lr == 0.1 and size == 8",
      saying:
        "error: 'loss' does not vary, or no parameter does, over the configs that are done: nothing is to be explained"
    )
  }

  func testPlots() throws {
    try runSmall()
    for arguments in [
      ["curves", "--by", "lr", "--log-y"], ["curves", "--by", "config"],
      ["parameter", "lr", "--log-x"],
      ["parameter", "size", "--by", "lr"], ["heatmap", "size,lr"], ["parallel"], ["timeline"],
      ["importance"], ["curves", "--where", "size == 8"],
    ] {
      let file = directory.path + "/picture.svg"
      let result = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["plot"] + arguments + ["-o", file]),
        environment: ["TEST_PLAYBOOK": "small"]
      )
      XCTAssertEqual(result.status, 0, "\(arguments): \(result.error)")
      XCTAssertEqual(result.output, file + "\n")
      let svg = try String(contentsOfFile: file, encoding: .utf8)
      XCTAssertTrue(svg.hasPrefix("<svg xmlns=") && svg.hasSuffix("</svg>\n"), svg)
    }
    XCTAssertTrue(try shown("plot", "parallel", "-o", "-").hasPrefix("<svg "))
    XCTAssertEqual(
      try shown("plot", "timeline", saying: nil),
      directory.path + "/small/timeline.svg\n"
    )
    let refused: [([String], String)] = [
      (["parameter"], "say which parameter: plot parameter lr"),
      (["heatmap"], "say which two parameters: plot heatmap lr,size"),
      (["heatmap", "lr"], "heatmap takes two parameters, with a comma, not 'lr'"),
      (["curves", "lr"], "curves needs no parameter: leave out 'lr'"),
      (
        ["parallel", "--log-x"],
        "--log-x is for curves, history, pareto and parameter: leave it out"
      ),
      (["history", "--by", "lr"], "--by is for curves and parameter: leave it out"),
      (["timeline", "--of", "loss"], "a timeline shows no saved value: leave out --of"),
      (["parameter", "q"], "there is no parameter 'q', there are lr, size"),
      (
        ["curves", "-o", directory.path + "/none/x.svg"],
        "cannot write \(directory.path)/none/x.svg: "
      ),
    ]
    for (arguments, message) in refused {
      let result = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["plot"] + arguments),
        environment: ["TEST_PLAYBOOK": "small"]
      )
      XCTAssertEqual(result.status, 2, "\(arguments)")
      XCTAssertTrue(result.error.hasPrefix("error: \(message)"), result.error)
    }
  }

  /// Another picture does not overwrite one, and what is no file stays what it is.
  func testWhereFilesAreWritten() throws {
    try runSmall()
    let folder = directory.path + "/small"
    for (arguments, name) in [
      (["curves"], "curves"), (["curves", "--of", "loss", "--by", "lr"], "curves-loss-lr"),
      (["heatmap", "lr,size"], "heatmap-lr-size"), (["heatmap", "size,lr"], "heatmap-size-lr"),
    ] {
      let result = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["plot"] + arguments),
        environment: ["TEST_PLAYBOOK": "small"]
      )
      XCTAssertEqual(result.output, "\(folder)/\(name).svg\n")
    }
    let (target, link) = (directory.path + "/target.svg", directory.path + "/link.svg")
    try "old".write(toFile: target, atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    _ = try shown("plot", "parallel", "-o", link, saying: nil)
    XCTAssertEqual(try FileManager.default.destinationOfSymbolicLink(atPath: link), target)
    XCTAssertTrue(try String(contentsOfFile: target, encoding: .utf8).hasPrefix("<svg"))
    let text = try shown("report", "-o", "/dev/stdout", saying: nil)
    XCTAssertTrue(text.hasPrefix("<!doctype html>") && text.hasSuffix("</html>\n"))
    let pipe = directory.path + "/pipe.svg"
    XCTAssertEqual(mkfifo(pipe, 0o600), 0)
    let counted = try ProcessRun(
      URL(fileURLWithPath: "/bin/sh"),
      [
        "-c", "\"$0\" \"$@\" 2>/dev/null & wc -c < \(pipe); wait",
        Self.executable("TestPlaybook").path,
        "plot", "parallel", "-o", pipe, "--directory", directory.path,
      ],
      environment: ["TEST_PLAYBOOK": "small"]
    )
    XCTAssertGreaterThan(Int(counted.output.filter(\.isNumber)) ?? 0, 1000, counted.output)
    try assertRefused(
      "plot",
      "parallel",
      "-o",
      "",
      saying: "error: --output is empty: give a file, or - for the output"
    )
    try assertRefused(
      "report",
      "--title",
      "",
      saying: "error: --title is empty: leave it out for the research's name"
    )
    let removed = try shown("remove", "--yes", "--permanently", saying: nil)
    XCTAssertEqual(
      removed,
      "removed the results in \(folder)\nleft what no run has made: curves-loss-lr.svg, curves.svg, heatmap-lr-size.svg, heatmap-size-lr.svg\n"
    )
  }

  /// Pictures and summaries leave out what is not done, and say so; where nothing is done, that is said.
  func testResearchesWithFailures() throws {
    func shown(_ faults: String, _ arguments: [String]) throws -> ProcessRun {
      try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "faulty", "TEST_FAULTS": faults, "TERM": "dumb"]
      )
    }
    XCTAssertEqual(try shown("none,throw,nothing", ["run"]).status, 1)
    let leftOut = "1 experiment that is not done is left out; --unfinished counts it in\n"
    for more in [[], ["--last"], ["--group-by", "fault"]] {
      let drawn = try shown("none,throw,nothing", ["results", "--plot", "x"] + more)
      XCTAssertEqual(drawn.error, leftOut)
      XCTAssertFalse(drawn.output.contains("throw"), drawn.output)
    }
    let curve = try shown("none,throw,nothing", ["results", "--plot", "x"]).output
    XCTAssertTrue(curve.hasPrefix("x, mean of 2 experiments"), curve)
    let all = try shown("none,throw,nothing", ["results", "--plot", "x", "--unfinished"]).output
    XCTAssertTrue(all.hasPrefix("x, mean of 3 experiments"), all)
    let compared = try shown(
      "none,throw,nothing",
      ["compare", "fault in (none, throw)", "fault == nothing", "--by", "x"]
    )
    XCTAssertEqual(compared.status, 0, compared.error)
    XCTAssertTrue(
      compared.error.hasSuffix(
        "1 experiment of the first side and 0 of the second are not done, left out\n"
      ),
      compared.error
    )
    let none = try shown("none,throw", ["compare", "fault == throw", "fault == none", "--by", "x"])
    XCTAssertEqual(
      none.error,
      "note: 1 stored experiment is not part of the research as it is now and left out; --all counts it in\nerror: no experiment that is done has fault == throw\n"
    )

    try FileManager.default.removeItem(atPath: directory.path + "/faulty")
    XCTAssertEqual(try shown("throw", ["run"]).status, 1)
    XCTAssertEqual(
      try shown("throw", ["results", "--plot", "x", "--last"]).error,
      "error: --plot: no experiment is done; --unfinished counts the others in\n"
    )
    for arguments in [
      ["best", "--by", "y", "--max"], ["plot", "parameter", "fault", "--of", "y"],
    ] {
      let result = try shown("throw", arguments)
      XCTAssertEqual(result.status, 2)
      XCTAssertTrue(result.error.contains("no experiment that is done saved"), result.error)
    }
  }

  /// The last value of an experiment is the last one, whatever the condition.
  func testConditionsOnLastValues() throws {
    try runSmall()
    func losses(_ arguments: String...) throws -> [[String]] {
      let table = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["results", "--format", "csv", "--select", "iteration,loss"] + arguments),
        environment: ["TEST_PLAYBOOK": "small"]
      )
      XCTAssertEqual(table.status, 0, table.error)
      return rows(table.output)
    }
    // The losses of an experiment are c and c/2.
    let last = try losses("--last", "--where", "loss > 0.3")
    XCTAssertEqual(last.map { $0[0] }, ["1", "1", "1", "1"])
    XCTAssertEqual(Set(last.map { $0[1] }), ["0.4", "0.8"])
    XCTAssertEqual(
      try losses("--last", "--where", "loss > 0.3 and iteration < 1").map { $0[0] },
      ["0", "0", "0", "0"]
    )
    XCTAssertEqual(try losses("--where", "loss > 0.3").count, 8, "without it all rows count")
  }

  func testReport() throws {
    try assertRefused(
      "report",
      saying: "error: there are no results in DIR/small; run the research first"
    )
    try runSmall()
    XCTAssertEqual(try shown("report"), directory.path + "/small/report.html\n")
    let page = try String(contentsOfFile: directory.path + "/small/report.html", encoding: .utf8)
    XCTAssertTrue(page.hasPrefix("<!doctype html>"))
    for part in [
      "<title>small</title>", "Best loss", "0.04", "8 of 8", "id=\"curves\"", "id=\"timeline\"",
    ] {
      XCTAssertTrue(page.contains(part), part)
    }
    let markup = page.components(separatedBy: "<script")[0]
    XCTAssertFalse(
      markup.contains(" src=") || markup.contains("url(") || markup.contains("<link"),
      "nothing from elsewhere"
    )
    let other = try shown("report", "-o", "-", "--title", "A & B", "--where", "size == 8")
    XCTAssertTrue(other.contains("<h1>A &amp; B</h1>"))
    XCTAssertTrue(other.contains("4 of 4"))
  }

  func testDrawings() throws {
    try runSmall()
    XCTAssertEqual(
      try shown("results", "--plot", "loss", "--group-by", "lr"),
      """
      loss over the iterations, mean for each lr
      lr=0.1   █▄  0.6
      lr=0.01  ▁▁  0.06
      ▁ 0.06, █ 1.2

      """
    )
    let bars = try shown("results", "--plot", "loss", "--last").split(separator: "\n")
    XCTAssertEqual(bars.first, "loss, last values, mean ± 95 percent interval, by lr, size")
    XCTAssertEqual(bars.count, 5)
    XCTAssertTrue(bars[2].hasSuffix("0.8 ± 0.0"), "\(bars)")
    let curve = try shown("results", "--plot", "loss").split(separator: "\n")
    XCTAssertEqual(curve.first, "loss, mean of 8 experiments")
    XCTAssertEqual(curve.count, 15)
    try assertRefused(
      "results",
      "--plot",
      "gain",
      saying: "error: nothing was saved under the name 'gain', but under loss"
    )
    try assertRefused(
      "results",
      "--plot",
      "loss",
      "--sort",
      "loss",
      saying: "error: --plot draws one saved value: leave out --sort"
    )
  }

  func testSeveralObjectives() throws {
    func playbook(_ arguments: String...) throws -> ProcessRun {
      try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "trade", "TERM": "dumb"]
      )
    }
    let run = try playbook("run")
    XCTAssertEqual(run.status, 0, run.error)
    let line = run.output.split(separator: "\n").first { $0.hasPrefix("Pareto front") }
    XCTAssertEqual(
      line.map { $0.contains(" of 12 configs") && $0.hasPrefix("Pareto front of loss, gain: ") },
      true,
      run.output
    )
    let best = try playbook(
      "best",
      "--format",
      "csv",
      "--count",
      "2",
      "--reference",
      "loss=1,gain=0"
    )
    XCTAssertEqual(best.status, 0, best.error)
    let table = rows(best.output)
    XCTAssertEqual(best.output.split(separator: "\n").first, "id,x,loss,gain,n")
    XCTAssertEqual(table.count, 2)
    XCTAssertTrue(best.error.contains("up to loss 1.0, gain 0.0"), best.error)
    XCTAssertTrue(best.error.contains("more configs of the front; --count 0 shows all"), best.error)
    let json = try playbook("run", "--json")
    XCTAssertTrue(json.output.contains(#""front":[{"config":{"x":"#), json.output)
    let one = try playbook("best", "--by", "gain", "--count", "1", "--format", "csv")
    XCTAssertEqual(one.status, 0, one.error)
    XCTAssertTrue(one.error.contains("the best config was found by experiment"), one.error)
    let plot = try playbook("plot", "pareto", "-o", "-")
    XCTAssertTrue(plot.output.contains("<title>gain against loss</title>"), plot.error)
    let turned = try playbook("plot", "pareto", "gain,loss", "-o", "-")
    XCTAssertTrue(turned.output.contains("<title>loss against gain</title>"), turned.error)
    for (arguments, message) in [
      (["best", "--reference", "loss=1"], "there is no value of 'gain'; write loss=1,gain=1"),
      (["best", "--reference", "loss=1,gain"], "'gain' is no name with a number"),
      (["best", "--reference", "x=1,gain=1"], "'x' is not an objective"),
      (["best", "--max"], "say which saved value with --by"),
      (["ask", "--window", "2"], "leave out --window"),
      (["best", "--by", "loss", "--reference", "loss=1"], "leave out --by, or --reference"),
      (["plot", "pareto", "loss"], "pareto takes two objectives, with a comma, not 'loss'"),
      (["plot", "pareto", "loss,x"], "make it an objective of the research"),
      (["run", "--search", "cmaes"], "searches one objective, and the research has 2"),
    ] {
      let refused = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "trade", "TERM": "dumb"]
      )
      XCTAssertNotEqual(refused.status, 0)
      XCTAssertTrue(refused.error.contains(message), "\(arguments): \(refused.error)")
    }
    try runSmall()
    try assertRefused(
      "plot",
      "pareto",
      saying:
        "error: pareto compares two objectives, and the research has 1: write objective: [.minimize(\"loss\"), .minimize(\"seconds\")]"
    )
  }

  func testAskAndTell() throws {
    func playbook(_ arguments: String...) throws -> ProcessRun {
      try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "trade", "TERM": "dumb"]
      )
    }
    func id(_ line: Substring) throws -> String {
      guard case .dictionary(let values) = try Value(parsing: String(line)),
        case .string(let id)? = values["id"], case .dictionary(let config)? = values["config"]
      else { throw POSIXError(.EINVAL) }
      XCTAssertEqual(config.keys.sorted(), ["x"])
      return id
    }
    let lines = try playbook("ask", "--json", "--count", "2").output.split(separator: "\n")
    let ids = try lines.map(id)
    XCTAssertEqual(ids.count, 2)
    XCTAssertTrue(
      try playbook("status").output.contains("2 asked for without a result")
    )
    XCTAssertEqual(try playbook("tell", ids[0], "-0.5", "0.7", "note=\"ab\"").status, 0)
    let missing = try playbook("tell", ids[1], "-0.5")
    XCTAssertEqual(missing.status, 2)
    XCTAssertTrue(
      missing.error.contains("the value of gain is missing: write gain=1"),
      missing.error
    )
    let unknown = try playbook("tell", ids[1], "1", "2", "--fail")
    XCTAssertTrue(unknown.error.contains("unknown option '--fail'"), unknown.error)
    XCTAssertEqual(try playbook("tell", ids[1], "--failed", "broken").status, 0)
    let table = try playbook("results", "--format", "csv", "--last").output
    XCTAssertTrue(table.contains(",-0.5,0.7,ab"), table)
    // Two programs ask at the same time.
    let others = try (0..<2).map { _ in
      try start("ask", "--json", "--count", "4", research: "trade")
    }
    let more = try others.flatMap { try $0.finish().output.split(separator: "\n").map(id) }
    XCTAssertEqual(Set(more + ids).count, 10)
    XCTAssertEqual(try playbook("ask", "--count", "5").output.split(separator: "\n").count, 2)
    let end = try playbook("ask")
    XCTAssertEqual(end.status, 1)
    XCTAssertTrue(
      end.error.contains("all configs have been asked for; the results of 10 are missing"),
      end.error
    )
  }

  func testASimulation() throws {
    try runSmall()
    let table = try shown(
      "simulate",
      "--search",
      "tpe,random",
      "--prune",
      "none,median",
      "--configs",
      "2",
      "--repeats",
      "10",
      "--format",
      "csv",
      saying: nil
    )
    let lines = rows(table)
    XCTAssertEqual(
      lines.map { Array($0.prefix(2)) },
      [
        ["tpe", "none"], ["tpe", "median"], ["random", "none"], ["random", "median"],
      ]
    )
    XCTAssertTrue(
      FileManager.default.fileExists(
        atPath: directory.appendingPathComponent("small/simulation.svg").path
      )
    )
    try assertRefused(
      "simulate",
      "--search",
      "playbook",
      saying: "error: the playbook has no Search; leave playbook out of --search"
    )
    try assertRefused(
      "simulate",
      "--prune",
      "median",
      "--prune-by",
      "loss",
      saying:
        "error: --prune-by 'loss': write the name of a saved value with :min or :max, such as loss:min"
    )
  }
}
