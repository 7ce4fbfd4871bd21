import FieldworkCore
import XCTest

final class WhenTests: XCTestCase {
  private func runs(_ when: When, in count: Int) -> [Int] {
    (0..<count).filter { when.runs(at: $0, isLast: $0 == count - 1) }
  }

  func testEachForm() {
    XCTAssertEqual(runs(.every(1), in: 4), [0, 1, 2, 3])
    XCTAssertEqual(runs(.every(2), in: 6), [1, 3, 5])
    XCTAssertEqual(runs(.every(5), in: 6), [4])
    XCTAssertEqual(runs(.every(7), in: 6), [])
    XCTAssertEqual(runs(.every(0), in: 6), [])
    XCTAssertEqual(runs(.every(-2), in: 6), [])
    XCTAssertEqual(runs(.at(0), in: 6), [0])
    XCTAssertEqual(runs(.at(3, 1, 9), in: 6), [1, 3])
    XCTAssertEqual(runs(.at(-1), in: 6), [])
    XCTAssertEqual(runs(.last, in: 6), [5])
    XCTAssertEqual(runs(.never, in: 6), [])
    XCTAssertEqual(runs(.at(), in: 6), [])
  }

  func testUnions() {
    XCTAssertEqual(runs(.every(2).union(.at(0)), in: 6), [0, 1, 3, 5])
    XCTAssertEqual(runs(.every(100).union(.last), in: 6), [5])
    XCTAssertEqual(runs(.last.union(.every(2)), in: 5), [1, 3, 4])
    XCTAssertEqual(runs(.never.union(.at(2)), in: 5), [2])
    XCTAssertEqual(When.last.union(.last), .last)
  }

  func testEachFormAgainstItsFirstIterationAndWhetherItCanRun() {
    let forms: [When] = [
      .every(1), .every(3), .every(0), .every(-1), .at(0), .at(4, 2), .at(-3), .at(-3, 5), .last,
      .never, .every(4).union(.at(1)), .every(2).union(.last), .at(7).union(.every(5)),
    ]
    for when in forms {
      let wanted = (0..<20).first { when.runs(at: $0, isLast: false) }
      XCTAssertEqual(when.firstIteration, wanted, "\(when)")
      for count in 1..<10 {
        XCTAssertEqual(
          when.canRun(inIterations: count),
          !runs(when, in: count).isEmpty,
          "\(when) in \(count)"
        )
      }
      XCTAssertEqual(when.canRun(inIterations: nil), when.includesLast || wanted != nil, "\(when)")
    }
  }

  func testDescription() {
    XCTAssertEqual("\(When.every(10).union(.last))", ".every(10) | .last")
    XCTAssertEqual("\(When.at(0, 5))", ".at(0) | .at(5)")
    XCTAssertEqual("\(When.never)", ".never")
    XCTAssertTrue(When.every(2).union(.last).includesLast)
    XCTAssertFalse(When.every(2).includesLast)
  }
}
