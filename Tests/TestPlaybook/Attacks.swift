import Fieldwork
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Researches whose units do to their process, to the store or to other experiments what they should not.
extension TestPlaybook {
  var attacking: Research? {
    switch Self.environment["TEST_PLAYBOOK"] {
    case "deep": deep
    case "atexit": lingering
    case "chdir": wandering
    case "leftovers": leftovers
    case "noisy": noisy
    case "leaky": leaky
    case "forking": forking
    case "daemon": daemon
    case "iterating": iterating
    case "grown": grown
    case "huge": huge
    case "wide": wide
    case "masked": masked
    case "overflow": overflow
    case "controls": controls
    case "dates": dates
    default: nil
    }
  }

  private static func number(_ name: String, _ usual: Int) -> Int {
    environment[name].flatMap { Int($0) } ?? usual
  }

  /// The second experiment saves a value of too many levels.
  private var deep: Research {
    Research("deep", seed: 1) {
      Domain("x" <- 1...8)
      Unit("f", saving: "tree") { run in
        var value: Value = 1
        for _ in 0..<(try run["x"] == 2 ? Self.number("TEST_DEPTH", 250) : 2) {
          value = .list([value])
        }
        return value
      }
    }
  }

  private var lingering: Research {
    Research("atexit", seed: 1, workers: 1) {
      Domain("x" <- 1...2)
      Unit("f", saving: "y") { _ in
        atexit { sleep(1000) }
        return 1
      }
    }
  }

  private var wandering: Research {
    Research("chdir", seed: 1, workers: 1) {
      Domain("x" <- 1...3)
      Unit("f", saving: "y") { run -> String in
        let before = FileManager.default.currentDirectoryPath
        _ = chdir(try run.directory())
        try "\(try run["x", as: Int.self])".write(
          toFile: "out.txt",
          atomically: false,
          encoding: .utf8
        )
        print("printed by \(try run["x", as: Int.self])")
        return before
      }
    }
  }

  /// Counts the files that it finds in its folder, and fails as often as asked for.
  private var leftovers: Research {
    Research("leftovers", seed: 1, workers: 1) {
      Domain("x" <- 1...2)
      Unit("f", saving: "found") { run -> Int in
        let path = try run.directory()
        let found = try FileManager.default.contentsOfDirectory(atPath: path)
          .filter { !$0.hasPrefix("attempt-") && $0 != "experiment.log" }
        try FileManager.default.createDirectory(
          atPath: path + "/sub",
          withIntermediateDirectories: true
        )
        for name in ["log.csv", "sub/inner.csv"] {
          try "row\n".write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
        }
        let mark = path + "/../../\(run.id) tries"
        let tries = ((try? String(contentsOfFile: mark, encoding: .utf8)) ?? "") + "x"
        try tries.write(toFile: mark, atomically: true, encoding: .utf8)
        guard try run["x"] == 1 || tries.count > Self.number("TEST_FAILS", 0) else {
          throw Message(description: "not yet")
        }
        return found.count
      }
    }
  }

  /// The second experiment prints many bytes to both streams.
  private var noisy: Research {
    Research("noisy", seed: 1, workers: 1) {
      Domain("x" <- 1...3)
      Unit("f", saving: "y") { run -> Int in
        let x = try run["x", as: Int.self]
        print("begin \(x)")
        fflush(nil)
        FileHandle.standardError.write(Data("error begin \(x)\n".utf8))
        if x == 2 {
          let line = Data((String(repeating: "o", count: 9999) + "\n").utf8)
          for _ in 0..<Self.number("TEST_BYTES", 0) / 10_000 {
            FileHandle.standardOutput.write(line)
            FileHandle.standardError.write(line)
          }
        }
        print("end \(x)")
        fflush(nil)
        FileHandle.standardError.write(Data("error end \(x)\n".utf8))
        return x
      }
    }
  }

  /// Some experiments leave files open, or close the standard streams; the others open many and close them.
  private var leaky: Research {
    Research("leaky", seed: 1, workers: 1) {
      Domain("x" <- 0..<12)
      Unit("f", saving: "opened") { run -> Int in
        let x = try run["x", as: Int.self]
        let way = Self.environment["TEST_WAY"]
        if way == "streams", x == 1 {
          for descriptor in 0..<3 as Range<Int32> { close(descriptor) }
          return 0
        }
        var files: [Int32] = []
        for _ in 0..<(way == "files" && x % 4 == 1 ? 150 : 60) {
          let file = open("/dev/null", O_RDONLY)
          guard file >= 0 else { throw Message(description: "cannot open a file: \(errno)") }
          files.append(file)
        }
        if way != "files" || x % 4 != 1 { for file in files { close(file) } }
        return files.count
      }
    }
  }

