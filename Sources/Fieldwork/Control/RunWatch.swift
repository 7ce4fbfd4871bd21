import Dispatch
import FieldworkCore
import FieldworkStore
import Foundation

/// Follows a run from another process.
///
/// Once a second it looks when the store was changed last, which costs two calls of the system, and reads it
/// only if it was. The end of the run it learns at once, from the lock.
struct RunWatch {
  private let folder: ResearchFolder
  private let name: String

  init(_ folder: ResearchFolder, name: String) {
    self.folder = folder
    self.name = name
  }

  /// Hands out how the research stands, at the beginning and then once a second, while it runs.
  /// - Parameter show: is also told whether anything was stored since the last time.
  /// - Returns: how it stands after the end.
  func follow(
    _ show: (ResearchStatus, _ hasChanged: Bool) -> Void
  ) async throws -> ResearchStatus {
    let (ticks, feed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    // Before the first look, so that no end is missed.
    folder.whenFree { feed.finish() }
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fieldwork.watch"))
    timer.setEventHandler { feed.yield() }
    timer.schedule(deadline: .now() + 1, repeating: 1)
    timer.resume()
    defer { timer.cancel() }
    var status = try ResearchStatus(folder, name: name)
    show(status, true)
    for await _ in ticks {
      // A run that has just begun has nothing stored.
      let hasChanged = folder.lastRecord != status.lastRecord || status.account == nil
      if hasChanged { status = try ResearchStatus(folder, name: name) }
      status.now = Date().timeIntervalSince1970
      show(status, hasChanged)
    }
    return try ResearchStatus(folder, name: name)
  }
}
