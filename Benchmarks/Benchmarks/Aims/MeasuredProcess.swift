import Foundation

/// What a process printed as the result of a measurement.
struct Measurement: Decodable {
  /// How many there were of what was timed.
  let n: Int
  let seconds: Double
  /// Of a run with `--memory`, in bytes.
  let peakAtQuarter: Int?
  let peak: Int?
}

/// Why something could not be measured.
struct NotMeasured: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// A program that is run once, and waited for.
struct MeasuredProcess {
  let program: String
  let arguments: [String]
  /// The variables that the process gets beside those of this one.
  var environment: [String: String] = [:]

  /// This executable.
  static var own: String { Bundle.main.executablePath ?? CommandLine.arguments[0] }

  /// Runs the program and gives the measurement in the last line that it prints.
  /// - Throws: ``NotMeasured``.
  func measurement() throws -> Measurement {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let output = try run().output
    guard let line = Self.lines(output).last,
      let measurement = try? decoder.decode(Measurement.self, from: Data(line.utf8))
    else { throw NotMeasured("\(program) printed no measurement") }
    return measurement
  }

  /// Runs the program.
  /// - Returns: what it printed, when it was started, and the seconds until it had closed its output.
  /// - Throws: ``NotMeasured`` if it cannot be started or does not end with 0.
  @discardableResult
  func run() throws -> (output: String, start: Double, seconds: Double) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program.contains("/") ? program : "/usr/bin/env")
    process.arguments = program.contains("/") ? arguments : [program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    let start = MonotonicClock.seconds
    do {
      try process.run()
    } catch {
      throw NotMeasured("\(program) cannot be started")
    }
    let output = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
    // Not after `waitUntilExit`, which looks every now and then.
    let seconds = MonotonicClock.seconds - start
    process.waitUntilExit()
    let text = String(decoding: output, as: UTF8.self)
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let ending = "\(program) ended with \(process.terminationStatus)"
      throw NotMeasured(Self.lines(text).last ?? ending)
    }
    return (text, start, seconds)
  }

  private static func lines(_ text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map(String.init)
  }
}
