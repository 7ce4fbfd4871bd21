import Fieldwork

final class Model {
  func loss() -> Double { 0 }
}

// expected-error@+1 {{cannot convert value of type 'Model' to expected argument type}}
let handle = Unit("handle", on: Model(), Model.loss)
// expected-error@+1 {{cannot convert value of type 'String' to expected argument type}}
let string = Unit("string", on: "model", Model.loss)
