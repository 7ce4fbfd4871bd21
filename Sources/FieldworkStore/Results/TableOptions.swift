/// What a table of results shows.
public struct TableOptions: Sendable {
  /// Whether each saved name has a column of its own; else there are columns `name` and `value`.
  public var isWide: Bool
  /// Whether configs are shown by their shown names; else by their values.
  public var usesAliases: Bool
  /// Whether the config is shown.
  public var includesConfig: Bool
  /// Whether the config stands in one column `config`, as shown names in one text: `c_one-d_5`.
  public var joinsConfig: Bool
  /// With ``joinsConfig``: whether there is a column for each parameter too.
  public var keepsParameterColumns: Bool
  /// Whether there are columns for what a run adds: `repetition`, `updates`, the `device` if there is
  /// one, the `build` of the playbook, and how an iteration or experiment `ended`.
  ///
  /// Without it, those are shown that are needed to tell experiments apart: `repetition` where there is
  /// more than one, and `updates` where they alone differ. Where a domain gives a config more than once,
  /// `occurrence` counts its experiments.
  public var includesAuxiliary: Bool
  /// Whether iterations that a stop or a failure ended are left out.
  public var completeIterationsOnly: Bool

  public init(
    isWide: Bool = true,
    usesAliases: Bool = false,
    includesConfig: Bool = true,
    joinsConfig: Bool = false,
    keepsParameterColumns: Bool = false,
    includesAuxiliary: Bool = false,
    completeIterationsOnly: Bool = false
  ) {
    self.isWide = isWide
    self.usesAliases = usesAliases
    self.includesConfig = includesConfig
    self.joinsConfig = joinsConfig
    self.keepsParameterColumns = keepsParameterColumns
    self.includesAuxiliary = includesAuxiliary
    self.completeIterationsOnly = completeIterationsOnly
  }

  /// Whether there is a column for each parameter.
  var hasParameterColumns: Bool { includesConfig && (!joinsConfig || keepsParameterColumns) }
}
