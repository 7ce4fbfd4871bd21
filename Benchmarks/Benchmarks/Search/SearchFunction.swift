import Fieldwork
import FieldworkCore
import Foundation
import RealModule

/// A function whose minimum a search looks for.
struct SearchFunction: Sendable {
  /// A parameter, as other programs describe it too.
  enum Parameter: Sendable {
    case number(String, ClosedRange<Double>)
    case logarithmic(String, ClosedRange<Double>)
    case integer(String, ClosedRange<Int>)
    case category(String, [String])

    var name: String {
      switch self {
      case .number(let name, _), .logarithmic(let name, _), .integer(let name, _),
        .category(let name, _):
        name
      }
    }

    var option: ParameterOption {
      switch self {
      case .number(let name, let range):
        ParameterOption(ParameterName(name), AnySampler(Sampler.uniform(range)))
      case .logarithmic(let name, let range):
        ParameterOption(ParameterName(name), AnySampler(Sampler.logUniform(range)))
      case .integer(let name, let range):
        ParameterOption(ParameterName(name), AnySampler(Sampler.integers(range)))
      case .category(let name, let values):
        ParameterOption(ParameterName(name), values.map { AnyAlias($0) })
      }
    }

    /// The parameter as JSON.
    var value: Value {
      switch self {
      case .number(let name, let range):
        ["float", .string(name), .double(range.lowerBound), .double(range.upperBound)]
      case .logarithmic(let name, let range):
        ["log", .string(name), .double(range.lowerBound), .double(range.upperBound)]
      case .integer(let name, let range):
        ["int", .string(name), .int(range.lowerBound), .int(range.upperBound)]
      case .category(let name, let values):
        ["category", .string(name), .list(values.map { .string($0) })]
      }
    }
  }

  /// Parameters that exist for one value of another one.
  struct Condition: Sendable {
    let name: String
    let value: String
    let parameters: [Parameter]
  }

  let name: String
  let parameters: [Parameter]
  var conditions: [Condition] = []
  /// Returns the value without noise at a config, less the minimum.
  let loss: @Sendable (Config) throws -> Double
  /// The deviation of the noise of an evaluation.
  var noise = 0.0

  var domain: Domain {
    conditions.reduce(Domain(parameters.map(\.option))) { domain, condition in
      domain.given(
        ParameterName(condition.name),
        AnyAlias(condition.value),
        Domain(condition.parameters.map(\.option))
      )
    }
  }

  var specification: Value {
    .dictionary([
      "parameters": .list(parameters.map(\.value)),
      "conditions": .list(
        conditions.map {
          [.string($0.name), .string($0.value), .list($0.parameters.map(\.value))]
        }
      ),
    ])
  }

  /// The functions of a seed, whose optima it shifts.
  static func all(seed: UInt64) -> [SearchFunction] {
    let standard: [(String, [Int], Double, ([Double]) -> Double)] = [
      ("sphere", [2, 5, 10, 20], 5, sphere), ("rosenbrock", [2, 5, 10], 2, rosenbrock),
      ("rastrigin", [2, 5, 10], 5.12, rastrigin), ("ackley", [2, 5, 10, 20], 10, ackley),
      ("griewank", [2, 5, 10], 100, griewank), ("styblinski", [2, 5, 10], 5, styblinski),
      ("branin", [2], 1, branin), ("hartmann", [6], 1, hartmann),
    ]
    let functions = standard.flatMap { name, sizes, radius, function in
      sizes.map { shifted("\(name)-\($0)", $0, radius, seed, function) }
    }
    return functions + [noisy(seed), integers(seed), categories(seed), conditional(seed)]
  }

  // MARK: Functions of numbers

  /// A function of numbers from `-radius` to `radius`, moved by up to 40 % of that in every direction.
  private static func shifted(
    _ name: String,
    _ size: Int,
    _ radius: Double,
    _ seed: UInt64,
    _ function: @escaping ([Double]) -> Double
  ) -> SearchFunction {
    var random = Philox(text: "function \(name) \(seed)")
    let part = name.hasPrefix("branin") || name.hasPrefix("hartmann") ? 0.1 : 0.4
    let shift = (0..<size).map { _ in radius * part * (2 * random.nextUnit() - 1) }
    nonisolated(unsafe) let function = function
    return SearchFunction(
      name: name,
      parameters: (0..<size).map { .number("x\($0)", -radius...radius) }
    ) { config in
      function(
        try (0..<size).map { try config["x\($0)", as: Double.self] - shift[$0] }
      )
    }
  }

