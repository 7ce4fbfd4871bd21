import FieldworkCore
import XCTest

/// Outputs that cannot be there when they are first read.
final class PreflightOutputsTests: XCTestCase {
  private let schedules: [When] = [
    .every(1), .every(2), .every(3), .at(0), .at(1), .at(3), .at(1, 4), .last, .never, .at(-1),
    .every(4).union(.at(1)), .every(3).union(.last), .at(9),
  ]

  /// Whether the reader's first turn comes before the source has had one, by going through the iterations.
  private func isMissing(_ source: When, _ reader: When, sourceFirst: Bool, iterations: Int) -> Bool
  {
    var hasRun = false
    for iteration in 0..<iterations {
      let isLast = iteration == iterations - 1
      if sourceFirst { hasRun = hasRun || source.runs(at: iteration, isLast: isLast) }
      if reader.runs(at: iteration, isLast: isLast) { return !hasRun }
      hasRun = hasRun || source.runs(at: iteration, isLast: isLast)
    }
    return false
  }

  /// All pairs of schedules, in both orders, in 1 to 6 iterations: refused if and only if the output must be
  /// missing.
  func testRefusedWhereItMustBeMissing() {
    for source in schedules {
      for reader in schedules {
        for sourceFirst in [true, false] {
          for iterations in 1...6 {
            let units = [
              unit("s", when: source),
              unit("r", when: reader, reads: [.output(unit: "s", type: Int.self)], line: 7),
            ]
            let found = research(nil, sourceFirst ? units : units.reversed()) {
              $0.iterations = iterations
            }.preflight().filter { $0.severity == .error }
            let label = "\(source), read at \(reader), \(sourceFirst), in \(iterations)"
            let expected =
              isMissing(source, reader, sourceFirst: sourceFirst, iterations: iterations) ? [7] : []
            XCTAssertEqual(found.map { $0.place?.line }, expected, "\(label): \(found)")
          }
        }
      }
    }
  }

  func testReasons() {
    func message(_ source: When, first: Bool = true) -> String? {
      let units = [
        unit("s", when: source), unit("r", reads: [.output(unit: "s", type: Int.self)]),
      ]
      return research(nil, first ? units : units.reversed()) { $0.iterations = 50 }
        .preflight().first { $0.severity == .error }?.message
    }
    let start = "unit 'r' first runs at iteration 0 and reads the output of 's', which "
    XCTAssertEqual(message(.every(100)), start + "never runs: .every(100) in 50 iterations")
    XCTAssertEqual(message(.at(50)), start + "never runs: .at(50) in 50 iterations")
    XCTAssertEqual(message(.every(10)), start + "has not run by then")
    XCTAssertEqual(message(.every(1), first: false), start + "runs later in the iteration")
    XCTAssertNil(message(.every(1)))
  }

  /// A unit that never runs is a warning as long as nobody needs it.
  func testNobodyNeedsIt() {
    let reader = unit("r", reads: [.output(unit: "s", type: Int?.self)])
    let found = research(nil, [unit("s", when: .at(50), line: 3), reader]) { $0.iterations = 10 }
      .preflight()
    XCTAssertEqual(found.map(\.severity), [.warning])
    XCTAssertEqual(found.map(\.message), ["unit 's' never runs: .at(50) in 10 iterations"])
    XCTAssertEqual(found.map { $0.place?.line }, [3])
  }
}
