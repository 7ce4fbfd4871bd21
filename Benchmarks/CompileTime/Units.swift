import Fieldwork

let lr = Parameter<Double>("lr")
let model = Instance("model") { run in run.iteration * 10 + run.repetition * 2 - 1 + run.branch * 3
}

let units = [
  Unit("a", saving: "y") { run in run.iteration * 10 + run.repetition * 2 - 1 + run.branch * 3 },
  Unit("b", saving: "y") { run in try run[lr] * 2 + 1 / (run[lr] + Double(run.iteration)) },
  Unit("c", saving: "y") { run in
    try run["x", as: Double.self] * 0.5 + Double(run.iteration) * 2 - 1
  },
  Unit("d", saving: ["a", "b"]) { run in
    try (run.iteration * 2 + 1, run["x", as: Double.self] * 2 - 1 / (1 + run["y", as: Double.self]))
  },
  Unit("e", saving: "y", on: model) { model, run in
    model * 2 + run.iteration * 10 + run.repetition * 2 - 1 + run.branch * 3
  },
  Unit("f", saving: "y", { $0 * 2 + $1 * 3 - $0 * $1 + 1 }, EC<Int>("a"), EC<Int>("b")),
  Unit("g", saving: "y", { $0 * 0.5 + $0 * $0 - 1 / $0 }, EC<Double>("a")),
]
