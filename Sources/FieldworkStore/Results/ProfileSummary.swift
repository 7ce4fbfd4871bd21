import FieldworkAnalysis
import FieldworkCore

/// Collects the calls of a profile into rows.
struct ProfileSummary {
  /// What stands above units: the calls of a scope are what a unit's are compared with.
  private struct Scope: Hashable {
    /// The position of the group.
    var group: Int
    /// The position of the experiment.
    var experiment: Int?
    var iteration: Int?

    func precedes(_ other: Scope) -> Bool {
      (group, experiment ?? 0, iteration ?? 0)
        < (other.group, other.experiment ?? 0, other.iteration ?? 0)
    }
  }

  private struct ScopeTotal {
    var time = 0.0
    var experiments = Set<Int>()
  }

  private struct Key: Hashable {
    let scope: Scope
    let unit: String
  }

  private struct Row {
    let key: Key
    var calls = 0
    var tallies: [ProfileMeasure: ProfileTally] = [:]

    var time: Double { tallies[.totalTime]?.sum ?? 0 }
  }

  /// A column that can be had, and whether it is shown unless others are asked for.
  private struct Candidate {
    let name: String
    let isUsual: Bool
    let role: Table.Role
    let cell: (Row) -> Value?

    init(
      _ name: String,
      _ role: Table.Role = .value,
      isUsual: Bool = true,
      _ cell: @escaping (Row) -> Value?
    ) {
      self.name = name
      self.isUsual = isUsual
      self.role = role
      self.cell = cell
    }
  }

  /// All columns.
  let table: Table
  let usualColumns: [String]

  /// - Throws: ``FieldworkError`` of code `missingParameter` for a parameter that no config has.
  init(_ profile: Profile, _ options: ProfileOptions) throws {
    let groups = try ProfileGroups(profile.experiments, options.groupedBy)
    var positions: [String: Int] = [:]
    for (position, experiment) in profile.experiments.enumerated() {
      positions[experiment.id] = position
    }
    var rows: [Row] = []
    var rowPositions: [Key: Int] = [:]
    var totals: [Scope: ScopeTotal] = [:]
    for call in profile.calls {
      guard let experiment = positions[call.experiment] else { continue }
      let scope = Scope(
        group: groups.positions[experiment],
        experiment: options.levels.contains(.experiment) ? experiment : nil,
        iteration: options.levels.contains(.iteration) ? call.timing.iteration : nil
      )
      let key = Key(scope: scope, unit: call.timing.unit)
      let position = rowPositions[key, default: rows.count]
      if position == rows.count {
        rowPositions[key] = position
        rows.append(Row(key: key))
      }
      rows[position].calls += 1
      for measure in ProfileMeasure.allCases {
        guard let number = measure.number(call.timing) else { continue }
        rows[position].tallies[measure, default: ProfileTally()].add(number)
      }
      totals[scope, default: ScopeTotal()].time += call.timing.total
      totals[scope]?.experiments.insert(experiment)
    }
    rows = rows.enumerated().sorted { left, right in
      let (first, second) = (left.element, right.element)
      if first.key.scope != second.key.scope {
        return first.key.scope.precedes(second.key.scope)
      }
      return first.time == second.time ? left.offset < right.offset : first.time > second.time
    }.map(\.element)
    let candidates =
      ProfileSummary.keyColumns(profile, options, totals)
      + ProfileSummary.measureColumns(options, totals, isDetailed: profile.isDetailed)
    let parameters = groups.columns(besides: candidates.map(\.name)) { group in
      rows.map { group[$0.key.scope.group] }
    }
    table = Table(
      columns: parameters
        + candidates.map { candidate in
          Table.Column(name: candidate.name, cells: rows.map(candidate.cell), role: candidate.role)
        }
    )
    usualColumns = parameters.map(\.name) + candidates.filter(\.isUsual).map(\.name)
  }

