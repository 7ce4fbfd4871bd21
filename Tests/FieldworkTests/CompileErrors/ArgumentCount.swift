import Fieldwork

@Sendable func train(_ rate: Double, _ layers: Int) -> Double { rate * Double(layers) }

// expected-error@+3 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
// expected-error@+2 {{generic parameter 'X' could not be inferred}}
// expected-error@+1 {{generic parameter 'Y' could not be inferred}}
let few = Unit("few", train, EC("rate"))
// expected-error@+1 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
let many = Unit("many", train, EC("rate"), EC("layers"), EC<Double>("rate"))
// expected-error@+1 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
let none = Unit("none", train)
