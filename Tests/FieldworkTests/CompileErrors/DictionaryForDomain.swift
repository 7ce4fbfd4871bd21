import Fieldwork

// A literal of lists is no dictionary: it keeps its order.
let literal = Domain(["a": [1], "b": ["x", nil]])
let values = ["a": [1], "b": [2]]
// expected-error@+1 {{parameters have an order and lists of values: write Domain("name" <- [values], …)}}
let unordered = Domain(values)
// expected-error@+1 {{parameters have an order and lists of values: write Domain("name" <- [values], …)}}
let bare = Domain(["a": 1])
