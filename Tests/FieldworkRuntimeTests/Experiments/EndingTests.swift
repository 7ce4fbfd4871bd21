import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class EndingTests: RuntimeTestCase {
  private enum Cause: CaseIterable {
    case end, stop, stopCall, failure
  }

  /// Units before and after one that ends the experiment in iteration 2 of 5.
  private func ran(
    _ cause: Cause,
    finalize: Bool,
    debug: Bool = false
  ) async throws -> (order: [String], results: ResearchResults?) {
    let order = Shared<[String]>([])
    func note(_ name: String) -> @Sendable (RunContext) -> Int {
      { run in
        order.change { $0.append("\(name)\(run.iteration)") }
        return run.iteration
      }
    }
    let research = Research(
      "test",
      iterations: 5,
      seed: 1,
      finalize: finalize,
      parallel: .serial
    ) {
      Unit("early", when: .last, saving: "early", note("early"))
      Unit("both", when: .at(2) | .last, saving: "both", note("both"))
      Unit("before", saving: "before", note("before"))
      switch cause {
      case .end: Unit("none") { _ in }
      case .stop: Generator("ender") { _ in 0..<2 }
      case .stopCall: Unit("ender") { run in if run.iteration == 2 { try run.stop() } }
      case .failure: Unit("ender") { run in if run.iteration == 2 { throw TestError("bad") } }
      }
      Unit("after", saving: "after", note("after"))
      Save("kept", O<Int>("before"))
      Unit("late", when: .last, saving: "late", note("late"))
    }
    do {
      let results = try await research.run(debug: debug)
      return (order.value, results)
    } catch is TestError {
      return (order.value, nil)
    }
  }

  private let start = ["before0", "after0", "before1", "after1"]

  func testFinalizeCompletesTheIterationAndRunsEachLastUnitOnce() async throws {
    for cause in [Cause.stop, .stopCall, .failure] {
      let (order, results) = try await ran(cause, finalize: true)
      XCTAssertEqual(order, start + ["both2", "before2", "after2", "late2", "early2"], "\(cause)")
      let experiment = try XCTUnwrap(results?.experiments.first)
      XCTAssertEqual(experiment.ending, cause == .failure ? .failed : .stopped)
      XCTAssertEqual(experiment.iterations, 3)
      XCTAssertEqual(results.map { saved("kept", $0) }, [0: 0, 1: 1, 2: 2])
    }
  }

  func testWithoutFinalizeOnlySavesFollow() async throws {
    for cause in [Cause.stop, .stopCall, .failure] {
      let (order, results) = try await ran(cause, finalize: false)
      XCTAssertEqual(order, start + ["both2", "before2"], "\(cause)")
      XCTAssertEqual(results.map { saved("kept", $0) }, [0: 0, 1: 1, 2: 2])
      XCTAssertEqual(results?.experiments.first?.iterations, 3)
    }
  }

  func testTheUsualEndRunsLastUnitsInTheirPlace() async throws {
    for finalize in [true, false] {
      let (order, results) = try await ran(.end, finalize: finalize)
      XCTAssertEqual(
        order,
        start + [
          "both2", "before2", "after2", "before3", "after3", "early4", "both4", "before4", "after4",
          "late4",
        ]
      )
      XCTAssertEqual(results?.experiments.first?.ending, .complete)
    }
  }

  func testDebuggingChangesNothingButErrors() async throws {
    for cause in [Cause.end, .stop, .stopCall] {
      for finalize in [true, false] {
        let usual = try await ran(cause, finalize: finalize)
        let debugged = try await ran(cause, finalize: finalize, debug: true)
        XCTAssertEqual(debugged.order, usual.order, "\(cause), finalize \(finalize)")
        XCTAssertEqual(
          debugged.results.map(everything),
          usual.results.map(everything),
          "\(cause), finalize \(finalize)"
        )
      }
    }
    let failed = try await ran(.failure, finalize: true, debug: true)
    XCTAssertNil(failed.results)
    XCTAssertEqual(failed.order, start + ["both2", "before2"], "nothing runs after the error")
  }

  func testDebuggingThrowsTheFirstErrorItself() async throws {
    let ran = Shared<[Int]>([])
    let research = Research("test", iterations: 2) {
      Domain("x" <- 1...5)
      Unit("u") { run in
        let x: Int = try run["x"]
        ran.change { $0.append(x) }
        if x == 2 { throw TestError("x is 2") }
      }
    }
    do {
      _ = try await research.run(debug: true)
      XCTFail("nothing was thrown")
    } catch let error as TestError {
      XCTAssertEqual(error.description, "x is 2")
    }
    XCTAssertEqual(ran.value, [1, 1, 2])
  }

  func testAFailureIsARowAndLeavesOthersAlone() async throws {
    let line = #line + 4
    let results = try await Research("test", iterations: 3, workers: 2) {
      Domain("x" <- 0..<6)
      Unit("u", saving: "u", { $0 }, E().iteration)
      Unit("bad", saving: "bad") { run -> Int in
        let x: Int = try run["x"]
        if x % 3 == 1 && run.iteration == 1 { throw TestError("x is \(x)") }
        return x
      }
    }.run()
    XCTAssertEqual(
      results.experiments.map(\.state),
      [.done, .failed, .done, .done, .failed, .done]
    )
    XCTAssertEqual(results.lastValues(of: "u"), [2, 1, 2, 2, 1, 2])
    XCTAssertEqual(results.lastValues(of: "bad"), [0, 1, 2, 3, 4, 5])
    let failures = results.failuresTable()
    XCTAssertEqual(try failures["x"], [1, 4])
    XCTAssertEqual(try failures["unit"], ["bad", "bad"])
    XCTAssertEqual(try failures["iteration"], [1, 1])
    XCTAssertEqual(try failures["kind"], ["TestError", "TestError"])
    XCTAssertEqual(try failures["message"], ["x is 1", "x is 4"])
    let place = Value.string("FieldworkRuntimeTests/EndingTests.swift:\(line)")
    XCTAssertEqual(try failures["place"], [place, place])
  }

  func testAFailureAfterAStopIsAFailure() async throws {
    let results = try await run {
      Generator("g") { _ in 0..<1 }
      Unit("bad", when: .last) { _ in throw TestError("at the end") }
    }
    XCTAssertEqual(results.experiments[0].ending, .failed)
    XCTAssertEqual(results.experiments[0].failures.map(\.message), ["at the end"])
    XCTAssertEqual(results.experiments[0].failures.map(\.iteration), [1])
  }

  func testACancellationErrorOfAUnitThatNobodyCancelledIsAFailure() async throws {
    let results = try await run { Unit("u") { _ in throw CancellationError() } }
    XCTAssertEqual(results.experiments[0].ending, .failed)
    XCTAssertEqual(results.experiments[0].failures.map(\.kind), ["CancellationError"])
  }

  func testALongMessageIsCut() async throws {
    let results = try await run {
      Unit("u") { _ in throw TestError(String(repeating: "é", count: 5000)) }
    }
    XCTAssertEqual(results.experiments[0].failures[0].message.count, 2001)
  }
}
