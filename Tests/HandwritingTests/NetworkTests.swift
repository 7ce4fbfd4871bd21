import Fieldwork
import Handwriting
import XCTest

final class NetworkTests: XCTestCase {
  private func network(width: Int) -> Network {
    Network(
      inputs: Images.pixels,
      width: width,
      outputs: Images.classes,
      activation: relu,
      random: RandomStream(seed: 1)
    )
  }

  func testActivationsHaveTheirSlopes() {
    let activations: [Activation] = [relu, tanh, sigmoid]
    for activation in activations {
      for x: Float in [-2, -0.5, 0.3, 1.7] {
        let step: Float = 1e-2
        let slope = (activation(x + step).value - activation(x - step).value) / (2 * step)
        XCTAssertEqual(activation(x).slope, slope, accuracy: 1e-3)
      }
    }
  }

  func testNetworkLearns() throws {
    let images = try Images.load()
    let network = network(width: 32)
    let untrained = network.accuracy(on: images.test)
    let losses = try (0..<15).map { _ in try network.train(on: images.training, rate: 0.4) }
    XCTAssertLessThan(losses[14], losses[0] / 10)
    XCTAssertLessThan(untrained, 0.4)
    XCTAssertGreaterThanOrEqual(network.accuracy(on: images.test), 0.95)
  }

  func testNetworkLearnsABatch() throws {
    let training = try Images.load().training
    var batch = Images()
    for number in 0..<16 { batch.append(training[number], showing: training.digits[number]) }
    let network = network(width: 32)
    let losses = try (0..<60).map { _ in try network.learn(from: batch, rate: 0.4) }
    XCTAssertLessThan(losses[59], losses[0] / 10)
    XCTAssertEqual(network.accuracy(on: batch), 1)
  }

  func testHugeRateDiverges() throws {
    let network = network(width: 8)
    XCTAssertThrowsError(
      try (0..<5).map { _ in try network.train(on: try Images.load().training, rate: 1e38) }
    )
  }
}
