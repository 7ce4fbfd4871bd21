import XCTest

@testable import FieldworkRuntime

/// Which lines of a dead process's standard error are kept.
final class OutputTailTests: XCTestCase {
  private func kept(_ text: String) -> [String] {
    var tail = OutputTail()
    Array(text.utf8).withUnsafeBytes { tail.append($0) }
    return tail.text.split(separator: "\n").map(String.init)
  }

  private let trace = """
    *** Signal 4: Backtracing from 0x7f... done ***

    *** Program crashed: Illegal instruction at 0x7f ***

    Thread 0 "main":

      0 0x1 sigsuspend in libc.so.6
    ...

    Thread 5 "worker" crashed:

      0 0x2 assertionFailure in libswiftCore.so
      1 0x3 train(_:) in Mine at /home/me/Mine.swift:19:18
      2 0x4 run() in Mine at /home/me/Run.swift:1

    Registers:

    rax 0x0
    """

  func testTheThreadThatCrashedIsKept() {
    let lines = kept("a\nb\nThread pool started\nMine.swift:19: Fatal error: boom\n\n\(trace)\n")
    XCTAssertTrue(lines.contains("Mine.swift:19: Fatal error: boom"), "\(lines)")
    XCTAssertTrue(lines.contains("Thread pool started"), "\(lines)")
    XCTAssertTrue(lines.contains { $0.contains("Mine.swift:19:18") }, "\(lines)")
    XCTAssertFalse(lines.contains { $0.contains("sigsuspend") || $0.contains("rax") }, "\(lines)")
    XCTAssertLessThanOrEqual(lines.count, 30)
  }

  func testACrashWithoutWords() {
    let lines = kept("before\n\n\(trace)\n")
    XCTAssertEqual(lines.first, "before")
    XCTAssertTrue(lines.contains { $0.contains("Mine.swift:19:18") }, "\(lines)")
  }

  /// What merely looks like a crash is output like any other: its last lines are kept.
  func testWordsThatLookLikeACrash() {
    let many = (1...60).map { "line \($0)" }.joined(separator: "\n")
    for start in ["*** epoch 1 done ***", "x: Backtracing from here", "Thread 1 crashed:"] {
      XCTAssertEqual(kept("\(start)\n\(many)\nthe real reason\n").last, "the real reason", start)
    }
  }

  /// Bytes have numbers, so what two tasks have written is told apart however it arrives.
  func testPartsByTheNumbersOfTheirBytes() {
    var tail = OutputTail()
    func append(_ text: String) { Array(text.utf8).withUnsafeBytes { tail.append($0) } }
    append("first\nsec")
    append("ond\nthird\n")
    XCTAssertEqual(tail.text(in: 0..<6), "first")
    XCTAssertEqual(tail.text(in: 6..<13), "second")
    XCTAssertEqual(tail.text(in: 6..<100), "second\nthird")
    XCTAssertEqual(tail.text(in: 100..<200), "")
    tail.forget(upTo: 13)
    XCTAssertEqual(tail.text, "third")
    tail.forget(upTo: nil)
    XCTAssertEqual(tail.text, "")
    append(String(repeating: "x", count: 1_000_000) + "\nlast\n")
    XCTAssertEqual(tail.text(in: 0..<6), "", "it is not kept any more")
    XCTAssertTrue(tail.text.hasSuffix("last"))
  }

  func testLongOutput() {
    let many = (1...100_000).map { "line \($0)" }.joined(separator: "\n")
    XCTAssertEqual(kept(many).last, "line 100000")
    XCTAssertEqual(kept(many).count, 20)
    XCTAssertEqual(kept(""), [])
  }
}
