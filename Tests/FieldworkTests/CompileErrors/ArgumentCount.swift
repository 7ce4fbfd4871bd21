import Fieldwork

@Sendable func train(_ rate: Double, _ layers: Int) -> Double { rate * Double(layers) }

// expected-error@+5 {{missing argument for parameter #5 in call}}
// expected-error@+4 {{could not infer pack element #0 from context}}
// expected-error@+3 {{could not infer pack element #1 from context}}
// expected-error@+2 {{generic parameter 'Output' could not be inferred}}
// expected-note@+1 {{explicitly specify the generic arguments to fix this issue}}
let few = Unit("few", train, EC("rate"))
// expected-error@+7 {{extra argument in call}}
// expected-error@+6 {{could not infer pack element #0 from context}}
// expected-error@+5 {{could not infer pack element #1 from context}}
// expected-error@+4 {{generic parameter 'Output' could not be inferred}}
// expected-note@+3 {{explicitly specify the generic arguments to fix this issue}}
// expected-error@+2 {{generic parameter 'Output' could not be inferred}}
// expected-note@+1 {{explicitly specify the generic arguments to fix this issue}}
let many = Unit("many", train, EC("rate"), EC("layers"), EC<Double>("rate"))
// expected-error@+1 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
let none = Unit("none", train)
