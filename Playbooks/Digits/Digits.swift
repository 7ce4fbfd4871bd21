import Fieldwork
import Handwriting

/// Which small neural network reads handwritten digits best?
///
/// Each experiment trains a network of one hidden layer for some epochs and saves the loss of each; at
/// the end it saves the share of unseen digits that the network reads right.
@main
struct Digits: Playbook {
  static let rate = Parameter<Double>("rate")
  static let width = Parameter<Int>("width")
  static let activation = Parameter<Activation>("activation")

  var research: Research {
    Research("digits", repetitions: 3, iterations: 15, objective: .maximize("accuracy")) {
      Domain(Self.rate <- [0.02, 0.1, 0.4])
        * Domain(Self.width <- [8, 32])
        * Domain(
          Self.activation <- [Alias("relu", relu), Alias("tanh", tanh), Alias("sigmoid", sigmoid)]
        )

      let network = Instance("network") { run in
        Network(
          inputs: Images.pixels,
          width: try run[Self.width],
          outputs: Images.classes,
          activation: try run[Self.activation],
          random: run.random
        )
      }
      network
      Unit("train", saving: "loss", on: network) { network, run in
        try network.train(on: try Images.load().training, rate: try run[Self.rate])
      }
      Unit("test", when: .last, saving: "accuracy", on: network) { network, _ in
        network.accuracy(on: try Images.load().test)
      }
    }
  }
}
