public import FieldworkAnalysis
import FieldworkCore

/// Where the time of a research went: every call of a unit, with the experiments that they belong to.
///
///     let profile = try Profile.load("research/ising")
///     try profile.summary()                                        // a row per unit
///     try profile.summary(ProfileOptions(per: [.iteration]))       // per iteration and unit
///     try profile.summary(ProfileOptions(groupedBy: ["size"]))     // per size and unit
///     profile.frame                                                // a row per call
///
/// It is measured if the research says `profile: .simple` or `profile: .detailed`.
public struct Profile: Sendable {
  /// The calls in order of the plan, of the iterations, and as units took them.
  public let calls: [UnitProfile]
  /// The experiments with calls, in the order of the plan.
  public let experiments: [ExperimentRecord]
  /// Whether a call has more than its times: processor time and memory, say.
  public let isDetailed: Bool

  /// What was measured of some experiments.
  init(_ calls: [UnitProfile], _ experiments: [ExperimentRecord]) {
    let measured = Set(calls.map(\.experiment))
    self.experiments = experiments.filter { measured.contains($0.id) }
    // A run that goes on may have begun an experiment anew between two readings.
    let known = Set(self.experiments.map(\.id))
    self.calls = calls.filter { known.contains($0.experiment) }
    isDetailed = self.calls.contains { call in
      ProfileMeasure.allCases.contains { $0.isDetailed && $0.number(call.timing) != nil }
    }
  }

  /// The part of the profile that belongs to the experiments that a filter chooses. What the filter says
  /// of saved values, their names and iterations, is left aside.
  /// - Throws: ``FieldworkError`` if the domain has problems, and what a condition throws.
  public func filtered(_ filter: ResultFilter) throws -> Profile {
    let passes = try filter.condition()
    return Profile(calls, try experiments.filter { try passes($0) })
  }

  /// A table with a row for each call: `unit`, `iteration`, `total_time`, `unit_time`, `experiment`, and
  /// of a detailed profile `evaluation_time`, `cpu_time` and `memory`.
  ///
  /// Times are in seconds, memory is in bytes. See ``UnitTiming`` for what they are.
  public var frame: Table {
    func column(_ measure: ProfileMeasure) -> Table.Column {
      Table.Column(
        name: measure.rawValue,
        cells: calls.map { call in measure.number(call.timing).map { measure.cell($0) } }
      )
    }
    let details = ProfileMeasure.allCases.filter { isDetailed && $0.isDetailed }
    return Table(
      columns: [
        Table.Column(name: "unit", cells: calls.map { .string($0.timing.unit) }, role: .key),
        Table.Column(
          name: "iteration",
          cells: calls.map { .int($0.timing.iteration) },
          role: .key
        ),
        column(.totalTime),
        column(.unitTime),
        Table.Column(
          name: "experiment",
          cells: calls.map { .string($0.experiment) },
          role: .id
        ),
      ] + details.map(column)
    )
  }
}