  /// What rows are about, and what is the same for all units of an experiment or iteration.
  private static func keyColumns(
    _ profile: Profile,
    _ options: ProfileOptions,
    _ totals: [Scope: ScopeTotal]
  ) -> [Candidate] {
    let experiments = profile.experiments
    let hasIterations = options.levels.contains(.iteration)
    var columns: [Candidate] = []
    if options.levels.contains(.experiment) {
      func experiment(_ row: Row) -> ExperimentRecord? {
        row.key.scope.experiment.map { experiments[$0] }
      }
      columns.append(Candidate("experiment", .id) { row in experiment(row).map { .string($0.id) } })
      if !hasIterations {
        columns.append(
          Candidate("duration") { row in experiment(row)?.duration.map { .double($0) } }
        )
        columns.append(
          Candidate("outside") { row in
            // The two clocks may differ by a little.
            experiment(row)?.duration.map { duration in
              .double(max(0, duration - (totals[row.key.scope]?.time ?? 0)))
            }
          }
        )
      }
    }
    if hasIterations {
      columns.append(
        Candidate("iteration", .key) { row in row.key.scope.iteration.map { .int($0) } }
      )
      columns.append(
        Candidate("iteration_time") { row in
          totals[row.key.scope].map { .double($0.time / Double($0.experiments.count)) }
        }
      )
    }
    columns.append(Candidate("unit", .key) { .string($0.key.unit) })
    return columns
  }

  private static func measureColumns(
    _ options: ProfileOptions,
    _ totals: [Scope: ScopeTotal],
    isDetailed: Bool
  ) -> [Candidate] {
    var columns = [
      Candidate("calls") { .int($0.calls) },
      Candidate("share") { row in
        let total = totals[row.key.scope]?.time ?? 0
        return total > 0 ? .double(row.time / total) : nil
      },
    ]
    for measure in ProfileMeasure.allCases where isDetailed || !measure.isDetailed {
      if options.levels.contains(.iteration) {
        columns.append(statisticColumn(measure.rawValue, measure, .mean))
        continue
      }
      for statistic in ProfileTally.Statistic.allCases
      where measure != .memory || statistic != .sum {
        // Of the details one says enough.
        let isUsual = !measure.isDetailed || statistic == (measure == .memory ? .max : .sum)
        let name = "\(measure.rawValue)_\(statistic.rawValue)"
        columns.append(statisticColumn(name, measure, statistic, isUsual: isUsual))
      }
    }
    return columns
  }

  private static func statisticColumn(
    _ name: String,
    _ measure: ProfileMeasure,
    _ statistic: ProfileTally.Statistic,
    isUsual: Bool = true
  ) -> Candidate {
    Candidate(name, isUsual: isUsual) { row in
      row.tallies[measure]?.number(statistic).map { measure.cell($0) }
    }
  }
}

/// Groups of experiments whose configs have the same values.
private struct ProfileGroups {
  /// By the position of the experiment: that of its group. Groups stand in order of first appearance.
  private(set) var positions: [Int] = []
  private let names: [String]
  /// By group: the value of each parameter.
  private var values: [[Value?]] = []

  /// - Throws: ``FieldworkError`` of code `missingParameter` for a parameter that no config has.
  init(_ experiments: [ExperimentRecord], _ names: [String]) throws {
    var seen = Set<String>()
    self.names = names.filter { seen.insert($0).inserted }
    var known: [[Value?]: Int] = [:]
    for experiment in experiments {
      let key = self.names.map { ProfileGroups.value($0, experiment.fullConfig) }
      let position = known[key, default: values.count]
      if position == values.count {
        known[key] = position
        values.append(key)
      }
      positions.append(position)
    }
    for (index, name) in self.names.enumerated()
    where !values.isEmpty && values.allSatisfy({ $0[index] == nil }) {
      var keys: [String] = []
      for key in experiments.flatMap(\.fullConfig.keys) where !keys.contains(key) {
        keys.append(key)
      }
      throw FieldworkError(
        .missingParameter,
        "no config has a parameter '\(name)'; configs have \(keys.joined(separator: ", "))"
      )
    }
  }

  /// The columns of the parameters; a name that another column has gets an underscore at its end.
  func columns(besides taken: [String], _ cells: ([Value?]) -> [Value?]) -> [Table.Column] {
    names.enumerated().map { index, name in
      var title = name
      while taken.contains(title) || title != name && names.contains(title) { title += "_" }
      return Table.Column(name: title, cells: cells(values.map { $0[index] }), role: .parameter)
    }
  }

  /// The value of a parameter by the name that it is read by, or by the one that is shown.
  private static func value(_ name: String, _ config: Config) -> Value? {
    let alias =
      config[alias: name] ?? config.entries.first { $0.name.alias == name }.map(\.value)
    return alias.map { $0.plain ?? .string($0.name) }
  }
}
