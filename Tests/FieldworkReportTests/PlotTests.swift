import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkReport
@testable import FieldworkStore

#if canImport(FoundationXML)
  import FoundationXML
#endif

final class PlotTests: ReportTestCase {
  /// Every plot of results, as far as there is one.
  private func plots(_ results: ResearchResults) -> [Plot] {
    let source = PlotSource(results)
    let names = source.parameters.map(\.name)
    var plots = [try? Plot.timeline(results)]
    for name in results.variables {
      plots += [nil, "config"].map { try? Plot.curves(of: name, by: $0, results, logX: true) }
      plots += names.flatMap { parameter in
        [
          try? Plot.curves(of: name, by: parameter, results, logY: true),
          try? Plot.parameter(parameter, of: name, results),
          try? Plot.parameter(parameter, of: name, by: names.last, results, logY: true),
          try? Plot.heatMap(parameter, names.last ?? "", of: name, results),
        ]
      }
      plots += [try? Plot.parallel(of: name, results), try? Plot.importance(of: name, results)]
      plots += [Objective.minimize(name), .maximize(name)].map {
        try? Plot.history($0, results, logX: true, logY: true)
      }
    }
    return plots.compactMap(\.self)
  }

  /// An SVG file is XML, and every number in it is one.
  private func check(_ plot: Plot) {
    let parser = XMLParser(data: Data(plot.svg.utf8))
    XCTAssertTrue(parser.parse(), "\(plot.title): \(String(describing: parser.parserError))")
    for bad in ["=\"nan", "nan ", "inf", " nan", "=\"-nan"] {
      XCTAssertFalse(plot.content.contains("=\"\(bad)"), plot.title)
    }
  }

  func testTheBestSoFar() throws {
    let made = zip(
      [5.0, 3, 9, 4, 1, 2],
      [Ending.complete, .complete, .pruned, .failed, .complete, .stopped]
    )
    .map { value, ending in
      Made(config: ["x": AnyAlias(value)], saved: ["y": [.double(value)]], ending: ending)
    }
    let results = try results(["y"], made)
    let chart = try XCTUnwrap(Plot.history(.minimize("y"), results).chart)
    XCTAssertEqual(chart.series.map(\.label), ["best so far", "done", "pruned, last value"])
    XCTAssertEqual(chart.series[0].x, [1, 2, 2, 5, 5, 6])
    XCTAssertEqual(chart.series[0].mean, [5, 5, 3, 3, 1, 1])
    XCTAssertEqual(chart.points.map(\.y), [5, 3, 9, 1, 2])
    XCTAssertEqual(chart.points.map(\.series), [1, 1, 2, 1, 1])
    XCTAssertEqual(chart.summary, "The best y, 1, is that of experiment 5 of 6.")
    XCTAssertEqual(chart.notes, ["1 experiment has failed, and has no point."])
    let largest = try XCTUnwrap(Plot.history(.maximize("y"), results).chart)
    XCTAssertEqual(largest.series[0].mean, [5, 5])
    XCTAssertThrowsError(try Plot.history(.minimize("z"), results))
  }

  func testAMeanForEachValueWithItsInterval() throws {
    let chart = try XCTUnwrap(Plot.parameter("rate", of: "y", by: "kind", grid()).chart)
    XCTAssertEqual(chart.series.map(\.label), ["a", "b"])
    XCTAssertEqual(chart.series[0].x, [0.1, 1, 10])
    XCTAssertEqual(chart.x.kind, .logarithmic, "the rates span two decades")
    for (series, base) in zip(chart.series, [0.0, 10]) {
      for (index, mean) in series.mean.enumerated() {
        XCTAssertEqual(mean, base + Double(index + 1), accuracy: 1e-12)
        // A deviation of 0.1 over three repetitions.
        let margin = 4.302_653 * 0.1 / 3.0.squareRoot()
        XCTAssertEqual(series.low[index], mean - margin, accuracy: 1e-6)
        XCTAssertEqual(series.high[index], mean + margin, accuracy: 1e-6)
        XCTAssertEqual(series.count[index], 3)
      }
    }
    XCTAssertEqual(chart.points.count, 18)
    XCTAssertTrue(chart.summary.contains("smallest at 0.1"), chart.summary)
    XCTAssertTrue(chart.summary.contains("largest at 10"), chart.summary)
  }

  /// A parameter of numbers that some configs lack.
  private func conditional(values: Int) throws -> ResearchResults {
    let with = (0..<values).map { index in
      Made(config: ["m": AnyAlias(Double(index)), "kind": "a"], saved: ["y": [.int(index)]])
    }
    let without = Made(config: ["kind": "b"], saved: ["y": [100]])
    return try results(["y"], [without] + with)
  }

