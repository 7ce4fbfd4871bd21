import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

/// With real repositories, in a home folder without settings.
final class GitProvenanceTests: RuntimeTestCase {
  private var environment: [String: String] {
    [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": directory,
      "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": directory,
    ]
  }

  private func git(_ arguments: String..., in folder: String) async throws {
    let runner = ProgramRunner(
      searchPath: environment["PATH"] ?? "",
      environment: environment,
      folder: folder,
      timeLimit: .seconds(100),
      sizeLimit: 10_000
    )
    let settings = ["-c", "user.name=Me", "-c", "user.email=me@example.com"]
    let result = await runner.run(["git"] + settings + arguments)
    if case .missing = result.ending { throw XCTSkip("there is no git") }
    XCTAssertTrue(result.hasSucceeded, "git \(arguments): \(result.report)")
  }

  private func write(_ text: String, _ file: String, in folder: String) throws {
    try text.write(toFile: folder + "/" + file, atomically: true, encoding: .utf8)
  }

  /// A repository with one commit, on a branch `work`.
  private func repository(_ name: String = "repository") async throws -> String {
    let folder = directory + "/" + name
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try await git("init", "--quiet", in: folder)
    try await git("symbolic-ref", "HEAD", "refs/heads/work", in: folder)
    try write("one\ntwo\n", "file.txt", in: folder)
    try await git("add", ".", in: folder)
    try await git("commit", "--quiet", "-m", "Begin: über\n\nMore.", in: folder)
    return folder
  }

  private func collect(
    _ sources: [ProvenanceSource],
    in folder: String? = nil,
    environment: [String: String]? = nil,
    sizeLimit: Int = 1_000_000
  ) async -> [String: [String: String]] {
    let collector = ProvenanceCollector(
      folder: folder ?? directory,
      timeLimit: .seconds(100),
      sizeLimit: sizeLimit
    )
    let items = await collector.collect(
      sources,
      run: 4,
      arguments: ["x"],
      environment: environment ?? self.environment
    )
    XCTAssertTrue(items.allSatisfy { $0.run == 4 })
    return Dictionary(grouping: items, by: \.topic).mapValues { items in
      Dictionary(uniqueKeysWithValues: items.map { ($0.item, $0.text) })
    }
  }

  func testACleanRepository() async throws {
    let folder = try await repository()
    let items = await collect([.git()], in: folder)
    XCTAssertEqual(Array(items.keys), ["git"])
    let git = try XCTUnwrap(items["git"])
    XCTAssertEqual(
      git.keys.sorted(),
      ["branch", "commit", "date", "diff", "folder", "remote", "status", "subject"]
    )
    XCTAssertEqual(git["commit"]?.count, 40)
    XCTAssertEqual(git["subject"], "Begin: über")
    XCTAssertEqual(git["branch"], "work")
    XCTAssertEqual([git["status"], git["diff"]], ["(no changes)", "(no changes)"])
    XCTAssertEqual(git["remote"], "(none)")
    XCTAssertEqual(git["folder"].map { URL(fileURLWithPath: $0).lastPathComponent }, "repository")
    let date = try XCTUnwrap(git["date"])
    XCTAssertNoThrow(try Date(date, strategy: .iso8601), date)
  }

  func testChanges() async throws {
    let folder = try await repository()
    try write("a\n", "über b.txt", in: folder)
    try await git("add", ".", in: folder)
    try write("one\nthree\n", "file.txt", in: folder)
    try write("not tracked", "other.txt", in: folder)
    let items = await collect([.git()], in: folder)
    let git = try XCTUnwrap(items["git"])
    XCTAssertEqual(git["status"], " M file.txt\nA  \"über b.txt\"")
    let diff = try XCTUnwrap(git["diff"])
    XCTAssertTrue(diff.contains("\n-two\n+three"), diff)
    XCTAssertTrue(diff.contains("+++ b/über b.txt"), diff)
    XCTAssertFalse(diff.contains("other"), diff)
    // The whole repository is meant, wherever in it one looks.
    let below = folder + "/below"
    try FileManager.default.createDirectory(atPath: below, withIntermediateDirectories: true)
    let same = await collect([.git()], in: below)
    XCTAssertEqual(same["git"]?["status"], git["status"])
    XCTAssertEqual(same["git"]?["diff"], diff)
  }

