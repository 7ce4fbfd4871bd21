import FieldworkCore

/// The units of a research, with what a task has to know of each; made once for all tasks.
struct UnitList: Sendable {
  let units: [UnitDescription]
  /// By unit: what it says it reads.
  let reaches: [Reach]
  /// By unit: whether it has to run for one branch after another.
  let isOrdered: [Bool]
  let hasRoots: Bool

  init(_ research: Research) {
    units = research.units
    reaches = units.map { research.reach(of: $0) }
    isOrdered = research.orderedUnits
    hasRoots = units.contains(where: \.isRoot)
  }
}
