import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

final class RunHolderTests: StoreTestCase {
  func testWhatIsWrittenIsReadBack() throws {
    let holder = RunHolder.current(command: "Digits --set 'a=\"1\"\n2' --workers 2")
    XCTAssertEqual(RunHolder(text: holder.text), holder)
    XCTAssertEqual(holder.text.filter(\.isNewline).count, 1)
    // The end of a longer text of before.
    XCTAssertEqual(RunHolder(text: holder.text + "rest\":1}\n"), holder)
    XCTAssertTrue(holder.isAlive)
  }

  func testEarlierVersionsWroteTheNumberAlone() {
    XCTAssertEqual(RunHolder(text: "4711"), RunHolder(process: 4711))
    XCTAssertEqual(RunHolder(text: "4711\n")?.description, "process 4711")
    for text in ["", "\n", "{", "{}", "[1]", "no number", #"{"process":-3}"#] {
      XCTAssertNil(RunHolder(text: text), text)
    }
  }

  func testALaterProcessOfTheSameNumberIsAnother() throws {
    var holder = RunHolder.current(command: nil)
    try XCTSkipIf(holder.birth == nil, "the system does not tell when processes began")
    holder.birth? -= 1
    XCTAssertFalse(holder.isAlive)
    XCTAssertFalse(RunHolder(process: .max - 1).isAlive)
    // Of another machine nothing is known.
    holder.host = "elsewhere"
    XCTAssertTrue(holder.isAlive)
  }

  func testWhoHoldsAResearch() throws {
    XCTAssertEqual(try folder.holding(), .free, "there is no folder")
    let store = try DatabaseStore.open(folder, command: "me --here")
    guard case .held(let holder?) = try folder.holding() else { return XCTFail("it is held") }
    XCTAssertEqual(holder.process, getpid())
    XCTAssertEqual(holder.command, "me --here")
    XCTAssertEqual(holder.host, RunHolder.ownHost)
    assertError(.busy, "process \(getpid())", "(me --here)") { try self.folder.requireFree() }
    try store.close()
    XCTAssertEqual(try folder.holding(), .free)
    try folder.requireFree()
  }

  /// Whoever stands in the file is not believed to hold it: the system says whether somebody does.
  func testAStaleFileHoldsNothing() throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    for text in ["1", "\(getpid())", RunHolder.current(command: nil).text, "what?"] {
      try text.write(toFile: folder.lockPath, atomically: true, encoding: .utf8)
      XCTAssertEqual(try folder.holding(), .free, text)
      try DatabaseStore.open(folder).close()
    }
  }

  func testADeadProcessInTheFileIsNotNamed() throws {
    let store = try DatabaseStore.open(folder)
    try "\(Int32.max - 1)\n".write(toFile: folder.lockPath, atomically: false, encoding: .utf8)
    XCTAssertEqual(try folder.holding(), .held(nil))
    assertError(.busy, "by another process") { try DatabaseStore.open(self.folder) }
    try store.close()
  }
}
