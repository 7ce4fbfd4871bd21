import Fieldwork
import Handwriting
import XCTest

@testable import SharedBatches

final class LoaderTests: XCTestCase {
  func testAnImageIsChangedEachTime() throws {
    let loader = Loader(random: RandomStream(seed: 1))
    let batch = try loader.load([5, 5, 9])
    let training = try Images.load().training
    XCTAssertEqual(batch.digits, [5, 5, 9].map { training.digits[$0] })
    XCTAssertNotEqual(batch[0], batch[1])
    XCTAssertTrue(batch.intensities.allSatisfy { (0...1).contains($0) })
  }

  func testImagesStayWhatTheyAre() throws {
    let loader = Loader(random: RandomStream(seed: 1))
    let training = try Images.load().training
    let batch = try loader.load(Array(0..<200))
    // What is moved out is lost, and noise is as often above as below.
    XCTAssertEqual(batch.brightness, training.brightness, accuracy: 0.05)
    XCTAssertEqual(batch.digits, Array(training.digits.prefix(200)))
  }

  func testLoadedImagesAreCounted() throws {
    let loader = Loader(random: RandomStream(seed: 1))
    for count in [3, 0, 4] { _ = try loader.load(Array(0..<count)) }
    XCTAssertEqual(loader.loaded, 7)
  }
}
