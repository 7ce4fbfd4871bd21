import FieldworkCore
import XCTest

final class DeviceListTests: XCTestCase {
  func testLiterals() {
    let number = 3
    let lists: [(DeviceList, DeviceList)] = [
      (nil, .noDevice),
      (0, .number(0)),
      ("cuda:1", .name("cuda:1")),
      ("cuda:\(number)", .name("cuda:3")),
      ([], .list([])),
      ([0, "1", nil], .list([.number(0), .name("1"), .noDevice])),
      ([[0, 1], [2]], .list([.list([.number(0), .number(1)]), .list([.number(2)])])),
      ([[[0]], 1], .list([.list([.list([.number(0)])]), .number(1)])),
      (DeviceList([0, 1]), [0, 1]),
      (DeviceList(0..<3), [0, 1, 2]),
      (DeviceList(["a", "b"]), ["a", "b"]),
    ]
    for (written, expected) in lists { XCTAssertEqual(written, expected) }
  }

  func testTextsAreRead() throws {
    let texts: [(String, DeviceList)] = [
      ("none", nil), ("None", nil), ("nil", nil), ("null", nil), (" none ", nil),
      ("0", 0), ("12", 12), ("cuda:0", "cuda:0"), ("GPU-1a-2b", "GPU-1a-2b"), ("\"0\"", "0"),
      ("0,1,2", [0, 1, 2]), (" 0 , 1 ", [0, 1]), ("[0]", [0]), ("[0,1,2]", [0, 1, 2]),
      ("0,'1',cuda:2,none", [0, "1", "cuda:2", nil]),
      ("[[0,1],[2,3]]", [[0, 1], [2, 3]]), ("[0,1],[2,3]", [[0, 1], [2, 3]]),
      ("[[[0,1]],[[2,3]]]", [[[0, 1]], [[2, 3]]]), ("[ [none], [ 0 ] ]", [[nil], [0]]),
      ("[0,[1,2]],[[3,4],5]", [[0, [1, 2]], [[3, 4], 5]]), ("-1", -1),
    ]
    for (text, expected) in texts { XCTAssertEqual(try DeviceList(parsing: text), expected, text) }
  }

  func testWhatCannotBeReadIsRefused() {
    let texts: [(String, String)] = [
      ("", "expected a device, at the end"), ("  ", "expected a device, at the end"),
      (",", "expected a device, before \",\""), ("0,", "expected a device, at the end"),
      (",0", "expected a device"), ("0,,1", "expected a device, before \",1\""),
      ("0 1", "expected ',', before \"1\""), ("[", "expected a device, at the end"),
      ("[0", "expected ',' or ']', at the end"), ("0]", "expected ',', before \"]\""),
      ("]", "expected a device, before \"]\""), ("[0,]", "expected a device, before \"]\""),
      ("[0 1]", "expected ',' or ']', before \"1]\""), ("[0][1]", "expected ','"),
      ("[]", "is empty; write 'none'"), ("[[0],[]]", "is empty; write 'none'"),
      ("'0", "a quote is not closed"), ("0'1'", "expected ','"),
      ("[[[[0]]]]", "three deep at most"),
      (String(repeating: "[", count: 100_000), "three deep at most"),
    ]
    for (text, reason) in texts {
      assertThrows(.unreadableText, containing: "cannot read the devices", reason, "0,1,2") {
        try DeviceList(parsing: text)
      }
    }
  }

  /// All lists of up to three levels with up to two entries each.
  private func lists(depth: Int) -> [DeviceList] {
    let single: [DeviceList] = [nil, 0, 10, "cuda:1", "0"]
    guard depth > 0 else { return single }
    let inner = lists(depth: depth - 1)
    let few = depth == 1 ? inner : Array(inner.suffix(7)) + inner.prefix(3)
    return single + few.map { [$0] } + few.flatMap { first in few.map { [first, $0] } }
  }

  func testDescriptionsAndValuesGiveTheListBack() throws {
    XCTAssertEqual("\([0, "cuda:1", [nil, 2]] as DeviceList)", "[0, \"cuda:1\", [nil, 2]]")
    let lists = lists(depth: 3)
    XCTAssertGreaterThan(lists.count, 100)
    for list in lists {
      XCTAssertEqual(try DeviceList(parsing: list.description), list)
      XCTAssertEqual(DeviceList(list.value), list)
    }
  }

  func testOtherValuesAreNoDevices() {
    for value: Value in [true, 0.5, ["a": 1], [0, 1.0], [[true]]] {
      XCTAssertNil(DeviceList(value), "\(value)")
    }
  }
}
