import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ProfileTests: ProfileTestCase {
  /// Two experiments that are done, and one that runs and has no turns yet.
  private var simple: [RunRecord] {
    measured(
      planned(0, "a", ["lr": 0.1, "f": AnyAlias("relu", 1)]),
      [
        turn("load", 0, 0.5, 0.5), turn("train", 0, 0.5, 0.25), turn("train", 1, 0.25, 0.125),
      ]
    )
      + measured(
        planned(1, "b", ["lr": 0.2, "f": AnyAlias("relu", 1)]),
        [
          turn("load", 0, 0.25, 0.25), turn("train", 0, 1, 0.75), turn("train", 1, 0.5, 0.25),
          turn("test", 1, 0.125, 0.125),
        ]
      )
      + [.started(planned(2, "c", ["lr": 0.3]), ExperimentStart(at: 11, worker: 0, device: nil))]
  }

  private var detailed: [RunRecord] {
    measured(
      planned(0, "a", ["lr": 0.1]),
      [
        turn("load", 0, 0.5, 0.5, cpu: 0.25, memory: 1000),
        turn("train", 0, 0.5, 0.25, evaluation: 0.25, cpu: 0.125, memory: 3000),
        turn("train", 1, 0.25, 0.125, evaluation: 0.125, memory: 2000),
      ]
    )
  }

  // MARK: Reading

  func testAllWaysToReadGiveTheSame() throws {
    for (name, store) in try stores(simple) {
      let profile = try Profile(store)
      XCTAssertEqual(profile.experiments.map(\.id), ["a", "b"], name)
      XCTAssertEqual(profile.calls, try store.profile(), name)
      XCTAssertFalse(profile.isDetailed, name)
      XCTAssertEqual(try store.contents().profile().frame, profile.frame, name)
      let some = try store.contents().filtered(ids: ["b"]).profile()
      XCTAssertEqual(some.frame, try profile.filtered(ResultFilter(ids: ["b"])).frame, name)
      XCTAssertEqual(some.calls.count, 4, name)
      try store.close()
      if store.folder == nil { continue }
      XCTAssertEqual(try Profile.load(folder.path).frame, profile.frame)
      XCTAssertEqual(try ResearchResults.load(folder.path).profile().frame, profile.frame)
    }
  }

  func testResultsInMemoryKeepTheirProfile() throws {
    var results: ResearchResults?
    do {
      let store = try DatabaseStore.inMemory()
      try store.write(simple)
      results = try store.contents()
      try store.close()
    }
    XCTAssertEqual(try results?.profile().calls.count, 7)
  }

  func testExperimentsWithoutTheirValues() throws {
    for (name, store) in try stores(fourExperiments + simple) {
      let (experiments, contents) = (try store.experiments(), try store.contents().experiments)
      XCTAssertEqual(experiments.map(\.id), contents.map(\.id), name)
      XCTAssertEqual(experiments.map(\.config), contents.map(\.config), name)
      XCTAssertEqual(experiments.map(\.occurrence), contents.map(\.occurrence), name)
    }
  }

  func testWithoutAProfileItSaysHowToMakeOne() throws {
    let text = "run it with --profile simple or --profile detailed, or say profile: in the playbook"
    for (_, store) in try stores(fourExperiments) {
      let place = store.folder.map { " in \($0.path)" } ?? ""
      assertError(.store, "no time of the research\(place) was measured; \(text)", "--fresh") {
        try Profile(store)
      }
      assertError(.store, text) { try store.contents().profile() }
      try store.close()
    }
    assertError(.store, text, folder.path) { try Profile.load(folder.path) }
    assertError(.store, "there are no results in \(directory)/none") {
      try Profile.load(directory + "/none")
    }
    do {
      _ = try profile([])
      XCTFail("nothing was thrown")
    } catch {
      XCTAssertFalse("\(error)".contains("--fresh"), "nothing is stored: \(error)")
    }
  }

  func testAStoreOfTheFirstVersionHasNoProfile() throws {
    try folder.make()
    let database = try DatabaseQueue(path: folder.databasePath)
    try Schema.migrator.migrate(database, upTo: "1")
    try database.close()
    assertError(.store, "--profile simple") { try Profile.load(folder.path) }
  }

  func testAnExperimentThatRunsAgainIsMeasuredAnew() throws {
    let again = measured(planned(0, "a", ["lr": 0.1]), [turn("train", 0, 1, 1)])
    for (name, store) in try stores(simple + again) {
      let turns = try Profile(store).calls.filter { $0.experiment == "a" }
      XCTAssertEqual(turns.map(\.timing), [turn("train", 0, 1, 1)], name)
    }
  }

  // MARK: Tables

  func testTheFrame() throws {
    XCTAssertEqual(
      try profile(simple).frame.formatted(.csv),
      """
      unit,iteration,total_time,unit_time,experiment
      load,0,0.5,0.5,a
      train,0,0.5,0.25,a
      train,1,0.25,0.125,a
      load,0,0.25,0.25,b
      train,0,1.0,0.75,b
      train,1,0.5,0.25,b
      test,1,0.125,0.125,b
      """
    )
    XCTAssertEqual(
      try profile(detailed).frame.formatted(.csv),
      """
      unit,iteration,total_time,unit_time,experiment,evaluation_time,cpu_time,memory
      load,0,0.5,0.5,a,,0.25,1000
      train,0,0.5,0.25,a,0.25,0.125,3000
      train,1,0.25,0.125,a,0.125,,2000
      """
    )
  }

  func testPerUnit() throws {
    XCTAssertEqual(
      try profile(simple).summary().formatted(.csv),
      """
      unit,calls,share,total_time_sum,total_time_mean,total_time_max,unit_time_sum,unit_time_mean,unit_time_max
      train,4,0.72,2.25,0.5625,1.0,1.375,0.34375,0.75
      load,2,0.24,0.75,0.375,0.5,0.75,0.375,0.5
      test,1,0.04,0.125,0.125,0.125,0.125,0.125,0.125
      """
    )
  }

  func testPerIteration() throws {
    XCTAssertEqual(
      try profile(simple).summary(ProfileOptions(per: [.iteration])).formatted(.csv),
      """
      iteration,iteration_time,unit,calls,share,total_time,unit_time
      0,1.125,train,2,0.6666666666666666,0.75,0.5
      0,1.125,load,2,0.3333333333333333,0.375,0.375
      1,0.4375,train,2,0.8571428571428571,0.375,0.1875
      1,0.4375,test,1,0.14285714285714285,0.125,0.125
      """
    )
  }

  /// The experiments take 2.5 seconds.
  func testPerExperiment() throws {
    let columns = [
      "experiment", "duration", "outside", "unit", "calls", "share", "total_time_sum",
      "unit_time_max",
    ]
    XCTAssertEqual(
      try profile(simple).summary(ProfileOptions(per: [.experiment], columns: columns))
        .formatted(.csv),
      """
      experiment,duration,outside,unit,calls,share,total_time_sum,unit_time_max
      a,2.5,1.25,train,2,0.6,0.75,0.25
      a,2.5,1.25,load,1,0.4,0.5,0.5
      b,2.5,0.625,train,2,0.8,1.5,0.75
      b,2.5,0.625,load,1,0.13333333333333333,0.25,0.25
      b,2.5,0.625,test,1,0.06666666666666667,0.125,0.125
      """
    )
  }

  func testAnExperimentThatRunsHasNoDuration() throws {
    let records: [RunRecord] = [
      .started(planned(0, "a", [:]), ExperimentStart(at: 11, worker: 0, device: nil)),
      .profiled(experiment: "a", [turn("train", 0, 1, 1)]),
    ]
    let table = try profile(records).summary(ProfileOptions(per: [.experiment]))
    XCTAssertEqual(try table["duration"], [nil])
    XCTAssertEqual(try table["outside"], [nil])
  }

  func testTurnsThatTookNoTime() throws {
    let records = measured(planned(0, "a", [:]), [turn("b", 0, 0, 0), turn("a", 0, 0, 0)])
    let table = try profile(records).summary()
    XCTAssertEqual(try table["unit"], ["b", "a"], "in the order of their turns")
    XCTAssertEqual(try table["share"], [nil, nil])
  }

  func testDetails() throws {
    let profile = try profile(detailed)
    let columns = ["unit", "evaluation_time_sum", "cpu_time_sum", "memory_max"]
    XCTAssertEqual(
      try profile.summary().columnNames.suffix(3),
      ["evaluation_time_sum", "cpu_time_sum", "memory_max"]
    )
    XCTAssertEqual(
      try profile.summary(ProfileOptions(columns: columns)).formatted(.csv),
      """
      unit,evaluation_time_sum,cpu_time_sum,memory_max
      train,0.375,0.125,3000
      load,,0.25,1000
      """
    )
    let means = ProfileOptions(
      per: [.iteration],
      columns: ["iteration", "unit", "evaluation_time", "cpu_time", "memory"]
    )
    XCTAssertEqual(
      try profile.summary(means).formatted(.csv),
      """
      iteration,unit,evaluation_time,cpu_time,memory
      0,load,,0.25,1000
      0,train,0.25,0.125,3000
      1,train,0.125,,2000
      """
    )
    let all = ProfileOptions(columns: ["evaluation_time_mean", "cpu_time_max", "memory_mean"])
    XCTAssertEqual(
      try profile.summary(all).formatted(.csv),
      "unit,evaluation_time_mean,cpu_time_max,memory_mean\ntrain,0.1875,0.125,2500\nload,,0.25,1000"
    )
  }

  /// A run may go on with other settings.
  func testPartOfTheExperimentsIsDetailed() throws {
    let profile = try profile(
      detailed + measured(planned(1, "b", ["lr": 0.2]), [turn("train", 0, 1, 1)])
    )
    XCTAssertEqual(profile.frame.columnNames.last, "memory")
    XCTAssertEqual(try profile.frame["memory"], [1000, 3000, 2000, nil])
    let simple = try profile.filtered(ResultFilter(ids: ["b"]))
    XCTAssertFalse(simple.isDetailed)
    XCTAssertEqual(simple.frame.columnNames.last, "experiment")
  }

  func testIterations() throws {
    XCTAssertEqual(
      try profile(simple).iterations.formatted(.csv),
      """
      experiment,iteration,calls,total_time,unit_time
      a,0,2,1.0,0.75
      a,1,1,0.25,0.125
      b,0,2,1.25,1.0
      b,1,2,0.625,0.375
      """
    )
    XCTAssertEqual(
      try profile(detailed).iterations.formatted(.csv),
      """
      experiment,iteration,calls,total_time,unit_time,evaluation_time,cpu_time,memory
      a,0,2,1.0,0.75,0.25,0.375,3000
      a,1,1,0.25,0.125,0.125,,2000
      """
    )
  }

  // MARK: Options

  func testGroups() throws {
    let profile = try profile(simple)
    let options = ProfileOptions(
      groupedBy: ["lr"],
      columns: ["lr", "unit", "calls", "total_time_sum"]
    )
    XCTAssertEqual(
      try profile.summary(options).formatted(.csv),
      """
      lr,unit,calls,total_time_sum
      0.1,train,2,0.75
      0.1,load,1,0.5
      0.2,train,2,1.5
      0.2,load,1,0.25
      0.2,test,1,0.125
      """
    )
    // All have one value, and what a run adds can be grouped by too.
    for name in ["f", "repetition"] {
      let table = try profile.summary(ProfileOptions(groupedBy: [name]))
      XCTAssertEqual(table.columnNames.first, name)
      XCTAssertEqual(
        try table.select(Array(table.columnNames.dropFirst())),
        try profile.summary()
      )
    }
    assertError(
      .missingParameter,
      "no config has a parameter 'rate'; configs have lr, f, repetition, updates"
    ) {
      try profile.summary(ProfileOptions(groupedBy: ["rate"]))
    }
  }

  func testAParameterWithTheNameOfAColumn() throws {
    var config: Config = ["unit": 1, "unit_": 2]
    config.set(ParameterName(Alias("s", "shown")), to: 3)
    let records = measured(planned(0, "a", config), [turn("train", 0, 1, 1)])
    let table = try profile(records).summary(
      ProfileOptions(groupedBy: ["unit", "unit_", "s", "unit"])
    )
    XCTAssertEqual(table.columnNames.prefix(5), ["unit__", "unit_", "s", "unit", "calls"])
    XCTAssertEqual(table.row(0)["unit__"], 1)
    XCTAssertEqual(table.row(0)["unit_"], 2)
    XCTAssertEqual(table.row(0)["s"], 3)
  }

  func testOrder() throws {
    let profile = try profile(simple)
    func units(_ column: String, _ isDescending: Bool? = nil) throws -> [Value?] {
      try profile.summary(
        ProfileOptions(columns: ["unit"], sortedBy: column, isDescending: isDescending)
      )["unit"]
    }
    XCTAssertEqual(try units("calls"), ["train", "load", "test"])
    XCTAssertEqual(try units("calls", false), ["test", "load", "train"])
    XCTAssertEqual(try units("unit"), ["load", "test", "train"])
    XCTAssertEqual(try units("unit", true), ["train", "test", "load"])
    XCTAssertEqual(try units("unit_time_mean"), ["load", "train", "test"])
  }

  func testLimitAndColumns() throws {
    let profile = try profile(simple)
    let whole = try profile.summary()
    for limit in 0...4 {
      let table = try profile.summary(ProfileOptions(limit: limit))
      XCTAssertEqual(table, whole.rows(0..<min(limit, 3)))
    }
    let first = ProfileOptions(columns: ["unit"], sortedBy: "unit_time_max", limit: 1)
    XCTAssertEqual(try profile.summary(first)["unit"], ["train"])
    for options in [ProfileOptions(columns: ["time"]), ProfileOptions(sortedBy: "time")] {
      assertError(.missingParameter, "the table has no column 'time', it has unit, calls") {
        try profile.summary(options)
      }
    }
    for column in ["cpu_time_sum", "memory_max", "evaluation_time_mean"] {
      assertError(
        .missingParameter,
        "a simple profile has no '\(column)'; measure with --profile detailed"
      ) {
        try profile.summary(ProfileOptions(columns: [column]))
      }
    }
  }

  func testAFilterThatNothingPassesLeavesEmptyTables() throws {
    let profile = try profile(simple).filtered(ResultFilter(ids: []))
    XCTAssertEqual(profile.frame.count, 0)
    XCTAssertEqual(profile.iterations.count, 0)
    XCTAssertEqual(try profile.summary(ProfileOptions(groupedBy: ["lr"])).count, 0)
    let some = try self.profile(simple).filtered(ResultFilter(.config(["lr": 0.2])))
    XCTAssertEqual(some.experiments.map(\.id), ["b"])
    XCTAssertEqual(some.calls.count, 4)
  }
}
