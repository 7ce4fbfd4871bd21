import FieldworkCore
import Foundation
import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DatabaseStore {
  /// Ends writing: what was written goes into the one database file, and others may write.
  /// - Throws: ``FieldworkError`` of code `store` if something that was reported as stored is not in the file.
  public func close() throws {
    guard
      !isClosed.withLock({ isClosed in
        defer { isClosed = true }
        return isClosed
      })
    else { return }
    guard let lock, let folder else {
      do {
        try database.close()
      } catch {
        throw DatabaseStore.storeError(error, folder)
      }
      return
    }
    defer { lock.release() }
    if let error = lossError() {
      abandon()
      // A write has said so before.
      if hasReportedLoss.withLock({ $0 }) { return }
      throw error
    }
    do {
      // One file without a log can be copied, and read from a folder that cannot be written.
      try database.writeWithoutTransaction { database in
        do {
          // A reader that does not end soon keeps the log.
          try database.execute(sql: "PRAGMA busy_timeout = 2000")
          try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
          try database.execute(sql: "PRAGMA journal_mode = DELETE")
        } catch let error as DatabaseError
          where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
        {
          // Someone has the store open for reading.
        }
      }
      try database.close()
    } catch {
      throw DatabaseStore.storeError(error, folder)
    }
    try checkStored(folder)
  }

  /// Text on a log that is still needed after ``close()``, since another program reads the store; nil if the database
  /// holds everything.
  package var remainingLog: String? {
    guard let folder else { return nil }
    let log = ResearchFolder.database + "-wal"
    var status = stat()
    guard stat(folder.file(log), &status) == 0, status.st_size > 0 else { return nil }
    return
      "another program is reading \(folder.shown(ResearchFolder.database)), so some results are still in \(folder.shown(log)): to copy the store, copy both files"
  }

  /// The number of pages up to which a database is gone through at the end of a run.
  private static let checkedPages = 16_384

  /// Looks, through a connection of its own, for what was last reported as stored.
  private func checkStored(_ folder: ResearchFolder) throws {
    let expected = last.withLock { $0 }
    guard expected.ended != nil || !expected.notes.isEmpty else { return }
    let isThere: Bool
    do {
      guard folder.hasStore else { throw lostError }
      let (database, _) = try DatabaseStore.readOnly(folder)
      defer { try? database.close() }
      isThere = try database.read { database in
        for (key, text) in expected.notes {
          let sql = "SELECT value FROM note WHERE key = ?"
          guard try String.fetchOne(database, sql: sql, arguments: [key]) == text else {
            return false
          }
        }
        guard let ended = expected.ended else { return true }
        let sql = "SELECT state FROM experiment WHERE key = ?"
        guard try String.fetchOne(database, sql: sql, arguments: [ended.key]) == ended.state else {
          return false
        }
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        guard pages <= DatabaseStore.checkedPages else { return true }
        return try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok"
      }
    } catch let error as FieldworkError {
      throw error
    } catch {
      throw DatabaseStore.storeError(error, folder)
    }
    if !isThere { throw lostError }
  }

  /// What is wrong with the files that are written; nil if they are as they were left.
  func lossError() -> FieldworkError? {
    lock?.owner?.check()
    if let successor = lock?.owner?.successor, let folder {
      return FieldworkError(
        .busy,
        "the store \(folder.shown(ResearchFolder.database)) was taken over by \(successor): what this run has not stored runs there"
      )
    }
    guard let folder, let files = files.withLock({ $0 }) else { return nil }
    guard files.missing == nil else { return lostError }
    guard files.isCut else { return nil }
    // Another program may have taken the log into the database and shortened it, which is harmless.
    let isWhole = try? DatabaseStore.readOnly(folder).0.read { database in
      try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok"
    }
    return isWhole ?? false && (try? checkStored(folder)) != nil ? nil : lostError
  }

  fileprivate var lostError: FieldworkError {
    let files = files.withLock { $0 }
    let name = files?.missing ?? ResearchFolder.database
    let path = folder?.shown(name) ?? name
    guard name == ResearchFolder.database else {
      return FieldworkError(
        .store,
        "\(path) was deleted or replaced while the store was being written: what was stored before is in research.sqlite, or, if another program was reading it, in rescued.sqlite beside it; run again for the rest, and leave the files alone while a run writes"
      )
    }
    return FieldworkError(
      .store,
      "the store \(path) was deleted or replaced while it was being written, or shortened: what is not in a copy of it is lost; run again to begin anew"
    )
  }

  /// Leaves the database as it is. SQLite would delete, by its name, the log of the database that may stand there now.
  private func abandon() {
    if let files = files.withLock({ $0 }), !files.hasLostDatabase, !files.isDatabaseCut {
      DatabaseStore.abandoned.withLock { _ = $0.insert(files.databaseIdentity) }
      // Only the log or its index is gone, and this process still has it: what it holds goes into the database.
      if !takesInLog, let folder {
        // Another program reads an earlier state, which has to stay until then.
        let rescued = folder.file(ResearchFolder.rescued)
        try? FileManager.default.removeItem(atPath: rescued)
        _ = try? database.writeWithoutTransaction {
          try $0.execute(sql: "VACUUM INTO ?", arguments: [rescued])
        }
      }
    }
    // The process keeps the few descriptors to its end.
    _ = Unmanaged.passRetained(database as AnyObject)
  }

  /// Writes the whole log into the database.
  /// - Returns: false if a part is missing.
  private var takesInLog: Bool {
    for _ in 0..<20 {
      let row = try? database.writeWithoutTransaction {
        try Row.fetchOne($0, sql: "PRAGMA wal_checkpoint(PASSIVE)")
      }
      let counts = row.map { row in (1...2).map { (try? row.decode(Int.self, atIndex: $0)) ?? -1 } }
      guard let counts else { return false }
      if counts[0] == counts[1] { return true }
      usleep(100_000)
    }
    return false
  }
}