  func testAParameterOfSomeConfigsHasANumericAxis() throws {
    let chart = try XCTUnwrap(Plot.parameter("m", of: "y", conditional(values: 4)).chart)
    XCTAssertEqual(chart.x.kind, .linear)
    XCTAssertEqual(chart.series.map(\.x), [[0, 1, 2, 3]])
    XCTAssertEqual(chart.notes, ["1 experiment without m is left out."])
  }

  func testConfigsWithoutAParameterAreAGroup() throws {
    let few = try Grouping(PlotSource(conditional(values: 4)).parameter("m"))
    XCTAssertEqual(few.labels, ["0", "1", "2", "3", "(absent)"])
    XCTAssertEqual(few.groups, [4, 0, 1, 2, 3])
    let many = try Grouping(PlotSource(conditional(values: 40)).parameter("m"))
    XCTAssertEqual(many.labels.last, "(absent)")
    XCTAssertEqual(many.labels.count, 6)
    XCTAssertEqual(many.groups.first, 5)
    XCTAssertEqual(many.groups.dropFirst().compactMap { $0 }, (0..<40).map { $0 / 8 })
    XCTAssertEqual(many.note, "m has 40 values, taken together in 5 ranges.")
  }

  func testCategoriesAreStrips() throws {
    let chart = try XCTUnwrap(Plot.parameter("kind", of: "y", grid()).chart)
    XCTAssertEqual(chart.x.kind, .categories(["a", "b"]))
    XCTAssertEqual(chart.kind, .strips)
    XCTAssertEqual(chart.series.count, 1)
    XCTAssertEqual(chart.series[0].mean, [2, 12])
  }

  func testCurves() throws {
    let chart = try XCTUnwrap(Plot.curves(of: "y", by: "kind", grid()).chart)
    XCTAssertEqual(chart.series.map(\.label), ["a", "b"])
    XCTAssertEqual(chart.series[1].x, [0, 1, 2])
    XCTAssertEqual(chart.series[1].mean, [0, 6, 12])
    XCTAssertEqual(chart.series[1].count, [9, 9, 9])
    let log = try XCTUnwrap(Plot.curves(of: "y", grid(), logX: true, logY: true).chart)
    XCTAssertEqual(log.series[0].x, [1, 2, 3], "iterations are counted from 1")
    XCTAssertTrue(log.notes.contains { $0.hasPrefix("1 means are not positive") }, "\(log.notes)")
    let configs = try XCTUnwrap(
      Plot.curves(of: "y", by: "config", grid(), objective: .maximize("y")).chart
    )
    XCTAssertEqual(configs.series.count, 6)
    XCTAssertEqual(configs.series[0].label, "0.1, a")
  }

  func testManyIterationsAreThinned() throws {
    let results = try results(
      ["y"],
      [Made(config: ["a": 1], saved: ["y": (0..<1000).map { .double(Double($0)) }])]
    )
    let chart = try XCTUnwrap(Plot.curves(of: "y", results).chart)
    XCTAssertEqual(chart.series[0].x.count, Curves.mostIterations)
    XCTAssertEqual(chart.series[0].x.first, 0)
    XCTAssertEqual(chart.series[0].x.last, 999)
    XCTAssertEqual(chart.notes, ["160 of 1000 iterations are drawn."])
  }

  func testHeatMapAndParallelAndTimeline() throws {
    let heat = try Plot.heatMap("kind", "rate", of: "y", grid())
    XCTAssertTrue(heat.content.contains("kind b, rate 10: y 13 ± 0.25, n = 3"), heat.content)
    XCTAssertTrue(heat.summary.contains("largest at kind b with rate 10 (13)"), heat.summary)
    let parallel = try Plot.parallel(of: "y", grid())
    XCTAssertEqual(parallel.content.components(separatedBy: "<path").count - 1, 6)
    let timeline = try Plot.timeline(grid())
    XCTAssertTrue(timeline.summary.hasPrefix("18 experiments on 2 workers"), timeline.summary)
  }

