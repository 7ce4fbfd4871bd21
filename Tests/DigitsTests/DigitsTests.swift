import Fieldwork
import FieldworkTesting
import XCTest

@testable import Digits

final class DigitsTests: XCTestCase {
  func testDomain() throws {
    let domain = try XCTUnwrap(Digits().research.domain)
    XCTAssertCount(domain, 18)
    XCTAssertEqual(domain[0].description, "{rate: 0.02, width: 8, activation: relu}")
    XCTAssertEqual(domain[17].description, "{rate: 0.4, width: 32, activation: sigmoid}")
    XCTAssertSound(Digits().research)
  }

  func testImages() throws {
    let images = try Images.load()
    XCTAssertEqual(images.training.count + images.test.count, 1797)
    XCTAssertEqual(images.test.count, 360)
    XCTAssertTrue(images.training.intensities.allSatisfy { $0 >= 0 && $0 <= 1 })
    XCTAssertEqual(Set(images.test.digits), Set(0..<10))
    XCTAssertThrowsError(try Images.parse("1,2,3"))
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
    let network = Network(
      inputs: Images.pixels,
      width: 32,
      outputs: Images.classes,
      activation: relu,
      random: RandomStream(seed: 1)
    )
    let untrained = network.accuracy(on: images.test)
    let losses = try (0..<15).map { _ in try network.train(on: images.training, rate: 0.4) }
    XCTAssertLessThan(losses[14], losses[0] / 10)
    XCTAssertLessThan(untrained, 0.4)
    XCTAssertGreaterThanOrEqual(network.accuracy(on: images.test), 0.95)
  }

  func testHugeRateDiverges() throws {
    let network = Network(
      inputs: Images.pixels,
      width: 8,
      outputs: Images.classes,
      activation: relu,
      random: RandomStream(seed: 1)
    )
    XCTAssertThrowsError(
      try (0..<5).map { _ in try network.train(on: try Images.load().training, rate: 1e38) }
    )
  }

  func testResults() async throws {
    let results = try await Digits().results(configs: 2, repetitions: 2, iterations: 3)
    let table = results.table()
    XCTAssertEqual(table.count, 2 * 2 * 3)
    XCTAssertEqual(try table["loss", as: Double.self].compactMap(\.self).count, 12)
    XCTAssertEqual(
      try table["accuracy", as: Double.self].map { $0 != nil },
      (0..<12).map { $0 % 3 == 2 },
      "the accuracy is saved at the last iteration"
    )
  }
}
