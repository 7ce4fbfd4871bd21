import Foundation

/// Images of handwritten digits with what they show.
struct Images: Sendable {
  static let pixels = 64
  static let classes = 10

  /// The intensities of all images, one after another: 0 is empty, 1 is full.
  let intensities: [Float]
  /// The digit that each image shows.
  let digits: [Int]

  var count: Int { digits.count }

  /// The images to train on and those to test on: every fifth is for testing.
  struct Split: Sendable {
    let training: Images
    let test: Images
  }

  enum LoadingError: Error {
    case missingResource
    case unreadableLine(Int)
  }

  /// Reads the images when they are first asked for.
  static func load() throws -> Split { try loaded.get() }

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

  init(_ rows: [[Int]]) {
    intensities = rows.flatMap { $0.prefix(Images.pixels).map { Float($0) / 16 } }
    digits = rows.map { $0[Images.pixels] }
  }
}
