import FieldworkCore
import GRDB

extension DatabaseStore {
  public func updates() throws -> [UpdateRecord] {
    try read { database in
      // Stores of earlier versions have none.
      guard try database.tableExists("domain_update") else { return [] }
      let rows = try Row.fetchAll(database, sql: "SELECT * FROM domain_update ORDER BY produced")
      return try rows.map { try UpdateRecord($0) }
    }
  }
}

extension UpdateRecord {
  fileprivate init(_ row: Row) throws {
    let kind: String = try row.decode(forColumn: "outcome")
    let domain: String? = try row.decode(forColumn: "domain")
    let outcome: Outcome =
      switch (kind, domain) {
      case ("kept", _): .kept
      case ("replaced", let domain?): .replaced(try Value(parsing: domain))
      default: .unrecorded
      }
    self.init(
      produced: try row.decode(forColumn: "produced"),
      number: try row.decode(forColumn: "number"),
      when: try row.decode(forColumn: "schedule"),
      premise: try row.decode(forColumn: "premise"),
      outcome: outcome,
      build: try row.decode(forColumn: "build"),
      at: try row.decode(forColumn: "made")
    )
  }

  func write(to database: Database) throws {
    let (kind, domain): (String, String?) =
      switch outcome {
      case .kept: ("kept", nil)
      case .replaced(let domain): ("replaced", domain.canonicalText)
      case .unrecorded: ("unrecorded", nil)
      }
    try DatabaseStore.run(
      database,
      """
      INSERT OR REPLACE INTO domain_update
        (produced, number, schedule, premise, outcome, domain, build, made, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      DatabaseStore.sealed(
        "domain_update",
        [
          Cell(produced), Cell(number), Cell(when), Cell(premise), Cell(kind),
          domain.map(StoredContent.encode(text:)) ?? .null, Cell(build), Cell(at),
        ]
      )
    )
  }
}
