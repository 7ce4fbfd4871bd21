import Fieldwork

let size = Parameter<Int>("size")

@Sendable func train(_ rate: Double, _ layers: Int) -> Double { rate * Double(layers) }

// expected-error@+1 {{the parameter is of another type than the function's argument: change one}}
let swapped = Unit("swapped", train, EC(size), EC("rate"))
// expected-error@+1 {{cannot convert value of type 'String' to expected argument type 'Int'}}
let text = Unit("text", train, EC("rate"), Constant("text"))
// expected-error@+1 {{initializer 'init(_:when:saving:dump:version:root:_:_:_:file:line:)' requires that 'Int'}}
let plain = Unit("plain", train, EC("rate"), 3)
// expected-error@+1 {{cannot convert value of type '@Sendable (Double, Int) -> Double' to}}
let output = Unit("output", train, O<Int>("other"), EC("layers"))

let research = Research("arguments") {
  Domain(size <- [1, 2], "rate" <- [0.1])
  // expected-error@+1 {{the parameter is of another type than the function's argument: change}}
  Unit("swapped", train, EC(size), EC("rate"))
}
