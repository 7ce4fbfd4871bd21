import Fieldwork

let size = Parameter<Int>("size")
let rate = Parameter<Double>("rate")
let name = Parameter<String>("name")
// expected-error@+1 {{the values are of another type than the parameter: change them, or its}}
let fractions = Domain(size <- [0.5])
// expected-error@+1 {{the values are of another type than the parameter: change them, or its}}
let texts = Domain(rate <- ["x"])
// expected-error@+1 {{the values are of another type than the parameter: change them, or its}}
let numbers = Domain(name <- [1, 2])
// expected-error@+1 {{the values are of another type than the parameter, or need names: write}}
let mixed = Domain(size <- [1, "z"])
// expected-error@+1 {{the values are of another type than the parameter: change them, or its}}
let range = Domain(name <- 1...3)
// expected-error@+1 {{the values are of another type than the parameter, or need names: write}}
let aliases = Domain(size <- [Alias("big", "x")])
