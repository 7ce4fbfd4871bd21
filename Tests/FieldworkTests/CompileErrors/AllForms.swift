// What the design shows compiles: if the harness is broken, this fails.
import Fieldwork

final class Lattice {
  var magnetisation = 0.0
  init(size: Int, temperature: Double, random: RandomStream) {}
  func sweep() { magnetisation += 1 }
  func cool(_ temperature: Double, _ steps: Int) -> Double { temperature / Double(steps) }
}

struct Training: Sequence, IteratorProtocol {
  var loss = 1.0
  mutating func next() -> Double? {
    loss /= 2
    return loss > 0.1 ? loss : nil
  }
}

struct Evaluation: ResearchElement {
  var parts: [ResearchPart] { Unit("evaluate", saving: "e", { $0 * 2 }, O<Double>("train")).parts }
}

enum Optimizer: String, ValueConvertible { case sgd, adam }

typealias Activation = @Sendable (Double) -> Double
@Sendable func relu(_ x: Double) -> Double { max(x, 0) }
@Sendable func tanh(_ x: Double) -> Double { x }
@Sendable func train(_ lr: Double, _ layers: Int) -> Double { lr * Double(layers) }
@Sendable func asynchronous(_ lr: Double) async throws -> Double { lr }
@Sendable func batches(_ size: Int) -> [Int] { Array(0..<size) }
@Sendable func cumulant(_ m: Double, _ lattice: Lattice) -> Double { m }
@Sendable func first(_ m: Double?) -> Double { m ?? 0 }
@Sendable func pair(_ config: Config, _ id: String) -> (Double, Int) { (1, 2) }

@main
struct Ising: Playbook {
  static let size = Parameter<Int>("size")
  static let temperature = Parameter<Double>("temperature")
  static let activation = Parameter<Activation>("activation")
  static let optimizer = Parameter<Optimizer>(Alias("o", "optimizer"))

  var isLong: Bool { false }

  var research: Research {
    Research("ising", repetitions: 5, iterations: 2_000, objective: .maximize("m")) {
      Domain(Self.size <- [8, 16, 32])
        * Domain(Self.temperature <- stride(from: 1.8, through: 2.8, by: 0.05))
        * Domain("lr" <- [0.1, 0.01], "layers" <- 1...3)
        * Domain(Self.activation <- [Alias("relu", relu), Alias("tanh", tanh)])
        * Domain(Self.optimizer <- [.sgd, .adam])

      let lattice = Instance("lattice") { run in
        Lattice(
          size: try run[Self.size],
          temperature: try run[Self.temperature],
          random: run.random
        )
      }
      lattice
      Unit("train", when: .every(10) | .last, saving: "loss", train, EC("lr"), EC("layers"))
      Unit("typed", train, EC(Self.temperature), EC(Self.size))
      Unit("asynchronous", asynchronous, EC(Self.temperature))
      Unit("sweep", on: lattice, Lattice.sweep)
      Unit("cool", on: lattice, Lattice.cool, EC(Self.temperature), EC(Self.size) + 1)
      Unit("magnetisation", when: .every(10), saving: "m", on: lattice) { lattice, run in
        lattice.magnetisation
      }
      Unit("binder", when: .last, saving: "binder", cumulant, O("magnetisation"), lattice)
      Unit("first", first, O("magnetisation"))
      Unit("pair", saving: ["a", "b"], pair, EC(), E().id)
      Unit("state") { run in run.save("norm", 1.0) }
      Generator("epoch", saving: "epoch") { run in Training() }
      Generator("batch", batches, EC("layers"))
      Save("copy", O<Double>("train"), when: .last)
      Save(["x", nil], O<(Double, Int)>("pair"))
      Dump("loss", when: .every(100))
      Evaluation()
      if isLong { Unit("long") { _ in 1 } }
      for number in 0..<2 { Unit("unit \(number)") { _ in number } }
      [Evaluation(), Evaluation()]
    }
  }
}

let product = Domain("a" <- [1, 2]) * Domain("b" <- ["x", "y"])
let one = Domain("a" <- [1, 2], "b" <- ["x", "y"])
let sum = Domain("a" <- [1, 2]) + Domain("b" <- [3])
let zip = Domain("a" <- [1, 2]) .* Domain("b" <- [3, 4])
let weighted = 0.3 * Domain("c" <- .normal(mean: -10)) + 0.7 * Domain("d" <- .uniform(0...1))
let mixed = Domain("mixed" <- [1, "z", 2.5, nil, true])
let range = Domain("k" <- 1...20)
let aliases = Domain("activation" <- [Alias("relu", relu), Alias("tanh", tanh)])
let shown = Domain(Alias("l", "layout") <- ["f", "fa"])
let nine =
  Domain("a" <- [1]) * Domain("b" <- [1]) * Domain("c" <- [1]) + Domain("d" <- [1])
  * Domain("e" <- [1]) * Domain("f" <- [1]) + Domain("g" <- [1]) .* Domain("h" <- [1])
  + 0.5 * Domain("i" <- [1])
let sampled = Domain(Ising.size <- .integers(1...5), Ising.temperature <- .uniform(0...1) * 2)
let chosen = Domain("f" <- .choice([Alias("relu", relu), Alias("tanh", tanh)]))
let condition = Domain("a" <- [1, 2]).where { try $0["a", as: Int.self] > 1 }
let given = Domain("a" <- [1, 2]).given("a", 2, Domain("b" <- [3]))
