import Fieldwork

final class Model {
  func train(_ rate: Double, _ layers: Int) -> Double { rate * Double(layers) }
  func loss() -> Double { 0 }
}

let model = Instance("model") { _ in Model() }
// expected-error@+5 {{missing argument for parameter #7 in call}}
// expected-error@+4 {{could not infer pack element #0 from context}}
// expected-error@+3 {{could not infer pack element #1 from context}}
// expected-error@+2 {{generic parameter 'Output' could not be inferred}}
// expected-note@+1 {{explicitly specify the generic arguments to fix this issue}}
let few = Unit("few", on: model, Model.train, EC("rate"))
// expected-error@+1 {{pack expansion requires that 'EC<Double>' and '' have the same shape}}
let many = Unit("many", on: model, Model.loss, EC<Double>("rate"))
// expected-error@+1 {{cannot convert value of type 'String' to expected argument type 'Int'}}
let wrong = Unit("wrong", on: model, Model.train, EC("rate"), Constant("x"))
// expected-error@+2 {{generic parameter 'Output' could not be inferred}}
// expected-error@+1 {{type 'Model' has no member 'fit'}}
let unknown = Unit("unknown", on: model, Model.fit)
// expected-error@+1 {{cannot convert value of type '@Sendable (String) -> @Sendable (String) ->}}
let other = Unit("other", on: model, String.hasPrefix, EC("rate"))