  func testGroupsOfManyValues() throws {
    let numbers = Table.Column(name: "x", cells: (0..<1000).map { .double(Double($0) / 7) })
    let ranges = Grouping(numbers)
    XCTAssertEqual(ranges.labels.count, 5)
    XCTAssertEqual(Set(ranges.groups).count, 5)
    XCTAssertNotNil(ranges.note)
    let texts = Table.Column(name: "t", cells: (0..<100).map { .string("\($0 % 20)") })
    let few = Grouping(texts)
    XCTAssertEqual(few.labels.count, 8)
    XCTAssertEqual(few.labels.last, "others")
    XCTAssertTrue(few.groups.allSatisfy { $0 != nil })
    let mostAreOne = Table.Column(name: "x", cells: (0..<100).map { .int(max(0, $0 - 80)) })
    XCTAssertFalse(
      Grouping(mostAreOne).labels.contains("0 to 0")
        && Grouping(mostAreOne).groups.allSatisfy { $0 != 0 }
    )
    XCTAssertEqual(
      Set(Grouping(mostAreOne).groups.compactMap(\.self)).count,
      Grouping(mostAreOne).labels.count
    )
    let missing = Grouping(Table.Column(name: "m", cells: [1, nil, 2]))
    XCTAssertEqual(missing.labels, ["1", "2", "(absent)"])
  }

  func testRangesAreToldApart() {
    let narrow = Table.Column(name: "x", cells: (0..<15).map { .double(0.5 + 0.0001 * Double($0)) })
    XCTAssertEqual(
      Grouping(narrow).labels,
      [
        "0.5 to 0.5002", "0.5003 to 0.5005", "0.5006 to 0.5008", "0.5009 to 0.5011",
        "0.5012 to 0.5014",
      ]
    )
    XCTAssertEqual(Scale.texts(ofRanges: [(20, 20), (21, 45)]), ["20", "21 to 45"])
    XCTAssertEqual(Scale.text(-0.001, 1), "0", "no sign")
  }

  /// The sentence says what the picture shows.
  func testTheSummaryIsOfThePlacesThatAreDrawn() throws {
    func plot(_ count: Int) throws -> Plot {
      let made = (0..<count).map { x in
        Made(
          config: ["x": AnyAlias(10 * x)],
          saved: ["y": [.double(x == 5 ? 1 : 0.001 * Double(x))]]
        )
      }
      return try Plot.parameter("x", of: "y", results(["y"], made))
    }
    XCTAssertEqual(try plot(9).summary, "The mean of y is smallest at 0 (0), largest at 50 (1).")
    let many = try plot(40)
    XCTAssertEqual(try XCTUnwrap(many.chart).series[0].x.count, 10)
    XCTAssertTrue(many.summary.contains("largest at 40 to 70 ("), many.summary)
  }

  func testWhatCannotBeDrawn() throws {
    let results = try grid()
    let uses: [(() throws -> Plot, String)] = [
      ({ try .curves(of: "z", results) }, "nothing was saved under the name 'z', but under y"),
      ({ try .curves(of: "y", by: "q", results) }, "no parameter 'q', there are rate, kind"),
      ({ try .parameter("q", of: "y", results) }, "no parameter 'q'"),
      ({ try .heatMap("rate", "q", of: "y", results) }, "no parameter 'q'"),
    ]
    for (use, message) in uses {
      XCTAssertThrowsError(try use()) { XCTAssertTrue("\($0)".contains(message), "\($0)") }
    }
  }

  /// Results of all sorts, none of which may stop a picture or leave a place without a number.
  func testOddResults() throws {
    let failure = Failure(unit: "u", iteration: 0, kind: "k", message: "m", place: nil)
    let odd: [[Made]] = [
      [], [Made(config: Config())], [Made(config: Config(), saved: ["y": [1]])],
      [
        Made(config: ["a": 1], saved: ["y": ["text"]]), Made(config: ["a": 2], saved: ["y": [[1]]]),
      ],
      [Made(config: ["a": 1], ending: .failed, failure: failure)],
      [
        Made(config: ["a": 1], saved: ["y": [.double(.nan)]]),
        Made(config: ["a": 2], saved: ["y": [.double(.infinity)]]),
        Made(config: ["b": "x"], saved: ["y": [.double(-1e300), .double(1e300)]]),
      ],
      [
        -1.7e308, 1.7e308, Double.leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        3 * .leastNonzeroMagnitude,
      ].enumerated().map {
        Made(
          config: ["a": AnyAlias($1), "b": AnyAlias($0)],
          saved: ["y": [.double($1), .double(-$1), .double($1)]]
        )
      },
      [
        Made(config: ["a": AnyAlias(Double.nan)], saved: ["y": [0]]),
        Made(config: ["a": AnyAlias(Double.infinity)], saved: ["y": [0]]),
      ],
      [
        Made(config: ["a": 5], saved: ["y": [3]], times: 5...5),
        Made(config: ["a": 5], repetition: 1, saved: ["y": [3]], times: 5...5),
      ],
      (0..<400).map {
        Made(config: ["a": AnyAlias($0), "b": AnyAlias("t\($0)")], saved: ["y": [.int($0 % 7)]])
      },
      (0..<30).map {
        Made(
          config: ["a": AnyAlias(1e-300 * Double($0 + 1))],
          saved: ["y": [.double(1e-305 * Double($0))]]
        )
      },
    ]
    for made in odd {
      let results = try results(["y"], made)
      for plot in plots(results) { check(plot) }
      let page = Report(results, objective: .maximize("y")).html
      for bad in ["\"nan", "\"-nan", "\"inf", "NaN "] {
        XCTAssertFalse(page.replacing("\"nan\"", with: "").contains("=\(bad)"), "\(made)")
      }
    }
  }

