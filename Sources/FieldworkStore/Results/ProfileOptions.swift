/// What the summary of a profile shows.
///
///     ProfileOptions(per: [.experiment], groupedBy: ["lr"], sortedBy: "unit_time_max", limit: 10)
public struct ProfileOptions: Sendable, Hashable {
  /// What a unit's calls are told apart by.
  public enum Level: String, Sendable, Hashable, CaseIterable {
    case iteration, experiment
  }

  /// What a row is for beside a unit; without any, calls of all iterations and experiments are counted
  /// together.
  public var levels: Set<Level>
  /// The parameters by whose values calls are told apart too; `repetition`, `updates` and `device` may
  /// be among them.
  public var groupedBy: [String]
  /// The columns to show after those that rows are grouped by, in this order; nil for the usual ones. A grouping column
  /// that is listed here appears at its place in the list.
  public var columns: [String]?
  /// The column that rows are sorted by, shown or not; nil for the usual order.
  public var sortedBy: String?
  /// With ``sortedBy``: whether the largest comes first; nil for times, counts and memory from the largest,
  /// and everything else from the smallest.
  public var isDescending: Bool?
  /// How many rows to show; nil for all.
  public var limit: Int?

  public init(
    per levels: Set<Level> = [],
    groupedBy: [String] = [],
    columns: [String]? = nil,
    sortedBy: String? = nil,
    isDescending: Bool? = nil,
    limit: Int? = nil
  ) {
    self.levels = levels
    self.groupedBy = groupedBy
    self.columns = columns
    self.sortedBy = sortedBy
    self.isDescending = isDescending
    self.limit = limit
  }
}
