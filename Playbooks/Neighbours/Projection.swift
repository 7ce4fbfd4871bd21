import Handwriting

/// The images as points in the space of their first principal components.
struct Projection: Codable, Sendable {
  /// An image.
  struct Point: Codable, Sendable {
    let place: [Float]
    let digit: Int
  }

  let training: [Point]
  let test: [Point]

  /// Computes the components from the training images, by orthogonal iteration.
  init(of images: Images.Split, components: Int) {
    let pixels = Images.pixels
    let rows = (0..<images.training.count).map { images.training[$0] }
    let mean = (0..<pixels).map { pixel -> Float in
      var sum: Float = 0
      for row in rows { sum += row[pixel] }
      return sum / Float(rows.count)
    }
    var covariance = [[Float]](repeating: [Float](repeating: 0, count: pixels), count: pixels)
    for row in rows {
      let centred = zip(row, mean).map { $0 - $1 }
      for (index, value) in centred.enumerated() where value != 0 {
        for other in 0..<pixels { covariance[index][other] += value * centred[other] }
      }
    }
    // Any start serves that is not orthogonal to a component.
    var axes = (0..<components).map { axis -> [Float] in
      (0..<pixels).map { pixel -> Float in
        let number: Int = (pixel * (axis + 3) + axis) % 17
        return Float(number - 8)
      }
    }
    for _ in 0..<300 {
      axes = Self.orthogonal(axes.map { axis in covariance.map { Self.product($0, axis) } })
    }
    func points(_ images: Images) -> [Point] {
      (0..<images.count).map { index in
        let centred = zip(images[index], mean).map { $0 - $1 }
        return Point(place: axes.map { Self.product($0, centred) }, digit: images.digits[index])
      }
    }
    training = points(images.training)
    test = points(images.test)
  }

  /// Returns the digit of most of the training images that are nearest to a point; of several the nearest one.
  func digit(near point: Point, _ count: Int) -> Int {
    let nearest = training.map { (distance: Self.distance($0.place, point.place), digit: $0.digit) }
      .sorted { $0.distance < $1.distance }.prefix(count)
    let votes = Dictionary(nearest.map { ($0.digit, 1) }, uniquingKeysWith: +)
    let most = votes.values.max() ?? 0
    return nearest.first { votes[$0.digit] == most }?.digit ?? 0
  }

  private static func product(_ left: [Float], _ right: [Float]) -> Float {
    var sum: Float = 0
    for index in left.indices { sum += left[index] * right[index] }
    return sum
  }

  private static func distance(_ left: [Float], _ right: [Float]) -> Float {
    var sum: Float = 0
    for index in left.indices {
      let difference = left[index] - right[index]
      sum += difference * difference
    }
    return sum
  }

  /// Returns vectors of length 1 at right angles, after Gram and Schmidt.
  private static func orthogonal(_ vectors: [[Float]]) -> [[Float]] {
    var result: [[Float]] = []
    for var vector in vectors {
      for other in result {
        let share = product(vector, other)
        for index in vector.indices { vector[index] -= share * other[index] }
      }
      let length = product(vector, vector).squareRoot()
      result.append(vector.map { $0 / length })
    }
    return result
  }
}
