import Fieldwork

let size = Parameter<Int>("size")
// expected-error@+1 {{a parameter takes a list of values: write [value]}}
let number = Domain("a" <- 1)
// expected-error@+1 {{a parameter takes a list of values: write [value]}}
let fraction = Domain("a" <- 0.5)
// expected-error@+1 {{a parameter takes a list of values: write [value]}}
let text = Domain("a" <- "x")
// expected-error@+1 {{a parameter takes a list of values: write [value]}}
let flag = Domain("a" <- true)
// expected-error@+1 {{a parameter takes a list of values: write [value]}}
let typed = Domain(size <- 1)
// expected-error@+1 {{a parameter takes a list of values: write [value]}}
let named = Domain(Alias("a", "activation") <- "relu")
