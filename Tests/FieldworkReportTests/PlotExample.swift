import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkReport

// The plot is an example of docs/extending.md.

extension Plot {
  /// The number of experiments in each state, as bars.
  static func states(_ results: ResearchResults) -> Plot {
    let states = ExperimentState.allCases
    let most = max(1, results.experiments.count)
    var svg = SVG()
    for (index, state) in states.enumerated() {
      let count = results.experiments.count { $0.state == state }
      let y = 10 + 26 * Double(index)
      svg.text(state.rawValue, 92, y + 16, anchor: "end")
      svg.open("g", [("class", "s0")])
      let width = 240 * Double(count) / Double(most)
      svg.element(
        "rect",
        [
          ("x", "100"), ("y", SVG.number(y + 4)), ("width", SVG.number(width)),
          ("height", "18"), ("class", "fill"),
        ],
        title: "\(state.rawValue): \(count)"
      )
      svg.close("g")
    }
    return Plot(
      title: "Experiments by state",
      summary: "\(results.experiments.count) experiments are stored.",
      width: 380,
      height: 20 + 26 * Double(states.count),
      content: svg.content
    )
  }
}

extension ReportPage {
  func states() -> Section? {
    gallery("states", "States", "Show", [("all", Plot.states(report.results))])
  }
}

final class PlotExampleTests: ReportTestCase {
  func testAPlotAndItsSection() throws {
    let made = [
      Made(config: ["x": 1], saved: ["y": [1]]),
      Made(config: ["x": 2], saved: ["y": [2]], ending: .pruned),
    ]
    let results = try results(["y"], made)
    let svg = Plot.states(results).svg
    XCTAssertTrue(svg.contains("done: 1"))
    XCTAssertTrue(svg.contains("pruned: 1"))
    let section = try XCTUnwrap(ReportPage(Report(results)).states())
    XCTAssertTrue(section.html.contains("Experiments by state"))
  }
}
