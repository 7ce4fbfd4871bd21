import Fieldwork

let research = Research("r", repetitions: 3, iterations: 10) {
  Domain("x" <- [1, 2 * 3, 4 + 5 * 6]) * Domain("lr" <- [0.1 * 2, 1 - 0.5])
    + 0.3 * Domain("x" <- 1...10) * Domain("z" <- .uniform(0...1) * 2 + 1)
    + 2 * Domain("x" <- [10]) * Domain("z" <- .normal() * 0.1 - 3)
  Unit("f", saving: "y") { run in
    try run["x", as: Double.self] * 0.5 + Double(run.iteration) * 2 - 1
  }
  Unit("g", saving: "z") { run in (run.iteration + 1) * (run.iteration + 2) / 2 - run.repetition }
  Save("w", EC<Double>("lr") * 2 + 1 - EC<Double>("z") * 3 / EC<Double>("lr"))
}
