import Fieldwork

let generators = [
  Generator("a", saving: "y") { run in
    stride(
      from: run.iteration * 2 + 1,
      to: run.branch * 3 + 10 * run.repetition,
      by: 1 + run.iteration * 2
    )
  },
  Generator("b", saving: "y") { run in
    [run.iteration * 2 + 1, run.branch * 3 + 10 * run.repetition, 1 + run.iteration * 2 - 3]
  },
  Generator("c", saving: "y") { run in
    (0..<run.iteration * 2 + 1).map { $0 * 3 + 10 * run.repetition - 1 }
  },
  Generator("d", { (0..<$0 * 2 + 1).map { $0 * 3 + 10 - 1 } }, EC<Int>("n")),
  Generator("e", saving: "y", Pipeline(over: 0..<10).map { $0 * 3 + 10 * $0 - 1 / ($0 + 1) }),
]
