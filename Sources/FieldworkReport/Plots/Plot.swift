/// A picture of results, as a value: what it shows, and the same as SVG.
///
///     let plot = try Plot.parameter("temperature", of: "binder", by: "size", results)
///     try plot.svg.write(toFile: "binder.svg", atomically: true, encoding: .utf8)
///
/// Experiments that are not done are left out, but that curves have those that are running, and the timeline
/// has all. Means are those of the experiments' last values, with 95 percent confidence intervals by
/// Student's t distribution.
public struct Plot: Sendable {
  /// What the picture shows, in a few words.
  public let title: String
  /// What is to be seen, in a sentence or two.
  public let summary: String
  /// What is left out, a sentence each.
  public let notes: [String]
  let width: Double
  let height: Double
  /// The elements of the picture.
  let content: String
  /// The chart that it was drawn from, if it was drawn from one.
  let chart: Chart?

  init(
    title: String,
    summary: String,
    notes: [String] = [],
    width: Double,
    height: Double,
    content: String
  ) {
    (self.title, self.summary, self.notes) = (title, summary, notes)
    (self.width, self.height, self.content) = (width, height, content)
    chart = nil
  }

  init(_ chart: Chart, width: Double = 720, height: Double = 440) {
    (title, summary, notes) = (chart.title, chart.summary, chart.notes)
    (self.width, self.height) = (width, height)
    content = chart.drawn(width: width, height: height)
    self.chart = chart
  }

  /// The picture as an SVG file, on white, with its title above and its notes below. Elements say their
  /// values when one points at them.
  public var svg: String {
    var picture = SVG()
    let heights = 34 + height + 18 * Double(notes.count) + 6
    picture.open(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("role", "img"),
        ("viewBox", "0 0 \(SVG.number(width)) \(SVG.number(heights))"),
        ("width", SVG.number(width)), ("height", SVG.number(heights)),
      ]
    )
    var result = picture.content
    result += "<title>\(Markup.text(title))</title><desc>\(Markup.text(summary))</desc>"
    result += "<style>\(Palette.style)</style>"
    var rest = SVG()
    rest.element("rect", [("width", "100%"), ("height", "100%"), ("fill", "#fff")])
    rest.text(title, 14, 22, "strong", limit: 80)
    rest.open("g", [("transform", "translate(0 34)")])
    result += rest.content + content + "</g>"
    var below = SVG()
    for (index, note) in notes.enumerated() {
      below.text(note, 14, 34 + height + 12 + 18 * Double(index), "small faint", limit: 110)
    }
    return result + below.content + "</svg>\n"
  }

  /// The picture within a page, which says what its classes mean.
  var element: String {
    """
    <svg class="plot" role="img" tabindex="0" viewBox="0 0 \(SVG.number(width)) \(SVG.number(height))" \
    style="max-width:\(SVG.number(width * 1.15))px" data-title="\(Markup.text(title))" aria-label="\(Markup.text("\(title). \(summary)"))">\(content)</svg>
    """
  }
}
