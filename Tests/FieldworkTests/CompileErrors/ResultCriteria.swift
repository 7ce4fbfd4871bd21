import Fieldwork

func filters(_ results: ResearchResults) throws {
  _ = try results.filtered(config: ["x": 1], names: ["loss"], iterations: [9])
  _ = try results.filtered(domain: Domain("x" <- [1]) * Domain("y" <- .uniform(0...1)))
  _ = results.filtered { $0.repetition == 0 }
  // expected-error@+1 {{give one of config, alias and domain, and filter twice}}
  _ = try results.filtered(config: ["x": 1], alias: ["y": "four"])
  // expected-error@+1 {{give one of config, alias and domain, and filter twice}}
  _ = try results.filtered(config: ["x": 1], domain: Domain("x" <- [1]))
  // expected-error@+1 {{give one of config, alias and domain, and filter twice}}
  _ = try results.filtered(alias: ["y": "four"], domain: Domain("x" <- [1]))
}
