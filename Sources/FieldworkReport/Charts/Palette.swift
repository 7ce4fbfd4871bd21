/// The colours of series and of numbers.
enum Palette {
  /// The number of colours that the classes `s0`, `s1`, … have.
  static let count = 8

  /// The colours of series on white: those of M. Okabe and K. Ito, "Color Universal Design", 2008, without
  /// yellow and black, and two more.
  static let light = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a87000", "#56b4e9", "#7a5195", "#6b6b6b",
  ]

  /// The same on black.
  static let dark = [
    "#4aa8e0", "#ff8c3a", "#2fcf9f", "#eba6ca", "#f0b429", "#9bd6ff", "#b694d6", "#b5b5b5",
  ]

  /// A color for a share from 0 to 1: between five colours of "viridis" (N. Smith and S. van der Walt, 2015).
  static func ramp(_ share: Double) -> (red: Int, green: Int, blue: Int) {
    let stops: [(Double, Double, Double)] = [
      (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
    ]
    let place = min(max(share.isNaN ? 0 : share, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    let rest = place - Double(index)
    let (low, high) = (stops[index], stops[index + 1])
    func mix(_ first: Double, _ second: Double) -> Int { Int(first + (second - first) * rest) }
    return (mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
  }

  static func rampText(_ share: Double) -> String {
    let color = ramp(share)
    return "rgb(\(color.red),\(color.green),\(color.blue))"
  }

  /// Whether black is better readable on the colour of a share than white.
  static func isLight(_ share: Double) -> Bool {
    let color = ramp(share)
    return 299 * color.red + 587 * color.green + 114 * color.blue > 128_000
  }

  /// The dashes of a series, so that lines are told apart without colours.
  static func dash(_ index: Int) -> String { ["", "7 3", "2 3", "9 3 2 3"][index / 2 % 4] }

  /// The style of a picture that stands by itself.
  static var style: String {
    let colors = light.enumerated().map { ".s\($0){color:\($1)}" }.joined()
    return
      "text{font:12px system-ui,sans-serif;fill:#222}text.halo{paint-order:stroke;stroke:#fff;stroke-width:3px}"
      + shared + colors
  }

  /// What the classes of all pictures mean, whatever the colours.
  static let shared = """
    .line{fill:none;stroke:currentColor;stroke-width:2}.band{fill:currentColor;opacity:.16;stroke:none}\
    .bar{stroke:currentColor;stroke-width:1.5}.dot{fill:currentColor}.point{fill:currentColor;opacity:.3}\
    .grid{stroke:#8884;stroke-width:1}.axis{stroke:#888;stroke-width:1}.small{font-size:11px}\
    .strong{font-weight:600}.faint{opacity:.7}.fill{fill:currentColor}.failed{fill:#c8102e}\
    .stroke{fill:none;stroke-width:1.3;opacity:.65}.stroke.off{opacity:.04}.empty{fill:#8882}\
    text.on-light{fill:#000;pointer-events:none}text.on-dark{fill:#fff;pointer-events:none}
    """
}
