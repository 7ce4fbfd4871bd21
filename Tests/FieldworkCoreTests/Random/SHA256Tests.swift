import FieldworkCore
import XCTest

final class SHA256Tests: XCTestCase {
  func testVectorsOfTheStandard() {
    let vectors = [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          + "lmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ]
    for (text, digest) in vectors {
      XCTAssertEqual(SHA256.hexDigest(of: text), digest, "\(text.prefix(40))")
    }
  }

  func testEveryLengthAboutABlock() {
    // The digest of the digests of "", "a", "aa", … "a" × 130, from Python's hashlib.
    let digests = (0...130).map { SHA256.hexDigest(of: String(repeating: "a", count: $0)) }
    XCTAssertEqual(Set(digests).count, 131)
    XCTAssertEqual(
      SHA256.hexDigest(of: digests.joined()),
      "5eee4c50e1b5ec4f1a47f34c25ca988850b49da7904f5ab1b3abc5cc0ae66ef9"
    )
  }

  func testLength() {
    XCTAssertEqual(SHA256.hexDigest(of: "abc", length: 16), "ba7816bf8f01cfea")
    XCTAssertEqual(SHA256.words(of: "abc").first, 0xba78_16bf)
    XCTAssertEqual(SHA256.hexDigest(of: "ä").count, 64)
  }
}
