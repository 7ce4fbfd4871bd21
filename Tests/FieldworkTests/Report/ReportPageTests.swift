import Fieldwork
import Foundation
import XCTest

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reports in a real browser.
final class ReportPageTests: CommandLineTestCase {
  /// Runs a playbook and writes its report.
  /// - Returns: the path of the report.
  private func report(
    _ playbook: String,
    _ name: String,
    _ arguments: [String],
    environment: [String: String] = [:]
  ) throws -> String {
    _ = try ProcessRun(
      Self.executable(playbook),
      complete(["run", "--seed", "1"] + arguments),
      environment: environment
    )
    let written = try ProcessRun(
      Self.executable(playbook),
      complete(["report"]),
      environment: environment
    )
    XCTAssertEqual(written.status, 0, written.error)
    XCTAssertEqual(written.output, "\(directory.path)/\(name)/report.html\n")
    return "\(directory.path)/\(name)/report.html"
  }

  /// Keeps pictures of a page where `FIELDWORK_SCREENSHOTS` says, for people to look at.
  private func keep(_ browser: Browser, _ path: String, _ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["FIELDWORK_SCREENSHOTS"] else { return }
    for (width, isDark) in [(1280, false), (390, false), (1280, true)] {
      try browser.show(path, width: width, isDark: isDark)
      let file = "\(folder)/\(name)-\(width)\(isDark ? "-dark" : "").png"
      try browser.screenshot().write(to: URL(fileURLWithPath: file))
    }
    try browser.printed().write(to: URL(fileURLWithPath: "\(folder)/\(name).pdf"))
    try browser.show(path)
  }

  /// What holds of every page: no errors, nothing asked of the network, no width beyond the window's, every
  /// picture with a name and every field with a label.
  private func check(_ browser: Browser, _ path: String) throws {
    for (width, isDark) in [(1280, false), (390, true), (1280, false)] {
      try browser.show(path, width: width, isDark: isDark)
      XCTAssertEqual(browser.errors, [])
      XCTAssertLessThanOrEqual(
        Int(try browser.number("document.documentElement.scrollWidth")),
        width,
        "no side scrolling"
      )
      XCTAssertEqual(try browser.count("svg.plot:not([aria-label])"), 0)
      XCTAssertEqual(
        try browser.number(
          "[...document.querySelectorAll('select, input')].filter((e) => !e.closest('label')).length"
        ),
        0
      )
      XCTAssertEqual(
        try browser.number(
          "[...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
        ),
        0,
        "ids are unique"
      )
      let broken = try browser.number(
        "[...document.querySelectorAll('svg *')].filter((e) => [...e.attributes].some((a) => /NaN|undefined|Infinity/.test(a.value))).length"
      )
      XCTAssertEqual(broken, 0, "every mark has a place")
    }
  }

  func testDigits() throws {
    let browser = try Browser()
    let path = try report("Digits", "digits", ["--iterations", "8"])
    try check(browser, path)
    try keep(browser, path, "digits")

    // The effect of the learning rate: a curve for each, and means in order.
    XCTAssertEqual(try browser.count("#curve [data-series] path.line"), 3)
    XCTAssertEqual(try browser.count("#curve [data-series] path.band"), 3)
    XCTAssertEqual(try browser.texts("#curve text.strong"), ["iteration", "loss", "rate"])
    XCTAssertTrue(try browser.texts("[data-effect] h3").contains("accuracy by rate and width"))
    XCTAssertEqual(try browser.count("[data-effect]"), 6)
    XCTAssertEqual(try browser.count("[data-effect] svg"), 6)
    XCTAssertEqual(try browser.count("#parallel figure:not([hidden]) path[data-id]"), 18)
    XCTAssertGreaterThan(try browser.count("#timeline rect"), 20)
    XCTAssertGreaterThan(try browser.count("#heatmap figure:not([hidden]) rect"), 6)

    // Other choices are drawn anew.
    let before = try browser.text("document.querySelector('#curve path.line').getAttribute('d')")
    try browser.click("#curve-log-y")
    let after = try browser.text("document.querySelector('#curve path.line').getAttribute('d')")
    XCTAssertNotEqual(before, after)
    try browser.select("curve-by", "3")
    XCTAssertEqual(try browser.count("#curve [data-series]"), 8, "the best eight configs")
    try browser.select("effect-by", "none")
    XCTAssertTrue(try browser.texts("[data-effect] h3").contains("accuracy by rate"))
    try browser.select("effect-of", "1")
    XCTAssertEqual(try browser.count("[data-effect]:not([hidden])"), 3)
    try browser.select("importance-of", "1")
    XCTAssertEqual(try browser.count("#importance figure:not([hidden])"), 1)

    // Values on pointing, and by keys.
    try browser.point(at: "#curve svg > rect:last-child")
    XCTAssertEqual(try browser.value("document.getElementById('tip').hidden") as? Bool, false)
    let tip = try browser.text("document.getElementById('tip').textContent")
    XCTAssertTrue(tip.hasPrefix("iteration "), tip)
    XCTAssertTrue(tip.contains("n = 3"), tip)
    _ = try browser.value("document.querySelector('#importance figure:not([hidden]) svg').focus()")
    try browser.press("ArrowRight")
    let spoken = try browser.text("document.getElementById('spoken').textContent")
    XCTAssertTrue(spoken.contains("%"), spoken)
    XCTAssertEqual(browser.errors, [])

    // Pictures and the table are there without a script, and nothing that would need one.
    try browser.showWithoutScripts(path)
    XCTAssertEqual(try browser.count("#curve svg [data-series] path.line"), 3)
    XCTAssertEqual(try browser.count("[data-effect] svg"), 6)
    XCTAssertEqual(try browser.count("#config-table tbody tr"), 18)
    XCTAssertEqual(
      try browser.count(".controls:not([hidden]) select, .controls:not([hidden]) input"),
      0
    )
  }

