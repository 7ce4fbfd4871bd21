public import Fieldwork
import Foundation

/// A function of a neuron, with its slope at the same point.
public typealias Activation = @Sendable (Float) -> (value: Float, slope: Float)

@Sendable public func relu(_ x: Float) -> (value: Float, slope: Float) {
  x > 0 ? (x, 1) : (0, 0)
}

@Sendable public func tanh(_ x: Float) -> (value: Float, slope: Float) {
  let value = Foundation.tanh(x)
  return (value, 1 - value * value)
}

@Sendable public func sigmoid(_ x: Float) -> (value: Float, slope: Float) {
  let value = 1 / (1 + exp(-x))
  return (value, value * (1 - value))
}

/// A network with one hidden layer and a softmax at its end, trained by gradient descent in small
/// batches with momentum.
public final class Network {
  public static let batchSize = 16
  private static let momentum: Float = 0.5

  private let inputs: Int
  private let width: Int
  private let outputs: Int
  private let activation: Activation
  private let random: RandomStream
  private var hidden: Layer
  private var output: Layer

  /// Weights by row: those of neuron `i` begin at `i * (inputs + 1)`, the last of them is its bias.
  private struct Layer {
    var weights: [Float]
    var velocity: [Float]
    var gradient: [Float]

    init(_ weights: [Float]) {
      self.weights = weights
      velocity = weights.map { _ in 0 }
      gradient = velocity
    }

    /// Takes a step against the gradient and forgets it.
    mutating func step(_ rate: Float) {
      for index in weights.indices {
        velocity[index] = Network.momentum * velocity[index] - rate * gradient[index]
        weights[index] += velocity[index]
        gradient[index] = 0
      }
    }
  }

  /// A network with random weights.
  /// - Parameters:
  ///   - width: the number of hidden neurons.
  ///   - random: draws the weights, and the order of images in ``train(on:rate:)``.
  public init(
    inputs: Int,
    width: Int,
    outputs: Int,
    activation: @escaping Activation,
    random: RandomStream
  ) {
    self.inputs = inputs
    self.width = width
    self.outputs = outputs
    self.activation = activation
    self.random = random
    func layer(_ rows: Int, _ columns: Int) -> Layer {
      let deviation = (2 / Double(columns)).squareRoot()
      return Layer(
        (0..<rows * (columns + 1)).map { index in
          index % (columns + 1) == columns ? 0 : Float(random.normal(deviation: deviation))
        }
      )
    }
    hidden = layer(width, inputs)
    output = layer(outputs, width)
  }

  /// Goes once through the images in random order.
  /// - Parameter batch: the number of images of a step.
  /// - Returns: the mean loss, in nats, while going through.
  /// - Throws: `TrainingError.diverged` when the loss is no longer a number.
  public func train(
    on images: Images,
    rate: Double,
    batch size: Int = Network.batchSize
  ) throws -> Double {
    let order = random.shuffled(0..<images.count)
    var loss = 0.0
    for start in stride(from: 0, to: order.count, by: size) {
      let batch = order[start..<min(start + size, order.count)]
      loss += step(images, batch, rate)
    }
    return try mean(loss, images)
  }

  /// Takes one step on a batch of images.
  /// - Returns: their mean loss before the step, in nats.
  /// - Throws: `TrainingError.diverged` when the loss is no longer a number.
  public func learn(from batch: Images, rate: Double) throws -> Double {
    try mean(step(batch, 0..<batch.count, rate), batch)
  }

  public enum TrainingError: Error {
    case diverged
  }

  private func mean(_ loss: Double, _ images: Images) throws -> Double {
    guard loss.isFinite else { throw TrainingError.diverged }
    return loss / Double(images.count)
  }

  /// Takes one step on some of the images.
  /// - Returns: the sum of their losses.
  private func step(_ images: Images, _ batch: some Collection<Int>, _ rate: Double) -> Double {
    var loss = 0.0
    for index in batch { loss += Double(learn(images, index, share: 1 / Float(batch.count))) }
    hidden.step(Float(rate))
    output.step(Float(rate))
    return loss
  }

  /// The share of images whose digit is the most probable one.
  public func accuracy(on images: Images) -> Double {
    let right = (0..<images.count).filter { index in
      let probabilities = forward(images, index).probabilities
      return probabilities.indices.max { probabilities[$0] < probabilities[$1] }
        == images.digits[index]
    }
    return Double(right.count) / Double(images.count)
  }

  private struct Signal {
    var values: [Float]
    var slopes: [Float]
    var probabilities: [Float]
  }

  private func forward(_ images: Images, _ image: Int) -> Signal {
    let start = image * inputs
    var values = [Float](repeating: 0, count: width)
    var slopes = values
    for neuron in 0..<width {
      let row = neuron * (inputs + 1)
      var sum = hidden.weights[row + inputs]
      for input in 0..<inputs {
        sum += hidden.weights[row + input] * images.intensities[start + input]
      }
      (values[neuron], slopes[neuron]) = activation(sum)
    }
    var scores = [Float](repeating: 0, count: outputs)
    for neuron in 0..<outputs {
      let row = neuron * (width + 1)
      var sum = output.weights[row + width]
      for input in 0..<width { sum += output.weights[row + input] * values[input] }
      scores[neuron] = sum
    }
    // Subtracting the largest score changes nothing but the risk of overflow.
    let largest = scores.max() ?? 0
    let powers = scores.map { exp($0 - largest) }
    let total = powers.reduce(0, +)
    return Signal(values: values, slopes: slopes, probabilities: powers.map { $0 / total })
  }

  /// Adds one image's gradient.
  /// - Returns: the image's loss.
  private func learn(_ images: Images, _ image: Int, share: Float) -> Float {
    let signal = forward(images, image)
    let digit = images.digits[image]
    var errors = [Float](repeating: 0, count: width)
    for neuron in 0..<outputs {
      let error = (signal.probabilities[neuron] - (neuron == digit ? 1 : 0)) * share
      let row = neuron * (width + 1)
      for input in 0..<width {
        output.gradient[row + input] += error * signal.values[input]
        errors[input] += error * output.weights[row + input]
      }
      output.gradient[row + width] += error
    }
    let start = image * inputs
    for neuron in 0..<width {
      let error = errors[neuron] * signal.slopes[neuron]
      let row = neuron * (inputs + 1)
      for input in 0..<inputs {
        hidden.gradient[row + input] += error * images.intensities[start + input]
      }
      hidden.gradient[row + inputs] += error
    }
    return -log(max(signal.probabilities[digit], .leastNormalMagnitude))
  }
}
