import Fieldwork

let research = Research("literals") {
  // expected-error@+1 {{this is no part of a research: write Domain(…), Unit(…), Generator(…),}}
  1
  // expected-error@+1 {{this is no part of a research: write Domain(…), Unit(…), Generator(…),}}
  "text"
  // expected-error@+1 {{this is no part of a research: write Domain(…), Unit(…), Generator(…),}}
  [1, 2]
  // expected-error@+1 {{this is no part of a research: write Domain(…), Unit(…), Generator(…),}}
  When.every(2)
  Unit("one") { _ in 1 }
}