  func testTheUsersSettingsAreNoMatter() async throws {
    let folder = try await repository()
    try write("one\nthree\n", "file.txt", in: folder)
    let before = await collect([.git()], in: folder)
    for setting in [
      ["color.ui", "always"], ["core.pager", "false"], ["diff.external", "echo"],
      ["status.showUntrackedFiles", "all"], ["log.showSignature", "true"],
      ["core.fsmonitor", "true"],
      ["status.branch", "true"], ["core.editor", "false"],
    ] {
      try await git("config", setting[0], setting[1], in: folder)
    }
    var environment = environment
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_TRACE"] {
      environment[name] = "/nowhere"
    }
    environment["LC_ALL"] = "de_DE.UTF-8"
    environment["LANGUAGE"] = "de"
    let after = await collect([.git()], in: folder, environment: environment)
    XCTAssertEqual(before, after)
  }

  func testImagesAndSecretsAreLeftOut() async throws {
    let folder = try await repository()
    let image = String(repeating: "iVBORw0KGgo/", count: 40)
    let token = "ghp" + "_" + "0123456789abcdefABCDEF"
    try write(
      """
      "image/png": "\(image)\\n",
      <img src="data:image/png;base64,\(image)">
      token \(token)

      """,
      "file.txt",
      in: folder
    )
    try Data([0, 1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/binary"))
    try await git("add", ".", in: folder)
    try await git("remote", "add", "origin", "https://me:hunter2@host/a.git", in: folder)
    try await git("remote", "add", "other.one", "git@host:a b.git", in: folder)
    let items = await collect([.git()], in: folder)
    let git = try XCTUnwrap(items["git"])
    let diff = try XCTUnwrap(git["diff"])
    for line in [
      #"+"image/png": "...","#, #"+<img src="data:image/png;base64,...">"#, "+token ***",
      "Binary files /dev/null and b/binary differ",
    ] {
      XCTAssertTrue(
        diff.contains("\n\(line)\n") || diff.hasSuffix("\n\(line)"),
        "\(line) in \(diff)"
      )
    }
    XCTAssertFalse(diff.contains("iVBOR"))
    XCTAssertFalse(diff.contains(token))
    XCTAssertEqual(git["remote"], "origin https://***@host/a.git\nother.one git@host:a b.git")
  }

  func testALongDiffIsCutAfterItsImagesAreOut() async throws {
    let folder = try await repository()
    let image = String(repeating: "iVBORw0KGgo/", count: 500)
    try write("\(image)\nend\n", "file.txt", in: folder)
    let small = await collect([.git()], in: folder, sizeLimit: 1000)
    XCTAssertEqual(small["git"]?["diff"]?.hasSuffix("\n+...\n+end"), true)
    try write((1...1000).map { "line \($0)\n" }.joined(), "file.txt", in: folder)
    let items = await collect([.git()], in: folder, sizeLimit: 1000)
    let diff = try XCTUnwrap(items["git"]?["diff"])
    XCTAssertLessThan(diff.utf8.count, 1100)
    let last = try XCTUnwrap(diff.split(separator: "\n").last)
    XCTAssertTrue(last.hasPrefix("(cut: the first "), String(last))
  }

  func testUnusualRepositories() async throws {
    let folder = try await repository()
    try await git("checkout", "--quiet", "--detach", in: folder)
    let detached = await collect([.git()], in: folder)
    XCTAssertEqual(detached["git"]?["branch"], "(detached)")

    let empty = directory + "/empty"
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    try await git("init", "--quiet", in: empty)
    try await git("symbolic-ref", "HEAD", "refs/heads/first", in: empty)
    let items = await collect([.git()], in: empty)
    XCTAssertEqual(items["git"]?["commit"], "(no commit yet)")
    XCTAssertEqual(items["git"]?["diff"], "(no commit yet)")
    XCTAssertEqual(items["git"]?["status"], "(no changes)")
    XCTAssertEqual(items["git"]?["branch"], "first")

    try await git("clone", "--quiet", "--bare", folder, directory + "/bare", in: directory)
    let bare = await collect([.git("bare")])
    XCTAssertEqual(bare["git bare"]?["commit"], detached["git"]?["commit"])
    XCTAssertEqual(bare["git bare"]?["status"], "(git: this operation must be run in a work tree)")
  }

  func testWhatIsNoRepository() async throws {
    _ = try await repository()
    let plain = await collect([.git(), .git("nowhere"), .git("/dev/null")])
    XCTAssertEqual(
      plain,
      [
        "git": ["commit": "(not a git repository)"],
        "git nowhere": ["commit": "(no folder '\(directory)/nowhere')"],
        "git null": ["commit": "(no folder '/dev/null')"],
      ]
    )
    try write("gitdir: /nowhere\n", ".git", in: directory)
    let broken = await collect([.git()])
    XCTAssertEqual(broken["git"], ["commit": "(not a git repository)"])
  }

  func testNoGit() async {
    for path in ["", "/nowhere", directory] {
      let items = await collect([.git()], environment: ["PATH": path])
      XCTAssertEqual(items, ["git": ["commit": "(no program 'git')"]])
    }
  }

  func testTopics() async throws {
    for name in ["repository", "a/same", "b/same", "same_1"] { _ = try await repository(name) }
    let items = await collect([
      .git("repository"), .git("a/same"), .git("b/same"), .git("b/same/"), .git("./a/../b/same"),
      .git("~/same_1"), .git(), .git("."), .git(directory),
    ])
    XCTAssertEqual(
      items.keys.sorted(),
      ["git", "git repository", "git same", "git same_1", "git same_2"]
    )
    XCTAssertEqual(items["git same"]?["folder"]?.hasSuffix("/a/same"), true)
    XCTAssertEqual(items["git same_2"]?["folder"]?.hasSuffix("/b/same"), true)
    XCTAssertEqual(items["git same_1"]?["folder"]?.hasSuffix("/same_1"), true)
  }
}
