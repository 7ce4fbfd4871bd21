@testable import FieldworkCore
import XCTest

private enum Optimizer: String, Codable, Sendable { case sgd, adam }

private struct Training: Decodable, Equatable {
  struct Layer: Codable, Equatable {
    var width: Int
    var activation: String?
  }
  struct Schedule: Decodable, Equatable {
    var rate: Double
    var decay: Double?
  }

  var optimizer: Optimizer
  var schedule: Schedule
  var layers: [Layer]
  var sizes: [Int]
  var note: String?
  var limits: [String: Double]
}

final class ValueDecoderTests: XCTestCase {
  private let config: Config = [
    "optimizer": "adam", "schedule/rate": 1, "schedule/decay": nil,
    "layers": [["width": 3], ["width": 4, "activation": "relu"]], "sizes": [1, 2],
    "limits": ["low": 0, "high": 1.5],
  ]

  func testAStructFromNestedKeys() throws {
    let training = try config.decode(Training.self)
    XCTAssertEqual(
      training,
      Training(
        optimizer: .adam,
        schedule: Training.Schedule(rate: 1, decay: nil),
        layers: [
          Training.Layer(width: 3, activation: nil), Training.Layer(width: 4, activation: "relu"),
        ],
        sizes: [1, 2],
        note: nil,
        limits: ["low": 0, "high": 1.5]
      )
    )
  }

  func testAMissingKey() throws {
    var config = config
    config.remove("schedule/rate")
    XCTAssertThrowsError(try config.decode(Training.self)) { error in
      guard case DecodingError.keyNotFound(let key, let context) = error else {
        return XCTFail("\(error)")
      }
      XCTAssertEqual(key.stringValue, "rate")
      XCTAssertEqual(context.codingPath.map(\.stringValue), ["schedule"])
    }
  }

  func testAWrongType() throws {
    var config = config
    config.set("layers", to: [["width": 3], ["width": "wide"]])
    XCTAssertThrowsError(try config.decode(Training.self)) { error in
      guard case DecodingError.typeMismatch(_, let context) = error else {
        return XCTFail("\(error)")
      }
      XCTAssertEqual(context.codingPath.map(\.stringValue), ["layers", "1", "width"])
      XCTAssertTrue(context.debugDescription.contains("string wide"), context.debugDescription)
    }
  }

  func testAnOptionalOfTheWrongTypeIsNotNil() throws {
    var config = config
    config.set("schedule/decay", to: "fast")
    XCTAssertThrowsError(try config.decode(Training.self))
    XCTAssertThrowsError(try ValueDecoder("x").decode(Int?.self))
    XCTAssertEqual(try ValueDecoder(nil).decode(Int?.self), nil)
  }

  func testAnUnknownCase() {
    var config = config
    config.set("optimizer", to: "rmsprop")
    XCTAssertThrowsError(try config.decode(Training.self))
  }

  func testAValueThatIsNotPlain() {
    var config = config
    config.set("note", to: AnyAlias("f", { @Sendable in 1 }))
    assertThrows(.wrongType, containing: "'note'", "not a plain value") {
      try config.decode(Training.self)
    }
  }

  func testEncodedValuesDecodeAgain() throws {
    let layers = [
      Training.Layer(width: 1, activation: "tanh"), Training.Layer(width: 2, activation: nil),
    ]
    let value = try ValueEncoder.encode(layers)
    XCTAssertEqual(value, [["width": 1, "activation": "tanh"], ["width": 2]])
    XCTAssertEqual(try ValueDecoder(value).decode([Training.Layer].self), layers)
  }

  func testTheEndOfAList() {
    struct Pair: Decodable {
      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        XCTAssertEqual(container.count, 1)
        XCTAssertEqual(try container.decode(Int.self), 7)
        XCTAssertTrue(container.isAtEnd)
        _ = try container.decode(Int.self)
      }
    }
    XCTAssertThrowsError(try ValueDecoder([7]).decode(Pair.self)) { error in
      guard case DecodingError.valueNotFound = error else { return XCTFail("\(error)") }
    }
  }

  func testClassesWithASuperclass() throws {
    class Base: Codable {
      var a = 1
    }
    final class Derived: Base {
      var b = 2
      private enum Key: CodingKey { case b }
      required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        b = try container.decode(Int.self, forKey: .b)
        try super.init(from: try container.superDecoder())
      }
      override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(b, forKey: .b)
        try super.encode(to: container.superEncoder())
      }
    }
    let flat = try ValueDecoder(["a": 5, "b": 6, "super": ["a": 7]]).decode(Derived.self)
    XCTAssertEqual(flat.b, 6)
    let value = try ValueEncoder.encode(flat)
    let again = try ValueDecoder(value).decode(Derived.self)
    XCTAssertEqual([again.a, again.b], [flat.a, flat.b], "\(value)")
  }
}
