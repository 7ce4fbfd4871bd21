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

  /// Returns the origins of stored experiments, by key.
  /// - Parameters:
  ///   - finished: true for those that are done only.
  ///   - readsConfigs: true to read the values that shown names hide.
  public func origins(finished: Bool, readsConfigs: Bool) throws -> [String: StoredOrigin] {
    try read { database in
      // Stores of earlier versions lack some columns.
      let names = Set(try database.columns(in: "experiment").map(\.name))
      let columns = ["build", "versions"].map { names.contains($0) ? $0 : "NULL AS \($0)" }
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT key, \(columns.joined(separator: ", "))\(readsConfigs ? ", entries" : "")
          FROM experiment\(finished ? " WHERE state IN ('done', 'pruned')" : "")
          """
      )
      var origins: [String: StoredOrigin] = [:]
      while let row = try rows.next() {
        let hidden =
          readsConfigs ? try StoredConfig.decode(try row.decode(atIndex: 3)).hiddenValues : [:]
        origins[try row.decode(atIndex: 0)] = StoredOrigin(
          build: try row.decode(atIndex: 1),
          versions: try row.decode(atIndex: 2),
          hidden: hidden
        )
      }
      return origins
    }
  }
}
