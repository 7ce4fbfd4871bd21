import Foundation
import XCTest

/// A git repository with one commit, for tests.
struct GitRepository {
  let path: String

  /// Makes a repository with a file `file.txt`.
  /// - Throws: `XCTSkip` if there is no git.
  init(_ folder: URL) throws {
    path = folder.path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try git("init", "--quiet")
    try write("one\n", "file.txt")
    try git("add", ".")
    try git("commit", "--quiet", "-m", "Begin")
  }

  /// The output of a git command.
  @discardableResult
  func git(_ arguments: String...) throws -> String {
    let settings = ["-c", "user.name=Me", "-c", "user.email=me@example.com", "-C", path]
    let run = try ProcessRun(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["git"] + settings + arguments
    )
    // What `env` says if it finds no program.
    try XCTSkipIf(run.status == 127, "there is no git")
    XCTAssertEqual(run.status, 0, run.error)
    return run.output.trimmingCharacters(in: .newlines)
  }

  func write(_ text: String, _ file: String) throws {
    try text.write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
  }
}