  private static func sphere(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } }

  /// The minimum, which is at (1, …, 1), is moved to the middle.
  private static func rosenbrock(_ x: [Double]) -> Double {
    zip(x, x.dropFirst()).reduce(0) { sum, pair in
      let (a, b) = (pair.0 + 1, pair.1 + 1)
      return sum + 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a)
    }
  }

  private static func rastrigin(_ x: [Double]) -> Double {
    x.reduce(0) { $0 + $1 * $1 - 10 * Double.cos(2 * .pi * $1) + 10 }
  }

  private static func ackley(_ x: [Double]) -> Double {
    let count = Double(x.count)
    let squares = x.reduce(0) { $0 + $1 * $1 } / count
    let waves = x.reduce(0) { $0 + Double.cos(2 * .pi * $1) } / count
    return -20 * Double.exp(-0.2 * squares.squareRoot()) - Double.exp(waves) + 20 + Double.exp(1)
  }

  private static func griewank(_ x: [Double]) -> Double {
    let sum = x.reduce(0) { $0 + $1 * $1 } / 4000
    let product = x.enumerated().reduce(1) {
      $0 * Double.cos($1.element / Double($1.offset + 1).squareRoot())
    }
    return sum - product + 1
  }

  private static func styblinski(_ x: [Double]) -> Double {
    x.reduce(0) { sum, x in
      let y = x - 2.903_534_027_771_177
      return sum + (y * y * y * y - 16 * y * y + 5 * y) / 2 + 39.166_165_703_771_41
    }
  }

  private static func branin(_ x: [Double]) -> Double {
    let (a, b) = (7.5 * x[0] + 2.5, 7.5 * x[1] + 7.5)
    let first = b - 5.1 / (4 * .pi * .pi) * a * a + 5 / .pi * a - 6
    return first * first + 10 * (1 - 1 / (8 * .pi)) * Double.cos(a) + 10 - 0.397_887_357_729_738
  }

  private static func hartmann(_ x: [Double]) -> Double {
    let alpha = [1.0, 1.2, 3.0, 3.2]
    let a: [[Double]] = [
      [10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
      [17, 8, 0.05, 10, 0.1, 14],
    ]
    let p: [[Double]] = [
      [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
    ]
    let sum = (0..<4).reduce(0.0) { sum, i in
      let inner = (0..<6).reduce(0.0) { inner, j in
        let difference = (x[j] + 1) / 2 - p[i][j] / 10_000
        return inner + a[i][j] * difference * difference
      }
      return sum + alpha[i] * Double.exp(-inner)
    }
    return 3.322_368_011_415_515 - sum
  }

  // MARK: Others

  private static func noisy(_ seed: UInt64) -> SearchFunction {
    var function = shifted("noisy-5", 5, 5, seed, sphere)
    function.noise = 1
    return function
  }

  private static func integers(_ seed: UInt64) -> SearchFunction {
    var random = Philox(text: "function integers \(seed)")
    let shift = (0..<3).map { _ in 4 * random.nextUnit() - 2 }
    let whole = (0..<3).map { _ in Int(random.nextUnit() * 13) - 6 }
    return SearchFunction(
      name: "integers-6",
      parameters: (0..<3).map { .number("x\($0)", -5...5) }
        + (0..<3).map { .integer("n\($0)", -10...10) }
    ) { config in
      let first = try (0..<3).map { try config["x\($0)", as: Double.self] - shift[$0] }
      let second = try (0..<3).map { Double(try config["n\($0)", as: Int.self] - whole[$0]) }
      return sphere(first) + sphere(second) / 2 + abs(first[0] * second[0]) / 2
    }
  }

  private static func categories(_ seed: UInt64) -> SearchFunction {
    var random = Philox(text: "function categories \(seed)")
    let shift = (0..<4).map { _ in 4 * random.nextUnit() - 2 }
    let names = ["a", "b", "c", "d", "e"]
    let order = RandomStream(random).shuffled(names)
    return SearchFunction(
      name: "categories-6",
      parameters: (0..<4).map { .number("x\($0)", -5...5) }
        + [.category("c0", names), .category("c1", ["u", "v", "w"])]
    ) { config in
      let x = try (0..<4).map { try config["x\($0)", as: Double.self] - shift[$0] }
      let first = Double(order.firstIndex(of: try config["c0", as: String.self]) ?? 0)
      let second = try config["c1", as: String.self]
      let factor = second == "u" ? 1 : second == "v" ? 2 : 0.8
      return factor * sphere(x) + 3 * first + (second == "u" ? 0 : 1.5)
    }
  }

  private static func conditional(_ seed: UInt64) -> SearchFunction {
    var random = Philox(text: "function conditional \(seed)")
    let shift = (0..<4).map { _ in 0.5 * random.nextUnit() + 0.25 }
    return SearchFunction(
      name: "conditional-5",
      parameters: [
        .category("kind", ["sgd", "adam", "rms"]), .logarithmic("rate", 1e-5...1),
        .number("decay", 0...1),
      ],
      conditions: [
        Condition(name: "kind", value: "sgd", parameters: [.number("momentum", 0...1)]),
        Condition(
          name: "kind",
          value: "adam",
          parameters: [.number("beta", 0...1), .integer("steps", 1...10)]
        ),
      ]
    ) { config in
      let kind = try config["kind", as: String.self]
      let rate = Double.log10(try config["rate", as: Double.self]) / 5 + 1
      let decay = try config["decay", as: Double.self] - shift[1]
      let common = 4 * (rate - shift[0]) * (rate - shift[0]) + decay * decay
      switch kind {
      case "sgd":
        let momentum = try config["momentum", as: Double.self] - shift[2]
        return common + 4 * momentum * momentum + 0.05
      case "adam":
        let beta = try config["beta", as: Double.self] - shift[3]
        let steps = Double(try config["steps", as: Int.self]) / 10 - 0.6
        return common + 2 * beta * beta + steps * steps
      default: return common + 0.2
      }
    }
  }

  /// Returns the value of an evaluation, which noise may change.
  func value(_ config: Config, seed: UInt64, number: Int) throws -> Double {
    let loss = try loss(config)
    guard noise > 0 else { return loss }
    return loss + noise * RandomStream(Philox(text: "noise \(name) \(seed) \(number)")).normal()
  }
}
