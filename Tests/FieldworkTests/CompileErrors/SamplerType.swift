import Fieldwork

let size = Parameter<Int>("size")
let rate = Parameter<Double>("rate")
// expected-error@+1 {{the sampler draws another type than the parameter's: change it, or its}}
let uniform = Domain(size <- .uniform(0...1))
// expected-error@+1 {{the sampler draws another type than the parameter's: change it, or its}}
let integers = Domain(rate <- .integers(1...5))
