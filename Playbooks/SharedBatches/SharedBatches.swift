import Fieldwork
import Handwriting

/// Which small neural network learns most from the very same images?
///
/// Four networks are trained side by side, the branches of one task. One root pipeline shuffles, loads and
/// changes the images for all four: it runs once per task, and what differs are the networks alone.
@main
struct SharedBatches: Playbook {
  static let rate = Parameter<Double>("rate")
  static let width = Parameter<Int>("width")
  static let activation = Parameter<Activation>("activation")

  var research: Research {
    Research(
      "shared-batches",
      repetitions: 2,
      iterations: 500,
      objective: .maximize("accuracy"),
      branches: 4
    ) {
      Domain(Self.rate <- [0.1, 0.4])
        * Domain(Self.width <- [16, 48])
        * Domain(Self.activation <- [Alias("relu", relu), Alias("tanh", tanh)])

      // Built once per task. Its random numbers depend on the seed and the repetition, so all tasks of a
      // repetition get the same batches.
      let loader = Instance("loader", root: true) { run in Loader(random: run.random) }
      loader
      let batches = Pipeline { _ in try Images.load().training.digits.indices }
        .shuffled()
        .repeated()
        .batched(32)
        .map(on: loader) { numbers, loader in try loader.load(numbers) }
      // Runs once per task and iteration, for all branches.
      Generator("batches", root: true, batches)
      Unit("count", when: .every(50), saving: "loaded", root: true, on: loader) { loader, _ in
        loader.loaded
      }

      // Each branch has a network of its own, and reads what the root pipeline has given.
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
      Unit("train", on: network, Network.learn, O("batches"), EC(Self.rate))
      Save("brightness", O<Images>("batches").brightness, when: .every(50))
      Unit("test", when: .every(50), saving: "accuracy", on: network) { network, _ in
        network.accuracy(on: try Images.load().test)
      }
    }
  }
}