  func testTheTableIsSortedAndFilteredByClicks() throws {
    let browser = try Browser()
    let path = try report("Digits", "digits", ["--iterations", "2"])
    try browser.show(path)
    func column(_ index: Int) throws -> [String] {
      try browser.texts("#config-table tbody td:nth-child(\(index))")
    }
    XCTAssertEqual(
      try browser.texts("#config-table th"),
      ["rate", "width", "activation", "accuracy", "loss", "done", "id"]
    )
    let accuracies = try column(4).compactMap { Double($0.prefix { $0 != " " }) }
    XCTAssertEqual(accuracies.count, 18)
    XCTAssertEqual(accuracies, accuracies.sorted(by: >), "the best ones first")
    try browser.click("#config-table th:nth-child(1) button")
    XCTAssertEqual(try column(1).first, "0.02")
    XCTAssertEqual(
      try browser.text("document.querySelector('#config-table th:nth-child(1)').ariaSort"),
      "ascending"
    )
    try browser.click("#config-table th:nth-child(1) button")
    XCTAssertEqual(try column(1).first, "0.4")
    XCTAssertEqual(try browser.count("#config-table th[aria-sort]"), 1)

    try browser.click("#config-filter")
    try browser.type("rate<0.4 relu")
    XCTAssertEqual(try column(1), ["0.1", "0.1", "0.02", "0.02"])
    XCTAssertEqual(Set(try column(3)), ["relu"])
    XCTAssertEqual(try browser.texts("#config-count"), ["4 of 18 configs"])
    XCTAssertEqual(try browser.count("#parallel figure:not([hidden]) path.off"), 14)
    try browser.type(" and width == 8")
    XCTAssertEqual(try column(2), ["8", "8"])
    try browser.type(" nothing-of-the-kind")
    XCTAssertEqual(try column(1), [])

    // What is brushed is in the table.
    _ = try browser.value(
      "(() => { const e = document.getElementById('config-filter'); e.value = ''; e.dispatchEvent(new Event('input')); })()"
    )
    try browser.drag(
      "#parallel figure:not([hidden]) .dimension[data-axis=\"1\"] .brush",
      from: 100,
      by: 120
    )
    XCTAssertEqual(try browser.count("#parallel figure:not([hidden]) path:not(.off)"), 9)
    XCTAssertEqual(Set(try column(2)), ["8"])
    XCTAssertEqual(try column(2).count, 9)
    try browser.click("#brush-reset")
    XCTAssertEqual(try column(2).count, 18)
    XCTAssertEqual(browser.errors, [])
  }

  /// Writes into the field for the filter, in place of what is there.
  private func filter(_ browser: Browser, _ text: String) throws {
    _ = try browser.value("document.getElementById('config-filter').select()")
    try browser.click("#config-filter")
    _ = try browser.value("document.getElementById('config-filter').select()")
    try browser.type(text)
  }

