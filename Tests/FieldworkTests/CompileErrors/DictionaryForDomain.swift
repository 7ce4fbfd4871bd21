import Fieldwork

// expected-error@+1 {{bind the parameter with <-: write Domain("name" <- [values])}}
let numbers = Domain(["a": [1]])
// expected-error@+1 {{bind the parameter with <-: write Domain("name" <- [values])}}
let mixed = Domain(["a": [1, 2], "b": [3]])
// expected-error@+1 {{bind the parameter with <-: write Domain("name" <- [values])}}
let pairs = Domain(["a": ["x"]])
