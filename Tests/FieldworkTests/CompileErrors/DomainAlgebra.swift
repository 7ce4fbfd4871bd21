import Fieldwork

let a = Domain("a" <- [1, 2])
let b = Domain("b" <- [1, 2])
// expected-error@+1 {{a number is a weight: write weight * domain}}
let sum = a + 2
// expected-error@+1 {{a number is a weight: write weight * domain}}
let mirrored = 2 + a
// expected-error@+1 {{a number is a weight: write weight * domain}}
let fraction = a + 0.5
// expected-error@+1 {{a number is a weight: write weight * domain}}
let zipped = a .* 2.0
// expected-error@+1 {{domains are not subtracted: write domain.where { … }}}
let difference = a - b
// expected-error@+1 {{domains are not subtracted: write domain.where { … }}}
let inside = Domain("a" <- [1]) - Domain("b" <- [2])
