import Fieldwork

// expected-error@+1 {{the block is empty: write at least one Unit(…)}}
let research = Research("empty") {
}
