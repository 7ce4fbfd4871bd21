public import FieldworkAnalysis
import FieldworkCore
public import FieldworkStore

/// The recorded provenance of a run, or of all runs.
public struct ProvenanceReport: Sendable, CustomStringConvertible {
  /// Which runs to look at.
  public enum Runs: Sendable, Hashable {
    /// The last one of which something is recorded.
    case last
    case number(Int)
    case all
  }

  /// The items, in the order in which they were given.
  public let items: [ProvenanceItem]
  private let absence: String

  /// - Parameter items: what a store has, see ``ResultStore/provenance()``.
  public init(_ items: [ProvenanceItem], _ runs: Runs = .last) {
    let recorded = Set(items.map(\.run)).sorted()
    let wanted: Set<Int> =
      switch runs {
      case .last: Set(recorded.suffix(1))
      case .number(let number): [number]
      case .all: Set(recorded)
      }
    self.items = items.filter { wanted.contains($0.run) }
    let numbers = recorded.map(String.init).joined(separator: ", ")
    absence =
      switch runs {
      case .number(let number) where !recorded.isEmpty:
        "(nothing is recorded of run \(number), but of \(numbers))"
      default:
        "(no provenance is recorded; name some in the research: provenance: [.environment])"
      }
  }

  /// A row for each item, with the columns run, topic, item and text.
  public var table: Table {
    Table(columns: [
      Table.Column(name: "run", cells: items.map { .int($0.run) }),
      Table.Column(name: "topic", cells: items.map { .string($0.topic) }),
      Table.Column(name: "item", cells: items.map { .string($0.item) }),
      Table.Column(name: "text", cells: items.map { .string($0.text) }),
    ])
  }

  /// The items as readable text: under each topic the short ones, lined up, then the long ones in blocks.
  public var description: String {
    guard !items.isEmpty else { return absence }
    return grouped(items, by: { String($0.run) }).map { run, items in
      let topics = grouped(items, by: \.topic).map { topic, items in
        ([topic] + lines(items)).joined(separator: "\n")
      }
      return (["run \(run)"] + topics).joined(separator: "\n\n")
    }.joined(separator: "\n\n")
  }

  /// The items by a name, in the order in which the names come first.
  private func grouped(
    _ items: [ProvenanceItem],
    by name: (ProvenanceItem) -> String
  ) -> [(name: String, items: [ProvenanceItem])] {
    var groups: [String: [ProvenanceItem]] = [:]
    var order: [String] = []
    for item in items {
      if groups[name(item)] == nil { order.append(name(item)) }
      groups[name(item), default: []].append(item)
    }
    return order.map { ($0, groups[$0] ?? []) }
  }

  /// The items of a topic.
  private func lines(_ items: [ProvenanceItem]) -> [String] {
    let (short, long) = (items.filter { !isLong($0) }, items.filter(isLong))
    let width = short.map(\.item.count).max() ?? 0
    let lines = short.map { item in
      let space = String(repeating: " ", count: width - item.item.count)
      return item.text.isEmpty ? "  \(item.item)" : "  \(item.item)\(space)  \(item.text)"
    }
    return lines
      + long.flatMap { item in
        ["  \(item.item)"]
          + item.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
            $0.isEmpty ? "" : "    \($0)"
          }
      }
  }

  private func isLong(_ item: ProvenanceItem) -> Bool { item.text.contains(where: \.isNewline) }
}
