import Fieldwork

let size = Parameter<Int>("size")
let domain = Domain("a" <- [1, 2])
// expected-error@+1 {{wrap both in domains: write Domain("a" <- [values]) * Domain("b" <-}}
let product = ("a" <- [1]) * ("b" <- [2])
// expected-error@+1 {{wrap both in domains: write Domain("a" <- [values]) + Domain("b" <-}}
let sum = (size <- [1]) + ("b" <- [2])
// expected-error@+1 {{wrap the option in a domain: write domain * Domain("name" <- [values])}}
let mixed = domain * ("b" <- [2])
// expected-error@+1 {{wrap the option in a domain: write domain + Domain("name" <- [values])}}
let mixedSum = domain + ("b" <- [2])
// expected-error@+1 {{wrap the option in a domain: write Domain("name" <- [values]) * domain}}
let mirrored = ("b" <- [2]) * domain
// expected-error@+1 {{wrap the option in a domain: write Domain("name" <- [values]) + domain}}
let mirroredSum = ("b" <- [2]) + domain
// expected-error@+1 {{wrap both in domains: write Domain("a" <- [values]) .* Domain("b" <-}}
let pair = ("a" <- [1]) .* ("b" <- [2])
// expected-error@+1 {{wrap the option in a domain: write domain .* Domain("name" <- [values])}}
let mixedPair = domain .* ("b" <- [2])
