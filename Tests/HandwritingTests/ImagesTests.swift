import XCTest

@testable import Handwriting

final class ImagesTests: XCTestCase {
  func testImages() throws {
    let images = try Images.load()
    XCTAssertEqual(images.training.count + images.test.count, 1797)
    XCTAssertEqual(images.test.count, 360)
    XCTAssertTrue(images.training.intensities.allSatisfy { $0 >= 0 && $0 <= 1 })
    XCTAssertEqual(Set(images.test.digits), Set(0..<10))
    XCTAssertThrowsError(try Images.parse("1,2,3"))
  }

  func testImagesCanBePutTogether() throws {
    let training = try Images.load().training
    var images = Images()
    XCTAssertEqual(images.count, 0)
    for number in [7, 3] { images.append(training[number], showing: training.digits[number]) }
    XCTAssertEqual(images.count, 2)
    XCTAssertEqual(images.digits, [training.digits[7], training.digits[3]])
    XCTAssertEqual(images[1], training[3])
    XCTAssertEqual(images.intensities.count, 2 * Images.pixels)
  }

  func testBrightness() {
    var images = Images()
    images.append(Array(repeating: 1, count: Images.pixels), showing: 0)
    images.append(Array(repeating: 0.5, count: Images.pixels), showing: 1)
    XCTAssertEqual(images.brightness, 0.75)
  }
}
