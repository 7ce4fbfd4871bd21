import Foundation

/// Images of handwritten digits with what they show.
public struct Images: Sendable {
  /// The number of pixels along a side.
  public static let side = 8
  public static let pixels = side * side
  public static let classes = 10

  /// The intensities of all images, one after another, row by row: 0 is empty, 1 is full.
  public private(set) var intensities: [Float] = []
  /// The digit that each image shows.
  public private(set) var digits: [Int] = []

  /// No images.
  public init() {}

  public var count: Int { digits.count }

  /// The intensities of one image, row by row.
  public subscript(image: Int) -> [Float] {
    Array(intensities[image * Images.pixels..<(image + 1) * Images.pixels])
  }

  /// The mean intensity of all pixels.
  public var brightness: Double {
    intensities.reduce(0) { $0 + Double($1) } / Double(intensities.count)
  }

  /// Adds an image.
  /// - Parameter intensities: as many as there are pixels, row by row.
  public mutating func append(_ intensities: [Float], showing digit: Int) {
    precondition(intensities.count == Images.pixels, "an image has \(Images.pixels) pixels")
    self.intensities += intensities
    digits.append(digit)
  }

  /// The images to train on and those to test on: every fifth is for testing.
  public struct Split: Sendable {
    public let training: Images
    public let test: Images
  }

  enum LoadingError: Error {
    case missingResource
    case unreadableLine(Int)
  }

  /// Reads the images when they are first asked for.
  public static func load() throws -> Split { try loaded.get() }

  private static let loaded = Result { () throws -> Split in
    guard let url = Bundle.module.url(forResource: "digits", withExtension: "csv") else {
      throw LoadingError.missingResource
    }
    let rows = try parse(try String(contentsOf: url, encoding: .utf8))
    let numbered = rows.enumerated()
    return Split(
      training: Images(numbered.filter { $0.offset % 5 != 0 }.map(\.element)),
      test: Images(numbered.filter { $0.offset % 5 == 0 }.map(\.element))
    )
  }

  /// Reads lines of 64 intensities from 0 to 16 and a digit.
  static func parse(_ text: String) throws -> [[Int]] {
    try text.split(whereSeparator: \.isNewline).enumerated().map { number, line in
      let row = line.split(separator: ",").compactMap { Int($0) }
      guard row.count == pixels + 1, row.allSatisfy((0...16).contains),
        (0..<classes).contains(row[pixels])
      else { throw LoadingError.unreadableLine(number + 1) }
      return row
    }
  }

  private init(_ rows: [[Int]]) {
    for row in rows {
      append(row.prefix(Images.pixels).map { Float($0) / 16 }, showing: row[Images.pixels])
    }
  }
}
