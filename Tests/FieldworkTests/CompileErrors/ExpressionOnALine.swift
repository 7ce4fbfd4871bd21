import Fieldwork

let research = Research("expressions") {
  Domain("lr" <- [0.1])
  // expected-error@+1 {{this is a named expression: write Save("name", expression)}}
  EC<Double>("lr")
  // expected-error@+1 {{this is a named expression: write Save("name", expression)}}
  O<Double>("one")
  // expected-error@+1 {{this is a named expression: write Save("name", expression)}}
  E().iteration
  // expected-error@+1 {{this is a named expression: write Save("name", expression)}}
  EP()
  Unit("one") { _ in 1 }
}
