import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Has its own output captured, for tests that cannot have theirs: `OutputProbe <what> <folder>`.
@main
struct OutputProbe {
  static func main() throws {
    let arguments = CommandLine.arguments
    let failures = Protected(0)
    let capture = try OutputCapture(
      folder: ResearchFolder(directory: arguments[2], name: "test"),
      output: .both,
      error: .both
    ) { _ in failures.withLock { $0 += 1 } }
    switch arguments[1] {
    case "ways": try writeInAllWays(capture)
    case "much": writeMuch(capture)
    case "full":
      writeToFullDisk(capture)
      print("after, failures told: \(failures.withLock { $0 })")
    case "trap": trap(capture)
    default: fatalError("no such probe: \(arguments[1])")
    }
  }

  /// Each way of writing there is, two experiments in turn.
  private static func writeInAllWays(_ capture: OutputCapture) throws {
    print("before")
    capture.begin()
    print("outside")
    for turn in 1...2 {
      for experiment in ["a", "b"] {
        capture.enter(experiment)
        print("print \(experiment)\(turn)")
        CStreams.put("fputs \(experiment)\(turn)\n")
        CStreams.putFormatted(turn)
        capture.leave()
        capture.enter(experiment)
        FileHandle.standardOutput.write(Data("FileHandle \(experiment)\(turn)\n".utf8))
        try shell("echo child \(experiment)\(turn); echo child error >&2")
        CStreams.putError("fputs error\n")
        capture.leave()
      }
    }
    print("between")
    capture.end()
    print("after")
  }

  private static func shell(_ command: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    try process.run()
    process.waitUntilExit()
  }

  /// 100 MB in one turn; says by how many MB the memory has grown.
  private static func writeMuch(_ capture: OutputCapture) {
    let line = String(repeating: "x", count: 999) + "\n"
    let before = peakMemory()
    capture.begin()
    capture.enter("a")
    for _ in 0..<100_000 { CStreams.put(line) }
    capture.leave()
    capture.end()
    print((peakMemory() - before) / 1_000_000)
  }

  /// In bytes.
  private static func peakMemory() -> Int {
    var usage = rusage()
    // RUSAGE_SELF, which has another type on each system.
    getrusage(0, &usage)
    #if canImport(Darwin)
      return Int(usage.ru_maxrss)
    #else
      return Int(usage.ru_maxrss) * 1024
    #endif
  }

  /// The file of the research, and that of experiment `a`, are `/dev/full`.
  private static func writeToFullDisk(_ capture: OutputCapture) {
    capture.begin()
    print("lost outside")
    for experiment in ["a", "b"] {
      capture.enter(experiment)
      print("of \(experiment)")
      capture.leave()
    }
    capture.end()
  }

  private static func trap(_ capture: OutputCapture) {
    capture.begin()
    capture.enter("a")
    CStreams.putError("last words\n")
    fatalError("the process dies")
  }
}