  /// Numbers that lie close together are told apart in the page, others are short.
  func testDigits() throws {
    let close = try results(
      ["y"],
      (0..<5).map {
        Made(config: ["a": AnyAlias($0)], saved: ["y": [.double(1e6 + 0.1 * Double($0))]])
      }
    )
    let chart = try XCTUnwrap(Plot.parameter("a", of: "y", close).chart)
    guard case .dictionary(let json) = chart.json, case .list(let series)? = json["series"],
      case .dictionary(let first)? = series.first, case .list(let means)? = first["mean"]
    else { return XCTFail("\(chart.json)") }
    XCTAssertEqual(means.compactMap(\.number), (0..<5).map { 1e6 + 0.1 * Double($0) })
    XCTAssertEqual(Chart.number(0.123456789), 0.12346)
    XCTAssertEqual(Chart.number(131_072), 131_072)
    XCTAssertEqual(Chart.number(.nan), nil)
    let tiny = Double.leastNonzeroMagnitude
    XCTAssertEqual(Chart.number(tiny).number, tiny)
  }

  /// A config whose first repetition failed is the same config in every part of the page.
  func testAConfigWhoseFirstRepetitionFailed() throws {
    let failure = Failure(unit: "u", iteration: 0, kind: "k", message: "m", place: nil)
    let results = try results(
      ["y"],
      (0..<2).flatMap { a in
        [
          Made(config: ["a": AnyAlias(a)], ending: .failed, failure: failure),
          Made(config: ["a": AnyAlias(a)], repetition: 1, saved: ["y": [.int(a)]]),
        ]
      }
    )
    let page = Report(results, objective: .maximize("y")).html
    for id in ["e0", "e2"] { XCTAssertTrue(page.contains("data-id=\"\(id)\""), id) }
    XCTAssertTrue(page.contains(#""texts":["e0","e2"]"#))
    XCTAssertEqual(try results.bestTable(by: .maximize("y"))["id"], ["e2", "e0"])
  }

  /// Names that differ only at their ends are told apart wherever they are shortened.
  func testLongNames() throws {
    let long = String(repeating: "a long name ", count: 8)
    let results = try results(
      ["y"],
      ["one", "two"].map {
        Made(config: ["kind": AnyAlias(long + $0)], saved: ["y": [.int($0.count), 2]])
      }
    )
    for plot in plots(results)
    where !plot.title.contains("worker") && !plot.title.contains("explains") {
      let shown = plot.content.replacing(/<title>.*?<\/title>/, with: "")
      guard shown.contains("a long name") else { continue }
      XCTAssertTrue(shown.contains("one<") && shown.contains("two<"), plot.title)
    }
    XCTAssertEqual(Markup.shortened("abcdefghijklmnop", 10), "abcdef…nop")
    XCTAssertEqual(Markup.shortened("abc", 10), "abc")
  }

  // MARK: Axes

  func testTicks() {
    func ticks(_ values: [Double], _ kind: AxisKind = .linear, isWhole: Bool = false) -> [String] {
      Scale(Axis("x", kind, isWhole: isWhole), values, 0, 100).ticks(5).map(\.text)
    }
    XCTAssertEqual(ticks([0, 10]), ["0", "5", "10"])
    XCTAssertEqual(ticks([0.001, 0.0012]), ["0.001", "0.00105", "0.0011", "0.00115", "0.0012"])
    XCTAssertEqual(ticks([1, 1000], .logarithmic), ["1", "10", "100", "1000"])
    XCTAssertEqual(ticks([1, 3], .logarithmic), ["1", "2", "3"])
    XCTAssertEqual(ticks([0, 2], isWhole: true), ["0", "1", "2"])
    XCTAssertEqual(ticks([-3e7, 1e7]).first, "-3e7")
    XCTAssertEqual(ticks([1, 2], .categories(["a", "b"])), ["a", "b"])
  }

  /// At every magnitude there are some ticks, in order, with different texts.
  func testTicksOfRandomRanges() {
    var random = Philox(seed: 9)
    for _ in 0..<2000 {
      let size = Double(
        sign: .plus,
        exponent: Int(random.nextInteger(below: 120)) - 60,
        significand: 1
      )
      let low = (random.nextUnit() - 0.5) * size
      let high = low + random.nextUnit() * size + size * 0.01
      for kind in [AxisKind.linear, .logarithmic] where kind == .linear || low > 0 {
        let scale = Scale(Axis("x", kind), [low, high], 0, 400)
        let ticks = scale.ticks(5)
        XCTAssertGreaterThan(ticks.count, 0, "\(low) to \(high), \(kind)")
        XCTAssertLessThan(ticks.count, 20)
        XCTAssertEqual(ticks.map(\.value), ticks.map(\.value).sorted())
        XCTAssertEqual(Set(ticks.map(\.text)).count, ticks.count, "\(low) to \(high): \(ticks)")
        for tick in ticks {
          let place = scale.place(tick.value)
          XCTAssertTrue(place.map { (-1e-6...400 + 1e-6).contains($0) } ?? false, "\(ticks)")
        }
      }
    }
  }

  func testTheParetoFront() throws {
    let made = [[1.0, 5], [2, 3], [3, 4], [4, 1], [5, 2]].map { values in
      Made(
        config: ["x": AnyAlias(values[0])],
        saved: ["a": [.double(values[0])], "b": [.double(values[1])]]
      )
    }
    let results = try results(["a", "b"], made)
    let plot = try Plot.pareto(.minimize("a"), .minimize("b"), results)
    check(plot)
    let chart = try XCTUnwrap(plot.chart)
    XCTAssertEqual(chart.series[0].x, [1, 2, 2, 4, 4])
    XCTAssertEqual(chart.series[0].mean, [5, 5, 3, 3, 1])
    XCTAssertEqual(chart.points.count { $0.series == 0 }, 3)
    XCTAssertEqual(
      chart.summary,
      "3 of 5 configs are not dominated by another one (small a, small b)."
    )
    let page = Report(results, objective: [.minimize("a"), .minimize("b")]).html
    XCTAssertTrue(page.contains("<h2 id=\"front-title\">Pareto front</h2>"))
    XCTAssertTrue(page.contains("3 of 5 configs<small>hypervolume"))
    XCTAssertThrowsError(try Plot.pareto(.minimize("a"), .minimize("c"), results))
  }

  /// Configs of a search, which come near x = 0.3 more and more.
  private func searched(_ count: Int) throws -> ResearchResults {
    try results(
      ["y"],
      (0..<count).map { index in
        let x = 0.3 + 0.7 * sin(Double(index) * 12.9898) / Double(1 + index / 10)
        let rate = pow(10, -3 * abs(sin(Double(index))))
        let y = (x - 0.3) * (x - 0.3) + 0.01 * rate
        let pruned = index % 7 == 3
        return Made(
          config: [
            "x": AnyAlias(x), "rate": AnyAlias(rate), "kind": AnyAlias(index % 2 == 0 ? "a" : "b"),
          ],
          saved: ["y": pruned ? [.double(1)] : [.double(1), .double(y)]],
          ending: pruned ? .pruned : .complete,
          iterations: pruned ? 1 : 2
        )
      }
    )
  }

  func testAContour() throws {
    let results = try searched(60)
    let plot = try Plot.contour("x", "rate", of: "y", results)
    check(plot)
    XCTAssertEqual(plot.title, "y over x and rate")
    XCTAssertTrue(plot.summary.hasPrefix("The least y is "), plot.summary)
    XCTAssertEqual(plot.content.components(separatedBy: "<circle").count - 1, 51)
    XCTAssertThrowsError(try Plot.contour("x", "kind", of: "y", results)) { error in
      XCTAssertTrue("\(error)".contains("plot heatmap x,kind"), "\(error)")
    }
  }

  func testTheBestConfigsOfASearch() throws {
    let results = try searched(60)
    let plot = try Plot.importance(of: .minimize("y"), results)
    check(plot)
    XCTAssertTrue(plot.summary.hasPrefix("x accounts for"), plot.summary)
    let page = Report(results, objective: .minimize("y")).html
    XCTAssertTrue(page.contains("<h2 id=\"best-configs-title\">The best configs</h2>"))
    XCTAssertTrue(
      page.contains("<dt>Pruned</dt><dd>9<small>9 of 120 iterations saved"),
      page
    )
    XCTAssertThrowsError(try Plot.importance(of: .minimize("y"), try searched(5)))
  }
}
