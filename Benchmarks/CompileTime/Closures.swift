import Fieldwork

let domain = Domain("x" <- 1...10, "y" <- 1...10).where {
  try $0["x", as: Int.self] * 2 + $0["y", as: Int.self] * 3 - 1 < 20 + 10 / $0["x", as: Int.self]
}

let batches = Pipeline(over: 0..<10).filter { $0 * 2 + 1 < 3 * $0 - 4 + 10 }
  .map { $0 * 2 + 1 - $0 * $0 }

let sampled = Sampler<Double>.uniform(0...1).map { $0 * 2 + 1 - $0 * $0 / 3 }

let expression = EC<Double>("x").combined(with: EC<Double>("y")) { $0 * 2 + $1 * 3 - $0 / $1 + 1 }
