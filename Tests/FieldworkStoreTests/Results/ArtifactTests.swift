import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ArtifactTests: ResultsTestCase {
  private func write(_ text: String, _ path: String) throws {
    let url = URL(fileURLWithPath: folder.path + "/" + path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(),
      withIntermediateDirectories: true
    )
    try Data(text.utf8).write(to: url)
  }

  private func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/" + path,
      withDestinationPath: target
    )
  }

  /// Four experiments; two of them wrote files.
  private func results() throws -> ResearchResults {
    let store = try DatabaseStore.open(folder)
    try store.write(fourExperiments)
    try store.close()
    try write("22", "experiments/c/model_2.bin")
    try write("1", "experiments/a/model_1.bin")
    try write("333", "experiments/a/checkpoints/late/model.bin")
    try write("", "experiments/a/notes.txt")
    for name in ["stdout.txt", "stderr.txt", "experiment.log"] {
      try write("x", "experiments/a/" + name)
    }
    try write("x", "experiments/a/checkpoints/stdout.txt")
    try write("x", "experiments/unknown/model_3.bin")
    return try .load(folder.path)
  }

  func testArtifacts() throws {
    let artifacts = try results().artifacts()
    XCTAssertEqual(
      artifacts.map { "\($0.experiment) \($0.name) \($0.bytes)" },
      [
        "a checkpoints/late/model.bin 3", "a checkpoints/stdout.txt 1", "a model_1.bin 1",
        "a notes.txt 0", "c model_2.bin 2",
      ]
    )
    for artifact in artifacts {
      XCTAssertEqual(
        artifact.relativePath,
        "experiments/\(artifact.experiment)/\(artifact.name)"
      )
      XCTAssertEqual(artifact.fullPath, folder.path + "/" + artifact.relativePath)
      XCTAssertEqual(
        try Data(contentsOf: URL(fileURLWithPath: artifact.fullPath)).count,
        artifact.bytes
      )
    }
  }

  func testWhatTheEngineWritesIsThereIfAskedFor() throws {
    let all = try results().artifacts(includesOutput: true)
    XCTAssertEqual(
      Set(all.map(\.name)).subtracting(try results().artifacts().map(\.name)),
      ["stdout.txt", "stderr.txt", "experiment.log"]
    )
  }

  func testPatterns() throws {
    let results = try results()
    func names(_ pattern: String) throws -> [String] {
      try results.artifacts(matching: pattern).map(\.name)
    }
    XCTAssertEqual(
      try names("model*"),
      ["checkpoints/late/model.bin", "model_1.bin", "model_2.bin"]
    )
    XCTAssertEqual(try names("model_?.bin"), ["model_1.bin", "model_2.bin"])
    XCTAssertEqual(try names("model_[2-9].bin"), ["model_2.bin"])
    XCTAssertEqual(try names("notes.txt"), ["notes.txt"])
    XCTAssertEqual(try names("checkpoints/*"), ["checkpoints/stdout.txt"])
    XCTAssertEqual(try names("checkpoints/*/model*"), ["checkpoints/late/model.bin"])
    XCTAssertEqual(try names("none*"), [])
  }

  func testSeveralPatterns() throws {
    XCTAssertEqual(
      try results().artifacts(matching: ["model_1*", "notes.txt"]).map(\.name).sorted(),
      ["model_1.bin", "notes.txt"]
    )
    XCTAssertEqual(try results().artifacts(matching: [String]()).map(\.name), [])
    XCTAssertEqual(try results().artifactsTable(matching: ["model_1*", "notes.txt"]).count, 2)
  }

  func testTable() throws {
    let table = try results().artifactsTable(matching: "model_*")
    XCTAssertEqual(
      table.formatted(.csv),
      """
      id,x,y,artifact_name,full_path,relative_path,bytes
      a,1,3,model_1.bin,\(folder.path)/experiments/a/model_1.bin,experiments/a/model_1.bin,1
      c,2,3,model_2.bin,\(folder.path)/experiments/c/model_2.bin,experiments/c/model_2.bin,2
      """
    )
    let joined = try results().artifactsTable(TableOptions(joinsConfig: true), matching: "model_2*")
    XCTAssertEqual(try joined["config"], ["x_2-y_3"])
    let bare = try results().artifactsTable(TableOptions(includesConfig: false))
    XCTAssertEqual(
      bare.columnNames,
      ["id", "artifact_name", "full_path", "relative_path", "bytes"]
    )
  }

  func testFilters() throws {
    let filtered = try results().filtered(config: ["x": 2])
    XCTAssertEqual(try filtered.artifacts().map(\.name), ["model_2.bin"])
    XCTAssertEqual(try results().filtered(ids: ["b"]).artifacts().count, 0, "it has no folder")
    let loaded = try ResearchResults.load(folder.path, ResultFilter(.alias(["x": "1"])))
    XCTAssertEqual(try loaded.artifacts(matching: "model_*").map(\.name), ["model_1.bin"])
  }

  func testAResearchInMemoryHasNone() throws {
    let store = try DatabaseStore.inMemory()
    try store.write(fourExperiments)
    let results = try store.contents()
    assertError(.store, "a research in memory has no artifacts") { try results.artifacts() }
    assertError(.store, "a research in memory has no artifacts") { try results.artifactsTable() }
    let filtered = try results.filtered(ids: [])
    assertError(.store, "a research in memory has no artifacts") { try filtered.artifacts() }
  }

  func testLinksAreNotFollowedOutOfTheFolder() throws {
    let results = try results()
    let before = try results.artifacts().map(\.name)
    try write("outside", "secret.txt")
    try write("outside", "secrets/one.txt")
    for (name, target) in [
      ("out.txt", "../../secret.txt"), ("out", "../../secrets"), ("beside", "../c/model_2.bin"),
      ("absolute", folder.path + "/secret.txt"), ("broken", "nothing"), ("self", "self"),
      ("up", ".."), ("here", "."), ("inner", "checkpoints"),
    ] {
      try link("experiments/a/" + name, to: target)
    }
    XCTAssertEqual(try results.artifacts().map(\.name), before)
    try link("experiments/a/latest.bin", to: "checkpoints/late/model.bin")
    let latest = try XCTUnwrap(try results.artifacts(matching: "latest*").first)
    XCTAssertEqual(latest.bytes, 3, "the size of the file")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/experiments/b",
      withIntermediateDirectories: true
    )
    try FileManager.default.createDirectory(
      atPath: folder.path + "/experiments/bb",
      withIntermediateDirectories: true
    )
    try write("x", "experiments/bb/file")
    try link("experiments/b/file", to: "../bb/file")
    XCTAssertEqual(
      try results.filtered(ids: ["b"]).artifacts().count,
      0,
      "a name that begins alike"
    )
  }

  func testAnIdThatIsAPath() throws {
    try write("outside", "secrets/one.txt")
    let store = try DatabaseStore.open(folder)
    for (ordinal, id) in ["../secrets", "..", "."].enumerated() {
      try store.write(records(planned(ordinal, id, ["x": .init(ordinal)]), [(0, "g", 1)]))
    }
    try store.close()
    XCTAssertEqual(try ResearchResults.load(folder.path).artifacts(), [])
  }
}
