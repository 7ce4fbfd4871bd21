public import FieldworkCore
import GRDB

/// What a stored experiment was made by, as far as its key does not tell.
public struct StoredOrigin: Sendable, Hashable {
  /// What identifies the program that ran it; nil if that is not known.
  public let build: String?
  /// The versions of the units that had one, as a text; nil if none had.
  public let versions: String?
  /// By parameter: what its shown name hides, a plain value and a version. Empty unless that was asked for.
  public let hidden: [String: Value]

  public init(build: String?, versions: String?, hidden: [String: Value]) {
    self.build = build
    self.versions = versions
    self.hidden = hidden
  }
}

extension Config {
  /// By parameter: what shown names hide.
  package var hiddenValues: [String: FieldworkCore.Value] {
    var hidden: [String: FieldworkCore.Value] = [:]
    for entry in entries { hidden[entry.name.key] = entry.value.hidden }
    return hidden
  }
}

extension DatabaseStore {
  /// By key: what the experiments that are done were made by.
  /// - Parameter readsConfigs: whether to read what shown names hide.
  public func origins(readsConfigs: Bool) throws -> [String: StoredOrigin] {
    try read { database in
      // Stores of earlier versions lack some columns.
      let names = Set(try database.columns(in: "experiment").map(\.name))
      let columns = ["build", "versions"].map { names.contains($0) ? $0 : "NULL AS \($0)" }
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT key, \(columns.joined(separator: ", "))\(readsConfigs ? ", entries" : "")
          FROM experiment WHERE state = 'done'
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
