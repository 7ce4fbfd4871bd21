import Fieldwork
import FieldworkTesting
import XCTest

@testable import Training

final class TrainingTests: XCTestCase {
  func testDomain() throws {
    let domain = try XCTUnwrap(Training().research.domain)
    XCTAssertCount(domain, 6)
    XCTAssertEqual(domain[0], ["rate": 0.01, "images": 100])
  }

  func testResults() async throws {
    try XCTSkipUnless(hasPython, "there is no python3 to run train.py")
    XCTAssertSound(Training().research)
    let results = try await Training().results(configs: 1, repetitions: 1)
    let experiment = try XCTUnwrap(results.experiments.first)
    XCTAssertEqual(experiment.state, .done, experiment.failures.first?.message ?? "")
    let losses = results.values(of: "loss", in: experiment.id).compactMap(\.value.number)
    XCTAssertEqual(losses.count, 5)
    XCTAssertEqual(losses, losses.sorted(by: >), "the loss falls")
  }

  private var hasPython: Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/python3")
    }
  }
}
