import Fieldwork

@Sendable func train(_ rate: Double, _ layers: Int) -> Double { rate * Double(layers) }

// expected-error@+2 {{missing argument for parameter #9 in call}}
// expected-error@+1 {{could not infer pack element #0 from context}}
let few = Unit("few", train, EC("rate"))
// expected-error@+1 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
let many = Unit("many", train, EC("rate"), EC("layers"), EC<Double>("rate"))
// expected-error@+1 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
let none = Unit("none", train)
