@testable import FieldworkCore
import Foundation
import XCTest

private struct Report: Encodable {
  struct Part: Encodable {
    var name: String
    var scores: [Double]
  }
  enum Outcome: Encodable {
    case done
    case failed(reason: String)
  }

  var parts: [Part]
  var best: Part?
  var outcome: Outcome
  var byName: [String: Part]
  var single: Float
}

final class ValueEncoderTests: XCTestCase {
  private let part = Report.Part(name: "a", scores: [0.5, 1])

  func testAnEncodableStructIsSaved() throws {
    let report = Report(
      parts: [part, part],
      best: nil,
      outcome: .failed(reason: "x"),
      byName: ["p": part],
      single: 0.5
    )
    let expected: Value = ["name": "a", "scores": [0.5, 1.0]]
    let saved = try Saving("report").values(of: report)
    XCTAssertEqual(saved.map(\.name), ["report"])
    XCTAssertEqual(
      saved[0].value,
      [
        "parts": [expected, expected], "outcome": ["failed": ["reason": "x"]],
        "byName": ["p": expected], "single": 0.5,
      ]
    )
  }

  func testDictionariesOfStructsByKeys() throws {
    let saved = try Saving.keys.values(of: part)
    XCTAssertEqual(saved.map(\.name), ["name", "scores"])
    let others = try Saving.keys.values(of: ["p": part, "o": part])
    XCTAssertEqual(others.map(\.name), ["o", "p"])
  }

  func testOptionalsAndEmptyContainers() throws {
    struct Empty: Encodable {}
    XCTAssertEqual(try ValueEncoder.encode(Empty()), [:])
    XCTAssertEqual(try ValueEncoder.encode([Empty]()), [])
    XCTAssertEqual(try ValueEncoder.encode(Report.Part?.none), nil)
    XCTAssertEqual(
      try ValueEncoder.encode([Report.Part?.none, part]),
      [nil, ["name": "a", "scores": [0.5, 1.0]]]
    )
    XCTAssertEqual(try ValueEncoder.encode([1: "a"]), ["1": "a"])
  }

  func testFoundationTypes() throws {
    let date = Date(timeIntervalSinceReferenceDate: 12.5)
    // A number of seconds since 2001 would be taken for one since 1970.
    XCTAssertThrowsError(try ValueEncoder.encode([date])) { error in
      XCTAssertTrue("\(error)".contains("timeIntervalSince1970"), "\(error)")
    }
    XCTAssertEqual(try ValueEncoder.encode(Data([1, 2])), [1, 2])
    XCTAssertEqual(try ValueDecoder(12.5).decode(Date.self), date)
  }

  func testContainersFilledInAnyOrder() throws {
    struct Odd: Encodable {
      private enum Key: CodingKey { case list, dictionary, last }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        var list = container.nestedUnkeyedContainer(forKey: .list)
        var dictionary = container.nestedContainer(keyedBy: Key.self, forKey: .dictionary)
        try container.encodeNil(forKey: .last)
        try list.encode(1)
        try dictionary.encode(2, forKey: .last)
        var inner = list.nestedUnkeyedContainer()
        try list.encodeNil()
        try inner.encode("deep")
        XCTAssertEqual(list.count, 3)
        XCTAssertEqual(inner.codingPath.map(\.stringValue), ["list", "1"])
      }
    }
    XCTAssertEqual(
      try ValueEncoder.encode(Odd()),
      ["list": [1, ["deep"], nil], "dictionary": ["last": 2], "last": nil]
    )
  }

  func testAFailingEncodingNamesTheValue() {
    struct Refusing: Encodable {
      func encode(to encoder: any Encoder) throws { throw CancellationError() }
    }
    assertThrows(.cannotSave, containing: "'r'", "Refusing") {
      try Saving("r").values(of: Refusing())
    }
  }
}
