import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ProfileLawsTests: ProfileTestCase {
  /// Whatever turns are told apart by, every one is counted once, shares add up to one, and the numbers
  /// are those of grouping the rows of the frame.
  func testEverySummaryIsAGroupingOfTheFrame() throws {
    var records: [RunRecord] = []
    var turnsByConfig: [Value] = []
    for ordinal in 0..<8 {
      let config: Config = [
        "a": AnyAlias(Value.int(ordinal % 2)), "b": AnyAlias(Value.int(ordinal / 2 % 2)),
      ]
      var turns: [UnitTiming] = []
      for iteration in 0...(ordinal % 3) {
        for (number, unit) in ["u", "v", "w"].enumerated()
        where (ordinal + iteration + number) % 4 != 0 {
          let time = Double(1 + (ordinal * 5 + iteration * 3 + number * 7) % 11) / 16
          turns.append(
            turn(unit, iteration, time, time / 2, cpu: number == 0 ? nil : time / 4, memory: 100)
          )
        }
      }
      turnsByConfig += turns.map { _ in
        .list([.int(ordinal % 2), .int(ordinal / 2 % 2)])
      }
      records += measured(planned(ordinal, "e\(ordinal)", config), turns)
    }
    let profile = try profile(records)
    func parameter(_ name: String, _ index: Int) -> Table.Column {
      Table.Column(
        name: name,
        cells: turnsByConfig.map { value in
          if case .list(let values) = value { values[index] } else { nil }
        }
      )
    }
    let frame = Table(
      columns: profile.frame.columns + [parameter("a", 0), parameter("b", 1)]
    )
    let levels: [Set<ProfileOptions.Level>] = [
      [], [.iteration], [.experiment], [.iteration, .experiment],
    ]
    for level in levels {
      for groups in [[], ["a"], ["b"], ["a", "b"], ["b", "a"]] {
        let label = "\(level) \(groups)"
        let scope =
          groups + (level.contains(.experiment) ? ["experiment"] : [])
          + (level.contains(.iteration) ? ["iteration"] : [])
        let keys = scope + ["unit"]
        let summary = try profile.summary(ProfileOptions(per: level, groupedBy: groups))
        let measures = ["total_time", "unit_time", "cpu_time"]
        let expected = try frame.grouped(by: keys)
          .aggregate([.mean, .max, .count], columns: measures)
        XCTAssertEqual(summary.count, expected.count, label)
        let rows = Dictionary(
          uniqueKeysWithValues: (0..<expected.count).map { index in
            let row = expected.row(index)
            return (keys.map { row[$0] }, row)
          }
        )
        for index in 0..<summary.count {
          let row = summary.row(index)
          let same = try XCTUnwrap(rows[keys.map { row[$0] }], label)
          XCTAssertEqual(row["calls"], same["count"], label)
          for measure in measures.prefix(2) {
            let name = level.contains(.iteration) ? measure : "\(measure)_mean"
            XCTAssertEqual(row[name], same["\(measure)_mean"], label)
            if !level.contains(.iteration) {
              XCTAssertEqual(row["\(measure)_max"], same["\(measure)_max"], label)
              let sum = (row["\(measure)_mean"]?.number ?? 0) * (row["calls"]?.number ?? 0)
              XCTAssertEqual(row["\(measure)_sum"]?.number ?? 0, sum, accuracy: 1e-12, label)
            }
          }
        }
        let calls = try summary["calls", as: Int.self].compactMap(\.self)
        XCTAssertEqual(calls.reduce(0, +), profile.calls.count, label)
        let shares =
          scope.isEmpty
          ? [try summary["share", as: Double.self]]
          : try summary.grouped(by: scope).aggregate([.sum], columns: ["share"])
            .select("share").columns[0].numbers.map { [$0] }
        for share in shares {
          XCTAssertEqual(share.compactMap(\.self).reduce(0, +), 1, accuracy: 1e-12, label)
        }
      }
    }
  }
}
