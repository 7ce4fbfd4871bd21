import Foundation
import XCTest

@testable import FieldworkRuntime

final class PackageProvenanceTests: RuntimeTestCase {
  private let first = """
    {
      "object": {
        "pins": [
          {
            "package": "swift-log",
            "repositoryURL": "https://host/swift-log.git",
            "state": { "branch": null, "revision": "0a1b", "version": "1.4.2" }
          },
          {
            "package": "Branch",
            "repositoryURL": "https://host/branch",
            "state": { "branch": "main", "revision": "2c3d", "version": null }
          }
        ]
      },
      "version": 1
    }
    """

  private func later(_ version: Int, _ more: String = "") -> String {
    """
    {
      \(more)
      "pins" : [
        {
          "identity" : "swift-log",
          "kind" : "remoteSourceControl",
          "location" : "https://host/swift-log.git",
          "state" : { "revision" : "0a1b", "version" : "1.16.2" }
        },
        { "identity" : "branch", "kind" : "remoteSourceControl", "location" : "x",
          "state" : { "branch" : "main", "revision" : "2c3d" } },
        { "identity" : "bare", "kind" : "localSourceControl", "location" : "/x",
          "state" : { "revision" : "4e5f" } },
        { "identity" : "scope.name", "kind" : "registry", "location" : "",
          "state" : { "version" : "2.0.0" } },
        { "identity" : "empty", "kind" : "other", "location" : "", "state" : {} }
      ],
      "version" : \(version)
    }
    """
  }

  private let all = [
    ProvenanceEntry("swift-log", "1.16.2"), ProvenanceEntry("branch", "main 2c3d"),
    ProvenanceEntry("bare", "4e5f"),
    ProvenanceEntry("scope.name", "2.0.0"), ProvenanceEntry("empty", "(no version)"),
  ]

  private func write(_ text: String, in folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try text.write(toFile: folder + "/Package.resolved", atomically: true, encoding: .utf8)
  }

  func testEveryFormat() throws {
    XCTAssertEqual(
      try PackageProvenance.versions(Data(first.utf8)),
      [ProvenanceEntry("swift-log", "1.4.2"), ProvenanceEntry("Branch", "main 2c3d")]
    )
    for text in [later(2), later(3, #""originHash" : "0a","#), later(9)] {
      XCTAssertEqual(try PackageProvenance.versions(Data(text.utf8)), all)
    }
  }

  func testTheFileIsFoundInTheFolderOrAbove() throws {
    let deep = directory + "/a/b"
    try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
    for place in [directory, directory + "/a", deep] {
      try write(later(3), in: place)
      let entries = PackageProvenance(folder: deep).entries()
      XCTAssertEqual(
        entries.first,
        ProvenanceEntry("Package.resolved", place + "/Package.resolved")
      )
      XCTAssertEqual(Array(entries.dropFirst()), all)
    }
  }

  func testNoFile() {
    XCTAssertEqual(
      PackageProvenance(folder: directory).entries(),
      [ProvenanceEntry("Package.resolved", "(not found in \(directory) or above it)")]
    )
  }

  func testADamagedFile() throws {
    for text in [
      "", "{", "[]", "{}", #"{"pins": [{"identity": "a"}]}"#, #"{"object": {}}"#, "\u{0}",
    ] {
      try write(text, in: directory)
      let expected = "(\(directory)/Package.resolved cannot be read)"
      XCTAssertEqual(
        PackageProvenance(folder: directory).entries(),
        [ProvenanceEntry("Package.resolved", expected)],
        text
      )
    }
  }
}
