// Ordinary arithmetic in one-line closures, and forms in which nothing has to say a type: if the compiler takes long
// over one of them, this fails.
import Fieldwork

let lr = Parameter<Double>("lr")
let lambda = Parameter<Double?>("lambda")
let model = Instance("model") { run in run.iteration * 10 + run.repetition * 2 - 1 + run.branch * 3
}

func regularised(_ lambda: Double?) -> Double { lambda ?? 0 }
func load() -> Int { 3 }

func elements() -> [any ResearchElement] {
  [
    Unit("a", saving: "y") { run in run.iteration * 10 + run.repetition * 2 - 1 + run.branch * 3 },
    Unit("b", saving: "y") { run in try run[lr] * 2 + 1 / (run[lr] + Double(run.iteration)) },
    Unit("c", saving: "y") { run in
      try run["x", as: Double.self] * 0.5 + Double(run.iteration) * 2 - 1
    },
    Unit("d", saving: "y", on: model) { model, run in
      model * 2 + run.iteration * 10 + run.repetition * 2 - 1 + run.branch * 3
    },
    Unit("e", saving: "n", dump: .every(2), version: "2", load),
    Unit("f", saving: "y", regularised, EC(lr)),
    Unit("g", saving: "y", regularised, EC(lambda)),
    Generator("h", saving: "y") { run in
      [run.iteration * 2 + 1, run.branch * 3 + 10 * run.repetition, 1 + run.iteration * 2 - 3]
    },
    Generator("i", saving: "y", dump: .last, Pipeline(over: [1, 2])),
    UpdateDomain(when: .last) { u in
      u.updates < 4 ? Domain("x" <- [10 * u.updates, 10 * u.updates + 1]) : nil
    },
    Save("j", EC("x")),
    Save("k", O("a"), when: .last),
    Save("l", EC(lr) * 2 + 1),
  ]
}

let spaced = Domain("x" <- .logSpaced(1e-3...1e3, count: 7), "y" <- .linSpaced(0...1, count: 5))
let typed = Domain(lr <- .logSpaced(1e-3...1e-1, count: 3))
