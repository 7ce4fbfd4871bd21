import FieldworkCore
import XCTest

@testable import FieldworkStore

final class StoredConfigReaderTests: XCTestCase {
  private let configs: [Config] = [
    [:], ["a": 1, "b": "x"], ["a": 1, "b": "y"], ["a": -5, "b": nil],
    ["text": "a \"quoted\" \\ text, [with] {brackets}\n"], ["list": [1, 2.5, "x", [true]]],
    ["d": ["p": 5, "q": ["r": "]"]]],
    // One name in two spellings.
    ["\u{e9}": 1], ["e\u{301}": 1],
  ]

  func testConfigsAreReadAsTheyWereWritten() throws {
    var reader = StoredConfigReader()
    // The second time from what the reader has kept.
    for config in configs + configs {
      let text = StoredConfig.encode(config.entries)
      let read = try reader.config(text)
      XCTAssertEqual(read, config)
      XCTAssertEqual(StoredConfig.encode(read.entries), text)
      XCTAssertEqual(read.identity, config.identity)
    }
  }

  func testSpacesBetweenPartsAreRead() throws {
    var reader = StoredConfigReader()
    let text = #"[ ["a", "a", "1", false, [1]], ["b","b","x",false,["x"]] ]"#
    XCTAssertEqual(try reader.config(text), ["a": 1, "b": "x"])
  }

  func testTextsThatAreNoConfigs() {
    var reader = StoredConfigReader()
    let texts = [
      "", "[", "]", "[]]", "[[]", "[[1]]", #"[["a","a","1",false,[1]]"#,
      #"[["a","a","1",false,[1]],]"#,
      #"[["a","a","1",false,[1]]["b"]]"#, #"[["a","a","1",false,1]]"#, #"[["a","a",1,false,[1]]]"#,
      #"[["a","a","1",false,["x]]]"#, "{}", "nonsense",
    ]
    for text in texts { XCTAssertThrowsError(try reader.config(text), text) }
  }
}
