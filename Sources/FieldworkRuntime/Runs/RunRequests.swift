import FieldworkCore
package import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A request of another process, possibly on another machine, to a run.
package enum RunRequest: Codable, Hashable, Sendable {
  /// To end with the running iterations, or at once.
  case stop(now: Bool)
  /// To have more workers, or fewer.
  case workers(change: Int)
  /// To run configs, as they were typed.
  case enqueue([String])
}

/// The answer of a run to a request.
struct RunAnswer {
  let text: String
  /// Is called once the answer is written; it may end the process.
  var action: () -> Void = {}
}

/// The requests to the run of a research: a folder with a file for each, which the run answers and removes.
package struct RunRequests: Sendable {
  private static let name = ".requests"
  private static let interval: UInt32 = 500_000

  private let path: String

  package init(_ folder: ResearchFolder) { path = folder.file(Self.name) }

  // MARK: The side that asks

  /// Sends a request, and waits for the answer.
  /// - Returns: the answer, as text; nil if none has come in time.
  /// - Throws: ``FieldworkError`` of code `store` if the folder cannot be written.
  package func send(_ request: RunRequest, waiting limit: Duration) throws -> String? {
    let name = RandomName.make()
    let (file, answer) = ("\(path)/\(name)", "\(path)/\(name).answer")
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try JSONEncoder().encode(request).write(to: URL(fileURLWithPath: file), options: .atomic)
    } catch {
      throw FieldworkError(.store, "cannot write \(file): \(ResearchFolder.reason(error))")
    }
    defer {
      unlink(file)
      unlink(answer)
      rmdir(path)
    }
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      if let content = FileManager.default.contents(atPath: answer) {
        return String(decoding: content, as: UTF8.self)
      }
      usleep(Self.interval / 5)
    }
    return nil
  }

  // MARK: The side of the run

  /// Removes the requests to earlier runs.
  func clear() { try? FileManager.default.removeItem(atPath: path) }

  /// Answers requests until the token says that the run has ended, on a thread of its own.
  func serve(
    until isOver: @escaping @Sendable () -> Bool,
    _ answer: @escaping @Sendable (RunRequest) -> RunAnswer
  ) {
    _ = SystemThread.start {
      while !isOver() {
        usleep(Self.interval)
        // Most of the time there is no such folder.
        guard access(path, F_OK) == 0 else { continue }
        take(answer)
      }
    }
  }

  private func take(_ answer: (RunRequest) -> RunAnswer) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names.sorted() where !name.contains(".") {
      let file = "\(path)/\(name)"
      guard let content = FileManager.default.contents(atPath: file),
        let request = try? JSONDecoder().decode(RunRequest.self, from: content)
      else { continue }
      unlink(file)
      let answer = answer(request)
      let place = URL(fileURLWithPath: "\(file).answer")
      try? Data(answer.text.utf8).write(to: place, options: .atomic)
      answer.action()
    }
  }
}
