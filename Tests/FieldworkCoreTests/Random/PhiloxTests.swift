import FieldworkCore
import XCTest

final class PhiloxTests: XCTestCase {
  /// The known-answer vectors of Random123 for philox4x64-10; numpy's generator gives the same.
  func testKnownAnswers() {
    let ones = UInt64.max
    let vectors: [(Philox.Counter, Philox.Key, Philox.Counter)] = [
      (
        Philox.Counter(), Philox.Key(),
        Philox.Counter(
          0x1655_4d9e_ca36_314c,
          0xdb20_fe9d_672d_0fdc,
          0xd7e7_72ce_e186_176b,
          0x7e68_b68a_ec7b_a23b
        )
      ),
      (
        Philox.Counter(repeating: ones), Philox.Key(repeating: ones),
        Philox.Counter(
          0x87b0_92c3_013f_e90b,
          0x438c_3c67_be8d_0224,
          0x9cc7_d7c6_9cd7_77b6,
          0xa09c_aebf_594f_0ba0
        )
      ),
      (
        Philox.Counter(
          0x243f_6a88_85a3_08d3,
          0x1319_8a2e_0370_7344,
          0xa409_3822_299f_31d0,
          0x082e_fa98_ec4e_6c89
        ),
        Philox.Key(0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6c),
        Philox.Counter(
          0xa528_f454_03e6_1d95,
          0x38c7_2dbd_566e_9788,
          0xa5a1_610e_72fd_18b5,
          0x57bd_43b5_e52b_7fe6
        )
      ),
    ]
    for (counter, key, expected) in vectors {
      XCTAssertEqual(Philox.block(key: key, counter: counter), expected)
    }
  }

  func testTheStreamIsTheBlocksInOrder() {
    let key = Philox.Key(3, 4)
    var generator = Philox(key: key, counter: Philox.Counter(.max, 5, 6, 7))
    for counter in [Philox.Counter(.max, 5, 6, 7), Philox.Counter(0, 6, 6, 7)] {
      let block = Philox.block(key: key, counter: counter)
      for index in 0..<4 { XCTAssertEqual(generator.next(), block[index]) }
    }
  }

  func testACopyGoesOnAlike() {
    var first = Philox(seed: 7)
    for _ in 0..<5 { _ = first.next() }
    var second = first
    XCTAssertEqual(first, second)
    for _ in 0..<9 { XCTAssertEqual(first.next(), second.next()) }
  }

  func testSplittingDependsOnKeyAndLabelAlone() {
    var parent = Philox(seed: 1)
    let before = parent.split("a")
    for _ in 0..<100 { _ = parent.next() }
    XCTAssertEqual(parent.split("a"), before)
    var seen = Set<UInt64>()
    for seed in UInt64(0)..<10 {
      for label in ["", "a", "b", "ab"] {
        var stream = Philox(seed: seed).split(label)
        seen.insert(stream.next())
      }
      var stream = Philox(seed: seed)
      seen.insert(stream.next())
    }
    XCTAssertEqual(seen.count, 50)
    XCTAssertNotEqual(before.split("b"), Philox(seed: 1).split("b").split("a"))
    XCTAssertEqual(Philox(text: "x"), Philox(text: "x"))
    XCTAssertNotEqual(Philox(text: "x"), Philox(text: "y"))
  }

  func testUnits() {
    var generator = Philox(seed: 2)
    let values = (0..<20_000).map { _ in generator.nextUnit() }
    XCTAssertTrue(values.allSatisfy { (0..<1).contains($0) })
    XCTAssertTrue(values.allSatisfy { ($0 * 0x1p53).rounded() == $0 * 0x1p53 })
    assertDistribution(values, "unit") { $0 }
    let positive = (0..<20_000).map { _ in generator.nextPositiveUnit() }
    XCTAssertTrue(positive.allSatisfy { $0 > 0 && $0 <= 1 })
    assertDistribution(positive, "positive unit") { $0 }
  }

  func testIntegersBelowABound() {
    var generator = Philox(seed: 3)
    for bound: UInt64 in [1, 2, 3, 7, 10] {
      let values = (0..<10_000).map { _ in Int(generator.nextInteger(below: bound)) }
      XCTAssertTrue(values.allSatisfy { $0 >= 0 && $0 < bound }, "\(bound)")
      guard bound > 1 else { continue }
      assertProbabilities(values, in: 0...Int(bound - 1), "below \(bound)") { _ in
        1 / Double(bound)
      }
    }
    // A bound for which a third of all words has to be drawn again.
    let bound: UInt64 = 0xC000_0000_0000_0000
    let thirds = (0..<10_000).map { _ in Int(generator.nextInteger(below: bound) >> 62) }
    assertProbabilities(thirds, in: 0...2, "below \(bound)") { _ in 1.0 / 3 }
  }
}
