import Fieldwork
import Handwriting

/// Loads images to train on, each time a little changed, and counts them.
final class Loader {
  private static let noise = 0.1

  /// The number of images loaded so far.
  private(set) var loaded = 0
  private let random: RandomStream

  init(random: RandomStream) { self.random = random }

  /// Loads a batch of training images by their numbers, shifted by up to a pixel and with noise.
  func load(_ numbers: [Int]) throws -> Images {
    let training = try Images.load().training
    var batch = Images()
    for number in numbers {
      batch.append(noisy(shifted(training[number])), showing: training.digits[number])
    }
    loaded += numbers.count
    return batch
  }

  /// Moves an image by up to a pixel in each direction; what comes in is empty.
  private func shifted(_ image: [Float]) -> [Float] {
    let (down, right) = (random.integer(-1...1), random.integer(-1...1))
    return image.indices.map { pixel in
      let (row, column) = (pixel / Images.side - down, pixel % Images.side - right)
      let isInside = (0..<Images.side).contains(row) && (0..<Images.side).contains(column)
      return isInside ? image[row * Images.side + column] : 0
    }
  }

  /// Changes each intensity a little, within 0 and 1.
  private func noisy(_ image: [Float]) -> [Float] {
    image.map { min(max($0 + Float(random.uniform(-Self.noise...Self.noise)), 0), 1) }
  }
}
