import Fieldwork

let size = Parameter<Int>("size")
let research = Research("options") {
  // expected-error@+1 {{wrap the option in a domain: write Domain("name" <- [values])}}
  "a" <- [1, 2]
  // expected-error@+1 {{wrap the option in a domain: write Domain("name" <- [values])}}
  size <- [1, 2]
  Unit("one") { _ in 1 }
}