  /// A process that a unit has forked goes on after the unit.
  private var forking: Research {
    Research("forking", seed: 1, workers: 1) {
      Domain("x" <- 1...4)
      Unit("f", saving: "y") { run -> Int in
        let x = try run["x", as: Int.self]
        typealias Fork = @convention(c) () -> Int32
        if x == 2, let symbol = dlsym(dlopen(nil, RTLD_NOW), "fork") {
          let process = unsafeBitCast(symbol, to: Fork.self)()
          if process == 0, Self.environment["TEST_WAY"] == "throw" {
            throw Message(description: "thrown by the fork")
          }
          if process > 0 { usleep(200_000) }
        }
        return x
      }
    }
  }

  /// Starts a program in a session of its own and dies.
  private var daemon: Research {
    Research("daemon", seed: 1, workers: 1) {
      Domain("x" <- 1...1)
      Unit("f", saving: "y") { _ -> Int in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments = ["/bin/sleep", Self.environment["TEST_SECONDS"] ?? "989"]
        try process.run()
        usleep(300_000)
        if Self.environment["TEST_WAY"] == "die" { kill(getpid(), SIGKILL) }
        if Self.environment["TEST_WAY"] == "wait" { sleep(1000) }
        return 1
      }
    }
  }

  private var iterating: Research {
    Research("iterating", iterations: 60, seed: 1, workers: 2, checkpoint: .every(1000)) {
      Domain("x" <- 1...2)
      Unit("f", saving: "y") { run in
        usleep(UInt32(Self.number("TEST_PAUSE", 100_000)))
        return run.iteration
      }
    }
  }

  private var grown: Research {
    let values = (Self.environment["TEST_VALUES"] ?? "a,b").split(separator: ",").map(String.init)
    return Research("grown", seed: 1, idPrefix: 2, workers: 1) {
      Domain("a" <- values)
      Unit("f", saving: "y") { run -> Int in
        let a = try run["a", as: String.self]
        try a.write(
          toFile: try run.directory() + "/a.txt",
          atomically: false,
          encoding: .utf8
        )
        if Self.environment["TEST_FAIL"] == a { throw Message(description: "fails") }
        return 1
      }
    }
  }

  private var huge: Research {
    Research("huge", seed: 1) {
      Domain("a" <- 1...1_000_000) * Domain("b" <- 1...1_000_000)
      Unit("f", saving: "y") { 1 }
    }
  }

  /// Many parameters.
  private var wide: Research {
    let parameters = (0..<Self.number("TEST_COUNT", 2000)).map { "p\($0)" <- [1] }
    return Research("wide", seed: 1, workers: 1) {
      Domain("x" <- 1...4) * Domain(parameters)
      Unit("f", saving: "y") { run in try run["p1", as: Int.self] + (try run["x", as: Int.self]) }
    }
  }

  private var masked: Research {
    Research("masked", seed: 1, workers: 2) {
      Domain("x" <- 1...4)
      Unit("f", saving: ["visible", "hip"]) {
        [
          Self.environment["CUDA_VISIBLE_DEVICES"] ?? "-",
          Self.environment["HIP_VISIBLE_DEVICES"] ?? "-",
        ]
      }
    }
  }

  private var overflow: Research {
    Research("overflow", configs: 5, seed: 1) {
      Domain("seed" <- .integers(0...Int.max) * 2 + 1)
      Unit("f", saving: "y") { 1 }
    }
  }

  private var controls: Research {
    Research("controls", seed: 1, workers: 1) {
      Domain("x" <- ["\u{1B}[2Jclear", "c1\u{9B}2J", "bidi\u{202E}txt"])
      Unit("f", saving: "y") { run -> String in
        let x = try run["x", as: String.self]
        if Self.environment["TEST_FAIL"] != nil { throw Message(description: "bad \(x)") }
        FileHandle.standardError.write(Data("says \(x)\n".utf8))
        return x
      }
    }
  }

  private var dates: Research {
    struct Made: Encodable, Sendable { let at = Date(timeIntervalSince1970: 0) }
    return Research("dates", seed: 1, workers: 1) {
      Domain("x" <- 1...1)
      Unit("f", saving: "list") {
        Value.list([.double(.infinity), .double(-0.0), .double(-.infinity), .double(.nan)])
      }
      Unit("g", saving: "date") { Made() }
    }
  }
}
