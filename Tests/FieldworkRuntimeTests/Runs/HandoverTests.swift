import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

final class HandoverTests: RuntimeTestCase {
  /// What was saved is in the store while a unit of the same iteration still runs.
  func testSavedValuesAreHandedOnWhileAUnitRuns() async throws {
    for parallelism in [Parallelism.serial, .threads] {
      let store = try DatabaseStore.inMemory()
      let seen = Shared<[Value?]>([])
      let research = Research("long", workers: 1, parallel: parallelism) {
        Unit("first", saving: "early") { 1 }
        Unit("long", saving: "late") { run in
          run.save("inside", 2)
          for _ in 0..<200 {
            usleep(50_000)
            let results = try store.contents()
            let values = [results.lastValues(of: "early"), results.lastValues(of: "inside")]
            seen.change { $0 = values.map { $0.first ?? nil } }
            if values.allSatisfy({ $0.first.map { $0 != nil } ?? false }) { return 3 }
          }
          return 4
        }
      }
      let results = try await research.run(store: store)
      XCTAssertEqual(seen.value, [1, 2], "\(parallelism)")
      XCTAssertEqual(results.lastValues(of: "late"), [3])
      XCTAssertEqual(results.lastValues(of: "early"), [1])
      XCTAssertEqual(results.experiments.map(\.state), [.done])
    }
  }

  /// A name that no config has is warned of, once, where it is read as an optional value.
  func testReadingWhatNoConfigHasIsAWarning() async throws {
    let warnings = Shared<[String]>([])
    struct Listener: RunObserver {
      let warnings: Shared<[String]>
      func observe(_ event: RunRecord) {
        if case .warning(let text) = event { warnings.change { $0.append(text) } }
      }
    }
    let research = Research("typo", workers: 2, parallel: .threads) {
      Domain("lr" <- [0.1, 0.2, 0.3]) + Domain("lr" <- [0.4]) * Domain("lambda" <- [1.0])
      Unit("f", saving: "y") { run in
        try (run["lambda", as: Double?.self] ?? 0) + (run["lamda", as: Double?.self] ?? 0)
      }
    }
    _ = try await research.run(observers: [Listener(warnings: warnings)])
    XCTAssertEqual(
      warnings.value,
      [
        "a unit has read the parameter 'lamda', which no config has, and got nil; the domain has lr, lambda"
      ]
    )
  }
}
