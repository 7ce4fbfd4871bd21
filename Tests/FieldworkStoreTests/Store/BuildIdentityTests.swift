import FieldworkCore
@testable import FieldworkAnalysis
import Foundation
import XCTest

@testable import FieldworkStore

final class BuildIdentityTests: XCTestCase {
  private func identity(_ file: Data) -> String? {
    file.withUnsafeBytes { BuildIdentity.digits(ofProgram: $0) }
  }

  /// The place of a section in a file, as the system's own tool tells.
  private func section(_ name: String, _ path: String) throws -> Range<Int> {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["readelf", "-SW", path]
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, FileHandle.nullDevice)
    do {
      try process.run()
    } catch {
      throw XCTSkip("there is no readelf")
    }
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw XCTSkip("there is no readelf") }
    for line in text.split(separator: "\n") {
      let words = line.drop { $0 != "]" }.dropFirst().split(separator: " ")
      guard words.first.map(String.init) == name, words.count > 4 else { continue }
      let offset = try XCTUnwrap(Int(words[3], radix: 16))
      return offset..<offset + (try XCTUnwrap(Int(words[4], radix: 16)))
    }
    throw XCTSkip("the program has no section \(name)")
  }

  /// Code and constants count; debugging information, hashes of builds and names of symbols do not.
  func testWhatCounts() throws {
    #if os(Linux)
      let path = CommandLine.arguments[0]
      let file = try Data(contentsOf: URL(fileURLWithPath: path))
      let own = try XCTUnwrap(identity(file))
      XCTAssertEqual(own, BuildIdentity.current)
      XCTAssertEqual(own.count, 16)
      for (name, counts) in [
        (".text", true), (".rodata", true), ("swift5_reflstr", true), (".note.gnu.build-id", false),
        (".swift_modhash", false), (".strtab", false), (".debug_info", false),
        (".debug_line", false),
      ] {
        let range = try section(name, path)
        for offset in [range.lowerBound, range.lowerBound + range.count / 2, range.upperBound - 1] {
          var changed = file
          changed[offset] ^= 1
          XCTAssertEqual(identity(changed) != own, counts, "\(name) at \(offset)")
        }
      }
    #endif
  }

  func testOtherFilesHaveNone() {
    XCTAssertNil(identity(Data()))
    XCTAssertNil(identity(Data("#!/bin/sh\n".utf8)))
    XCTAssertNil(
      identity(Data([0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 255, count: 90)))
    )
  }

  func testAcceptedBuilds() throws {
    var notes: [String: Value] = [:]
    func accepted(_ current: String?) -> AcceptedBuilds { AcceptedBuilds(notes, current: current) }
    func accept(_ builds: [String], by current: String) {
      guard case .note(let key, let value)? = accepted(current).note(accepting: builds) else {
        return
      }
      notes[key] = value
    }
    XCTAssertTrue(accepted("a").isCurrent("a"))
    XCTAssertTrue(accepted("a").isCurrent(nil))
    XCTAssertTrue(accepted(nil).isCurrent("a"))
    XCTAssertFalse(accepted("a").isCurrent("b"))
    XCTAssertNil(accepted("a").note(accepting: ["a"]))
    accept(["b"], by: "a")
    XCTAssertTrue(accepted("a").isCurrent("b"))
    XCTAssertTrue(accepted("b").isCurrent("a"), "going back is no other build either")
    XCTAssertFalse(accepted("c").isCurrent("b"))
    accept(["d"], by: "c")
    XCTAssertFalse(accepted("c").isCurrent("a"))
    accept(["a"], by: "c")
    for build in ["a", "b", "c", "d"] { XCTAssertTrue(accepted("d").isCurrent(build), build) }
    XCTAssertNil(accepted("d").note(accepting: ["a", "b", "c"]))
  }
}
