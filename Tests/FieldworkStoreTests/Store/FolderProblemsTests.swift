import FieldworkCore
@testable import FieldworkAnalysis
import FieldworkStore
import Foundation
import XCTest

/// What speaks against a folder for results, before anything is made in it.
final class FolderProblemsTests: StoreTestCase {
  private func problems(_ path: String, _ space: DiskSpace? = nil) -> [String] {
    ResearchFolder(path: path).problems { _ in space }.map(\.description)
  }

  private func assertNothingIsMade(_ path: String, line: UInt = #line) {
    XCTAssertFalse(FileManager.default.fileExists(atPath: path), path, line: line)
  }

  func testSoundFolders() throws {
    XCTAssertEqual(problems(directory), [])
    XCTAssertEqual(ResearchFolder(path: directory + "/a/b/c").problems(), [])
    assertNothingIsMade(directory + "/a")
  }

  func testAFileInTheWay() throws {
    let file = directory + "/file"
    try Data().write(to: URL(fileURLWithPath: file))
    XCTAssertEqual(
      problems(file + "/below"),
      [
        "error: cannot make the folder \(file)/below: \(file) is a file; choose another directory, or move it away"
      ]
    )
  }

  /// All is asked of the folder that exists, whatever is to be made below it.
  func testRoom() {
    let path = directory + "/a/b"
    let asked = Paths()
    XCTAssertEqual(
      ResearchFolder(path: path).problems {
        asked.all.append($0)
        return nil
      }.count,
      0
    )
    XCTAssertEqual(asked.all, [directory])
    let remedy = "make room, or choose another directory"
    for bytes in [0, -1] {
      XCTAssertEqual(
        problems(path, DiskSpace(bytes: bytes)),
        ["error: there is no space left on the disk of \(path); \(remedy)"]
      )
    }
    XCTAssertEqual(
      problems(path, DiskSpace(bytes: 1 << 40, hasRoomForFiles: false)),
      ["error: there is no room for another file left on the disk of \(path); \(remedy)"]
    )
    for (bytes, megabytes) in [(1, 1), (5 << 20, 5), (64 << 20 - 1, 63)] {
      XCTAssertEqual(
        problems(path, DiskSpace(bytes: bytes)),
        ["warning: there are no more than \(megabytes) MB left on the disk of \(path); \(remedy)"]
      )
    }
    XCTAssertEqual(problems(path, DiskSpace(bytes: 64 << 20)), [])
    assertNothingIsMade(directory + "/a")
  }

  func testTheRoomOfThisMachine() throws {
    let space = try XCTUnwrap(DiskSpace(at: directory))
    XCTAssertGreaterThan(space.bytes, 0)
    XCTAssertTrue(space.hasRoomForFiles)
    XCTAssertNil(DiskSpace(at: directory + "/missing"))
  }

  func testFoldersThatCannotBeWritten() throws {
    let folder = directory + "/closed"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
    }
    // The system's administrator may write anywhere but on what is mounted for reading.
    let closed = [folder, "/sys", "/proc/sys"].first { path in
      FileManager.default.fileExists(atPath: path)
        && !FileManager.default.isWritableFile(atPath: path)
    }
    let path = try {
      try XCTSkipIf(closed == nil, "there is no folder that cannot be written"); return closed ?? ""
    }()
    let remedy = "choose another directory, or change who may write there"
    XCTAssertEqual(problems(path), ["error: \(path) cannot be written to; \(remedy)"])
    XCTAssertEqual(
      problems(path + "/a"),
      ["error: cannot make the folder \(path)/a: \(path) cannot be written to; \(remedy)"]
    )
  }
}

private final class Paths {
  var all: [String] = []
}
