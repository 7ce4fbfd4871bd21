import Fieldwork
import Foundation
import XCTest

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
