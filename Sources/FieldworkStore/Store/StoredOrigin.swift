public import FieldworkCore
import GRDB

/// The build, versions and hidden values that a stored experiment ran with, which its key does not include.
public struct StoredOrigin: Sendable, Hashable {
  /// The identity of the build that ran it; nil if it is not known.
  public let build: String?
  /// The versions of the units that had one, as a text; nil if none had.
  public let versions: String?
  /// By parameter: the plain value and the version that its shown name hides. Empty unless they were requested.
  public let hidden: [String: Value]

  public init(build: String?, versions: String?, hidden: [String: Value]) {
    self.build = build
    self.versions = versions
    self.hidden = hidden
  }
}

/// The origins that most experiments of a store have.
public struct UsualOrigins: Sendable {
  private let versions: String?
  private let builds: AcceptedBuilds

  package init(versions: String?, _ builds: AcceptedBuilds) {
    self.versions = versions
    self.builds = builds
  }

  /// Returns true for an origin that is left out.
  public func contains(_ origin: StoredOrigin) -> Bool {
    origin.versions == versions && builds.isCurrent(origin.build)
  }

  /// The condition of a query that leaves them out, with its arguments.
  fileprivate func exclusion(build: String, versions column: String) -> (String, StatementArguments)
  {
    guard let builds = builds.all else { return ("\(column) IS NOT ?", [versions]) }
    let marks = builds.map { _ in "?" }.joined(separator: ", ")
    return (
      "(\(column) IS NOT ? OR \(build) NOT IN (\(marks)))",
      [versions] + StatementArguments(builds.sorted())
    )
  }
}

extension Config {
  /// By parameter: the plain value and the version that a shown name hides.
  package var hiddenValues: [String: FieldworkCore.Value] {
    var hidden: [String: FieldworkCore.Value] = [:]
    for entry in entries { hidden[entry.name.key] = entry.value.hidden }
    return hidden
  }
}

extension DatabaseStore {
  /// Returns the keys of the experiments that an update of the domain has brought.
  public func updatedKeys() throws -> Set<String> {
    try read { try String.fetchSet($0, sql: "SELECT key FROM experiment WHERE updates > 0") }
  }

  public func origins(finished: Bool, without usual: UsualOrigins?) throws -> [String: StoredOrigin]
  {
    try read { database in
      // Stores of earlier versions lack some columns.
      let names = Set(try database.columns(in: "experiment").map(\.name))
      let columns = ["build", "versions"].map { names.contains($0) ? $0 : "NULL" }
      let exclusion = usual?.exclusion(build: columns[0], versions: columns[1])
      let conditions = [finished ? "state IN ('done', 'pruned')" : nil, exclusion?.0]
        .compactMap(\.self)
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT key, \(columns.joined(separator: ", ")), \(usual == nil ? "entries" : "NULL")
          FROM experiment \(conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))")
          """,
        arguments: exclusion?.1 ?? []
      )
      var origins: [String: StoredOrigin] = [:]
      var configs = StoredConfigReader()
      while let row = try rows.next() {
        let hidden = try (row.decode(String?.self, atIndex: 3)).map {
          try configs.config($0).hiddenValues
        }
        origins[try row.decode(atIndex: 0)] = StoredOrigin(
          build: try row.decode(atIndex: 1),
          versions: try row.decode(atIndex: 2),
          hidden: hidden ?? [:]
        )
      }
      return origins
    }
  }
}
