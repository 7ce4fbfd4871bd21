import Fieldwork
import Foundation
import Handwriting

/// Which of infinitely many networks reads handwritten digits best?
///
/// A search chooses six parameters, one of which exists for one schedule of the rate alone. A network that is worse than
/// most others of its age is given up.
@main
struct Tuning: Playbook {
  static let rate = Parameter<Double>("rate")
  static let schedule = Parameter<String>("schedule")
  static let decay = Parameter<Double>("decay")
  static let width = Parameter<Int>("width")
  static let batch = Parameter<Int>("batch")
  static let activation = Parameter<Activation>("activation")

  var research: Research {
    Research(
      "tuning",
      iterations: 20,
      seed: 1,
      objective: .maximize("accuracy"),
      window: 4
    ) {
      Domain(
        Self.schedule <- ["constant", "exponential"],
        Self.rate <- .logUniform(1e-3...2),
        Self.width <- .integers(8...64),
        Self.batch <- [8, 16, 32, 64],
        Self.activation <- [Alias("relu", relu), Alias("tanh", tanh), Alias("sigmoid", sigmoid)]
      )
      .given(Self.schedule, "exponential", Domain(Self.decay <- .uniform(0.7...1)))
      Search(.auto, configs: 40)

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
        let decay = run.config.contains("decay") ? try run[Self.decay] : 1
        return try network.train(
          on: try Images.load().training,
          rate: try run[Self.rate] * pow(decay, Double(run.iteration)),
          batch: try run[Self.batch]
        )
      }
      Unit("test", saving: "accuracy", on: network) { network, _ in
        network.accuracy(on: try Images.load().test)
      }
      Prune(.median(startup: 5, warmup: 2), by: "accuracy")
    }
  }
}
