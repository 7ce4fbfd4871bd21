import Fieldwork

final class Model {}

let research = Research("types") {
  // expected-error@+4 {{expected member name or initializer call after type name}}
  // expected-note@+3 {{add arguments after the type to construct a value of the type}}
  // expected-note@+2 {{use '.self' to reference the type object}}
  // expected-error@+1 {{this is a type: write a value of it, with its parentheses}}
  Domain
  // expected-error@+1 {{this is a type: write a value of it, with its parentheses}}
  Model.self
  Unit("one") { _ in 1 }
}
