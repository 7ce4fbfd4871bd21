import Fieldwork

// expected-note@+1 2{{class 'Network' does not conform to the 'Sendable' protocol}}
final class Network {
  var weight = 0.0
}

func pipelines(_ network: Instance<Network>) -> Research {
  let numbers = Pipeline(over: [1.0, 2.0])
  // What is computed in the background must be Sendable, and so must what may be used there.
  let networks = numbers.map { _ in Network() }
  // expected-error@+1 {{type 'Network' does not conform to the 'Sendable' protocol}}
  _ = networks.prefetched(2)
  // expected-error@+1 {{type 'Network' does not conform to the 'Sendable' protocol}}
  _ = numbers.map(network) { number, network in number * network.weight }
  _ = numbers.prefetched(2).map(on: network) { number, network in number * network.weight }
  // expected-error@+1 {{requires the types 'Double' and 'Int' be equivalent}}
  _ = numbers.batched(EC<Double>("size"))
  return Research("pipelines") {
    // expected-error@+1 {{a pipeline is run by a unit: write Generator("name", pipeline) or}}
    numbers
    Generator("number", numbers)
  }
}