  /// The filter of the page holds for the same configs as `--where`.
  func testTheFilterTakesConditions() async throws {
    let research = Research("made", seed: 1, parallel: .serial) {
      (Domain("rate" <- [0.1, 1, 1e-5, -2])
        .* Domain("third" <- [1.0 / 3, 2.0 / 3, .infinity, -.infinity]))
        * (Domain("kind" <- ["relu", "tanh x", "Adam", "3"])
          .* Domain("mixed" <- [Value.int(3), "a", .double(4.5), .null])
          .* Domain("some" <- [Value.int(3), .null, .int(4), .int(5)])
          .* Domain("m" <- ["abel", nil, "null", "zen"])
          .* Domain("version" <- ["1.1", "1.10", "007", "true"])
          .* Domain(
            Alias("s", "size") <- [
              AnyAlias("small", 16), AnyAlias("large", 256), AnyAlias("null", 3), 7,
            ]
          ))
        * Domain("layer size" <- [[8], [8, 16]])
        * (Domain("flag" <- [true, false])
          .* Domain("big" <- [1_234_567_890_123_456_789, 1_234_567_890_123_456_788])
          .* Domain("deep" <- [[[0, 1], [2]], [[0], [1, 2]]]))
      Unit("f", saving: "y") { run in
        let rate = try run["rate", as: Double.self]
        return rate < 0 ? Double.nan : rate * (try run["flag", as: Bool.self] ? 1 : 2)
      }
      Unit("g", saving: "z") { run in
        try run["kind", as: String.self] == "relu" ? Int?.none : 1
      }
    }
    let results = try await research.run()
    let path = "\(directory.path)/made.html"
    try Report(results).write(to: path)
    let browser = try Browser()
    try browser.show(path)
    let conditions = [
      "rate < 1", "rate<=1", "rate >= 0.1 and rate != 1", "rate == .1", "rate = 1e-5", "rate > -3",
      "rate in (0.1, 1)", "rate not in (0.1,1)", "rate in [0.1, -2]", "not rate == 1",
      "!(rate == 1)",
      "kind == relu", "kind != relu", "kind == 'tanh x'", "kind == \"tanh x\" or rate == 1",
      "kind in (relu, 'tanh x')", "kind contains a", "kind not contains a", "kind contains an",
      "kind == 3", "kind == '3'", "kind < b", "kind >= relu", "kind < 4",
      "mixed == 3", "mixed < 4", "mixed < b", "mixed == null", "mixed is missing",
      "mixed contains 3", "flag == true",
      "flag != true && rate < 1",
      "'layer size' == [8]", "\"layer size\" == [8, 16]", "'layer size' contains 16",
      "y is nan", "y is not nan", "y is missing", "y < 1", "y >= 0.2 || kind == Adam", "y != 2",
      "y == nan",
      "z is missing", "z is not missing", "z == 1", "z != 1", "z < 2", "z == null",
      "rate < 1 and (kind == relu or kind == Adam) and not flag == true",
      "rate < 1, kind == relu", "rate == 1 or rate < 1 and kind == relu",
      "third == 0.3333333333333333", "third > 0.66666", "third >= 0.6666666666666666",
      "third < inf", "third == inf",
      "third in (inf, -inf)", "third >= -inf", "big == 1234567890123456789",
      "big != 1234567890123456789", "big in (1234567890123456788, 3)", "big > 1e18",
      "deep == [[0,1],[2]]", "deep in [[[0], [1, 2]], 3]", "some == null", "some is missing",
      "some != 3", "some < 5",
      "third == 0.33333", "third <= 0.33333", "third < 0.33333", "third == 0.3333",
      "third == 0.66667", "third in (0.333333)", "rate == 0.10",
      "m > b", "m == null", "m == 'null'", "m != null", "m is missing", "m contains u", "m < z",
      "version == 1.10", "version == 1.1", "version == 7", "version == 007", "version == true",
      "version < 1.2", "version in (1.10, 007)", "version contains 1.10",
      "flag == True", "flag == FALSE", "flag != True", "flag < true", "flag == tRUE",
      "size == small", "s == small", "size != small", "s < 100", "s == 256", "s in (small, large)",
      "size == null", "size == 'null'", "size contains mall", "size == 7", "s is missing",
      "(rate == 1 or rate < 1) and kind == relu", "RATE == 1 or rate == 1",
    ]
    for condition in conditions {
      try filter(browser, condition)
      let shown = Set(try browser.texts("#config-table tbody td:last-child"))
      let count = try browser.texts("#config-count")
      guard let wanted = try? results.filtered(where: Condition(condition)) else {
        XCTAssertTrue(
          count[0].hasPrefix("there is no column 'RATE'; still"),
          "\(condition): \(count)"
        )
        continue
      }
      XCTAssertEqual(shown, Set(wanted.experiments.map(\.id)), condition)
      XCTAssertEqual(count, ["\(wanted.experiments.count) of 64 configs"], condition)
    }

    // Words look in all columns, beside conditions.
    for (text, count) in [
      ("", 64), ("ADAM", 16), ("adam false", 8), ("adam or relu", 32), ("'tanh x' rate<1", 12),
    ] {
      try filter(browser, text)
      XCTAssertEqual(try browser.texts("#config-count"), ["\(count) of 64 configs"], text)
    }
    // By size, whatever the size; what is missing comes last.
    try filter(browser, "")
    let heads = try browser.texts("#config-table th")
    for (name, first, last) in [
      ("third", "-inf", "inf"), ("some", "3", "null"),
      ("big", "1234567890123456788", "1234567890123456789"),
      ("mixed", "3", "null"),
    ] {
      let column = try XCTUnwrap(heads.firstIndex(of: name)) + 1
      try browser.click("#config-table th:nth-child(\(column)) button")
      let cells = try browser.texts("#config-table tbody td:nth-child(\(column))")
      XCTAssertEqual([cells.first, cells.last], [first, last], name)
    }
    // What is not all there yet changes nothing, and says why.
    try filter(browser, "kind == relu")
    try browser.type(" and rate <")
    XCTAssertEqual(
      try browser.texts("#config-count"),
      ["expected a value after '<', found the end; still 16 of 64 configs"]
    )
    XCTAssertEqual(try browser.count("#config-filter[aria-invalid=true]"), 1)
    try browser.type(" 1")
    XCTAssertEqual(try browser.texts("#config-count"), ["12 of 64 configs"])
    for text in [
      "rate ==", "(rate == 1", "rate == 1)", "rate in 3", "y is 3", "kind == 'a", "& a", "or",
    ] {
      try filter(browser, text)
      XCTAssertEqual(try browser.count("#config-filter[aria-invalid=true]"), 1, text)
    }
    XCTAssertEqual(browser.errors, [])
  }

