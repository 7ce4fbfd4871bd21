import XCTest

@testable import FieldworkRuntime

final class CrashTraceTests: XCTestCase {
  private let text = """
    *** Signal 4: Backtracing from 0x7f939b36df7f... done ***

    Thread 4 "oot":

      0  0x00007f9399d4f974 recv + 100 in libc.so.6
      1 [ra] 0x000055d142f3f5ee other() + 1 in Mine at /home/me/mine/Sources/Mine/Other.swift:1

    Thread 5 "-qos.overcommit" crashed:

      0                  0x00007f939b36df7f closure #1 in _assertionFailure(_:_:) + 623 in libswiftCore.so
      1 [ra]             0x000055d142f3f5ee static Model.train(_:) + 2301 in Mine at /home/me/mine/Sources/Mine/Model.swift:49:18
      2 [async]          0x000055d142f3ec00 closure #2 in Mine.research.getter in Mine at /home/me/mine/Sources/Mine/Mine.swift:35
      3 [async]          0x000055d1425fcea0 closure #1 in ExecutableUnit.init<A>() in Mine at /home/me/mine/.build/checkouts/fieldwork/Sources/Fieldwork/Elements/Unit.swift:70
      4 [async] [thunk]  0x000055d1425fd0d0 partial apply for closure #1 in Mine at //<compiler-generated>
      5 [async]          0x000055d1429e0310 TaskMember.execute() in Mine at /else/Sources/FieldworkRuntime/TaskMember.swift:59

    Registers:

    rax 0x0000000000000000  0

    """

  func testOwnCalls() {
    var trace = CrashTrace()
    trace.append(text)
    XCTAssertEqual(
      trace.ownCalls,
      [
        "static Model.train(_:), Mine/Model.swift:49",
        "closure #2 in Mine.research.getter, Mine/Mine.swift:35",
      ]
    )
    XCTAssertEqual(
      trace.text(path: "research/mine/crashes.log"),
      """
        at static Model.train(_:), Mine/Model.swift:49
        at closure #2 in Mine.research.getter, Mine/Mine.swift:35
        the whole trace is in research/mine/crashes.log

      """
    )
  }

  func testWhatBeginsATrace() {
    XCTAssertTrue(CrashTrace.begins(with: "*** Signal 11: Backtracing from 0x0... done ***"))
    XCTAssertTrue(CrashTrace.begins(with: "*** Program crashed: Bad pointer ***"))
    XCTAssertFalse(CrashTrace.begins(with: "Swift/Array.swift:692: Fatal error: Index"))
  }

  func testTracesOfForeignCodeHaveNoOwnCalls() {
    var trace = CrashTrace()
    trace.append("*** Signal 9\nThread 0 crashed:\n\n0 0x00 f in libc.so\n")
    XCTAssertEqual(trace.ownCalls, [])
    XCTAssertEqual(trace.text(path: nil), "")
  }
}
