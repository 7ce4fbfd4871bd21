import Fieldwork

final class Model {
  func train(_ rate: Double, _ layers: Int) -> Double { rate * Double(layers) }
  func loss() -> Double { 0 }
}

let model = Instance("model") { _ in Model() }
// expected-error@+1 {{pack expansion requires that '' and 'Int' have the same shape}}
let few = Unit("few", on: model, Model.train, EC("rate"))
// expected-error@+2 {{generic parameter 'Output' could not be inferred}}
// expected-error@+1 {{cannot convert value of type '@Sendable (Model) -> () -> Double' to}}
let many = Unit("many", on: model, Model.loss, EC<Double>("rate"))
// expected-error@+1 {{cannot convert value of type 'String' to expected argument type 'Int'}}
let wrong = Unit("wrong", on: model, Model.train, EC("rate"), Constant("x"))
// expected-error@+2 {{generic parameter 'Output' could not be inferred}}
// expected-error@+1 {{type 'Model' has no member 'fit'}}
let unknown = Unit("unknown", on: model, Model.fit)
// expected-error@+1 {{cannot convert value of type '@Sendable (String) -> @Sendable (String) ->}}
let other = Unit("other", on: model, String.hasPrefix, EC("rate"))