  /// Pictures are saved as files that stand by themselves.
  func testPicturesAreSaved() throws {
    let browser = try Browser()
    let path = try report("Digits", "digits", ["--iterations", "2", "--configs", "4"])
    try browser.show(path)
    let saved = try browser.files { try $0.click("#curves .save") }
    XCTAssertEqual(
      saved.map(\.lastPathComponent),
      ["curves-loss-over-the-iterations-by-activation.svg"]
    )
    let text = try String(contentsOf: XCTUnwrap(saved.first), encoding: .utf8)
    XCTAssertTrue(XMLParser(data: Data(text.utf8)).parse(), text)
    for part in ["<title>", "class=\"band\"", ".s0{color:", "iteration"] {
      XCTAssertTrue(text.contains(part), part)
    }
    XCTAssertFalse(text.contains("transparent"))
    let others = try browser.files {
      for section in ["parameters", "importance", "heatmap", "parallel", "timeline"] {
        try $0.click("#\(section) figure:not([hidden]) .save")
      }
    }
    XCTAssertEqual(others.count, 5)
    for file in others {
      XCTAssertTrue(XMLParser(data: try Data(contentsOf: file)).parse(), file.lastPathComponent)
      if let folder = ProcessInfo.processInfo.environment["FIELDWORK_SCREENSHOTS"] {
        let copy = URL(fileURLWithPath: folder).appendingPathComponent(file.lastPathComponent)
        try Data(contentsOf: file).write(to: copy)
      }
    }
    XCTAssertEqual(browser.errors, [])
  }

  func testTheBinderCumulantsCross() throws {
    let browser = try Browser()
    let path = try report("Ising", "ising", ["--iterations", "4000"])
    try check(browser, path)
    try keep(browser, path, "ising")
    let index = try XCTUnwrap(
      browser.texts("[data-effect] h3").firstIndex(of: "binder by temperature and size")
    )
    // The heights of both curves at the lowest and the highest temperature.
    let script = """
      [...document.querySelectorAll('[data-effect]')][\(index)].querySelectorAll('[data-series]')
      """
    XCTAssertEqual(try browser.number("\(script).length"), 2)
    func height(_ series: Int, _ place: String) throws -> Double {
      try browser.number(
        "(() => { const c = [...\(script)[\(series)].querySelectorAll('circle')]; return Number(c.\(place).getAttribute('cy')); })()"
      )
    }
    // The larger lattice lies above in order and below in disorder.
    XCTAssertLessThan(try height(1, "at(0)"), try height(0, "at(0)"))
    XCTAssertGreaterThan(try height(1, "at(-1)"), try height(0, "at(-1)"))
  }

  func testFailures() throws {
    let browser = try Browser()
    let path = try report(
      "TestPlaybook",
      "faulty",
      [],
      environment: [
        "TEST_PLAYBOOK": "faulty", "TEST_FAULTS": "none,throw,trap,exit", "TERM": "xterm",
      ]
    )
    try check(browser, path)
    try keep(browser, path, "faulty")
    XCTAssertEqual(try browser.count(".failure-group"), 3)
    let text = try browser.texts(".failure-group").joined()
    for part in ["thrown", "exit", "signal", "Fatal error"] {
      XCTAssertTrue(text.contains(part), part)
    }
    XCTAssertEqual(try browser.count("#timeline .failure path"), 3)
    XCTAssertEqual(try browser.count(".card .bad"), 1)
    try browser.click(".failure-group details summary")
    XCTAssertEqual(browser.errors, [])
  }
}
