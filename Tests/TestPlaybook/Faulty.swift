import Fieldwork
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Researches whose units bring down their process in every way there is.
extension TestPlaybook {
  /// The research that the environment chooses; nil if it is none of these.
  var faulty: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "faulty": faults(domain: Self.listedFaults)
    case "crashing": crashing
    case "flaky": flaky
    case "all-failing": allFailing
    case "known-answer": knownAnswer
    case "checkpointed": checkpointed
    default: brief ?? sharing
    }
  }

  /// What `TEST_FAULTS` lists, with commas.
  private static var listedFaults: [String] {
    (environment["TEST_FAULTS"] ?? "none").split(separator: ",").map(String.init)
  }

  /// An experiment for each fault, which comes in the second of three iterations.
  private func faults(domain faults: [String]) -> Research {
    Research("faulty", iterations: 3) {
      Domain("fault" <- faults)
      Unit("before", saving: "x") { run in run.iteration }
      Unit("fault", when: .at(1)) { run in try await Self.commit(try run["fault", as: String.self])
      }
      Unit("after", saving: "y") { run in 10 * run.iteration }
      Dump(when: .at(0))
    }
  }

  private static func commit(_ fault: String) async throws {
    switch fault {
    case "none", "nothing", "no fault": break
    case "throw": throw Message(description: "thrown")
    case "trap":
      let empty: [Int] = []
      FileHandle.standardError.write(Data("the last words\n".utf8))
      print(empty[empty.count + iteration(0)])
    case "exit": exit(3)
    case "exit 0": exit(0)
    case "abort": abort()
    case "segv": print(UnsafePointer<Int>(bitPattern: 8)!.pointee)
    case "kill": kill(getpid(), SIGKILL)
    case "stop": raise(SIGSTOP)
    case "fork":
      // What it has forked lives on, and holds everything open that it held.
      typealias Fork = @convention(c) () -> Int32
      guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "fork") else { return }
      if unsafeBitCast(symbol, to: Fork.self)() == 0 { while true { sleep(1000) } }
      kill(getpid(), SIGKILL)
    case "hang": while true { usleep(10_000) }
    case "sleep": try await Task.sleep(for: .seconds(1000))
    case "close":
      // Without those that the system's own threads need.
      for descriptor in Int32(3)..<200 {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { continue }
        close(descriptor)
      }
    case "close standard": for descriptor in 0..<3 { close(Int32(descriptor)) }
    case "child":
      // A program that outlives its unit, unless somebody ends it.
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sleep")
      process.arguments = ["987"]
      try process.run()
      kill(getpid(), SIGKILL)
    case "child forever":
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sleep")
      process.arguments = ["988"]
      try process.run()
      process.waitUntilExit()
    case "flood":
      let line = Data((String(repeating: "e", count: 999) + "\n").utf8)
      for _ in 0..<100_000 { FileHandle.standardError.write(line) }
    case "flood output":
      let line = Data((String(repeating: "o", count: 999) + "\n").utf8)
      for _ in 0..<100_000 { FileHandle.standardOutput.write(line) }
    case "recursion": print(depth(0))
    default: throw Message(description: "no such fault: \(fault)")
    }
  }

  /// Keeps the compiler from knowing.
  @inline(never)
  private static func iteration(_ number: Int) -> Int { number + (getpid() > 0 ? 0 : 1) }

  @inline(never)
  private static func depth(_ number: Int) -> Int { number < 0 ? 0 : 1 + depth(number + 1) }

  /// Crashes in each of `TEST_COUNT` experiments.
  private var crashing: Research {
    let count = Int(Self.environment["TEST_COUNT"] ?? "") ?? 20
    return Research("crashing") {
      Domain("k" <- 0..<count)
      Unit("crash") { run in
        let k = try run["k", as: Int.self]
        if k >= 0 { _exit(9) }
      }
    }
  }

  /// Dies, or fails, as often as a file of the experiment is short of.
  private var flaky: Research {
    Research("flaky") {
      Domain("way" <- ["die", "throw"])
      Unit("try", saving: "tries") { run in
        let path = try run.directory() + "/../../\(run.id) tries"
        let tries = ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "") + "x"
        try tries.write(toFile: path, atomically: true, encoding: .utf8)
        guard tries.count < 3 else { return tries.count }
        if try run["way", as: String.self] == "die" { _exit(7) }
        throw Message(description: "not yet")
      }
    }
  }

  /// Appends a line to the file `TEST_JOURNAL`, if there is to be one.
  static func note(_ line: String) throws {
    guard let path = environment["TEST_JOURNAL"] else { return }
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard file >= 0 else { throw Message(description: "cannot open \(path)") }
    defer { close(file) }
    let bytes = Array((line + "\n").utf8)
    guard write(file, bytes, bytes.count) == bytes.count else {
      throw Message(description: "cannot write \(path)")
    }
  }

  private var allFailing: Research {
    Research("all-failing", workers: 1) {
      Domain("k" <- 0..<50)
      Unit("fail") { _ in throw Message(description: "no such file") }
    }
  }

  /// Some hundred short experiments whose results are known, and that say in a file each time that they
  /// begin and end.
  private var knownAnswer: Research {
    Research("known-answer", repetitions: 2, iterations: 3, seed: 5) {
      Domain("k" <- 0..<Int(Self.environment["TEST_COUNT"] ?? "60")!)
      Unit("draw", saving: "draw") { run in
        if run.iteration == 0 { try Self.note("begins \(run.id)") }
        return run.random.next() >> 12
      }
      Unit("work", saving: "square") { run in
        let k = try run["k", as: Int.self]
        usleep(UInt32(Self.environment["TEST_PAUSE"] ?? "") ?? 300)
        if run.isLast { try Self.note("ends \(run.id)") }
        return k * k + run.iteration
      }
    }
  }
}
