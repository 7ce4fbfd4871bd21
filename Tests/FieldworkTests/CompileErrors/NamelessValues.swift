import Fieldwork

typealias Activation = @Sendable (Double) -> Double
@Sendable func relu(_ x: Double) -> Double { max(x, 0) }
@Sendable func half(_ x: Double) -> Double { x / 2 }
struct Layer: Sendable {}

let activation = Parameter<Activation>("activation")
// expected-error@+1 {{give each value a name: write [Alias("name", value), …]}}
let functions = Domain("f" <- [relu, half])
// expected-error@+1 {{give each value a name: write [Alias("name", value), …]}}
let closures = Domain("f" <- [{ (x: Double) in x }])
// expected-error@+1 {{give each value a name: write [Alias("name", value), …]}}
let values = Domain("layer" <- [Layer(), Layer()])
// expected-error@+1 {{give each value a name: write [Alias("name", value), …]}}
let types = Domain("layer" <- [Layer.self])
// expected-error@+1 {{the values are of another type than the parameter, or need names: write}}
let typed = Domain(activation <- [relu, half])
