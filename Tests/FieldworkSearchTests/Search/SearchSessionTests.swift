import Fieldwork
import FieldworkCore
import XCTest

@testable import FieldworkSearch

final class SearchSessionTests: XCTestCase {
  func testALoopFromOutside() throws {
    for direction in [Objective.Direction.minimize, .maximize] {
      var session = try SearchSession(
        Domain("x" <- .uniform(-5...5), "y" <- .uniform(-5...5)),
        .tpe(),
        objective: direction,
        seed: 1
      )
      XCTAssertNil(session.best)
      for round in 0..<80 {
        let suggestion = try session.ask()
        XCTAssertEqual(suggestion.number, round)
        let x = try suggestion.config["x", as: Double.self]
        let y = try suggestion.config["y", as: Double.self]
        let loss = (x - 1) * (x - 1) + (y + 2) * (y + 2)
        let value = direction == .minimize ? loss : -loss
        try session.tell(suggestion.number, x < -4 ? nil : value)
      }
      let best = try XCTUnwrap(session.best)
      XCTAssertLessThan(abs(best.value), 0.2)
      XCTAssertEqual(try best.suggestion.config["x", as: Double.self], 1, accuracy: 0.5)
    }
  }

  func testSuggestionsDependOnWhatWasTold() throws {
    func suggestions(_ values: [Double?]) throws -> [String] {
      var session = try SearchSession(Domain("x" <- .uniform(0...1)), .tpe(startup: 2), seed: 7)
      return try values.indices.map { index in
        let suggestion = try session.ask()
        if let value = values[index] { try session.tell(suggestion.number, value) }
        return suggestion.config.description
      }
    }
    let values: [Double?] = [3, 1, 2, nil, 5, 4, nil, 1]
    XCTAssertEqual(try suggestions(values), try suggestions(values))
    XCTAssertNotEqual(try suggestions(values), try suggestions([1, 3, 2, nil, 5, 4, nil, 1]))
  }

  func testAFiniteDomainEnds() throws {
    var session = try SearchSession(Domain("a" <- [1, 2, 3], "b" <- [true, false]), .random)
    let all = try (0..<6).map { _ in try session.ask().config.description }
    XCTAssertEqual(Set(all).count, 6)
    XCTAssertThrowsError(try session.ask()) { error in
      XCTAssertEqual((error as? FieldworkError)?.code, .nothingPasses)
    }
    XCTAssertThrowsError(try session.tell(6, 1))
  }
}
