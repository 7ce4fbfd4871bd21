import FieldworkStore
import Foundation

/// What is known of the machine, the system and the process.
struct EnvironmentProvenance: Sendable {
  private let programs: ProgramRunner
  private let mask: SecretMask
  private let arguments: [String]
  private let gpus: (@Sendable () async -> [String])?

  /// - Parameter gpus: gives the GPUs, one text each; nil to ask the driver's own program.
  init(
    _ programs: ProgramRunner,
    mask: SecretMask,
    arguments: [String],
    gpus: (@Sendable () async -> [String])?
  ) {
    self.programs = programs
    self.mask = mask
    self.arguments = arguments
    self.gpus = gpus
  }

  func entries() async -> [ProvenanceEntry] {
    async let compiler = compiler()
    async let gpus = graphics()
    async let processor = processor()
    let system = SystemName()
    let process = ProcessInfo.processInfo
    return await [
      ProvenanceEntry("host", system.host),
      ProvenanceEntry("system", process.operatingSystemVersionString),
      ProvenanceEntry("kernel", system.kernel),
      ProvenanceEntry("architecture", system.architecture),
      ProvenanceEntry("processor", processor),
      ProvenanceEntry(
        "cores",
        Self.cores(process.activeProcessorCount, of: process.processorCount)
      ),
      ProvenanceEntry("memory", Self.gibibytes(process.physicalMemory)),
      ProvenanceEntry("gpu", gpus),
      ProvenanceEntry("swift", compiler),
      ProvenanceEntry("build", Self.build),
      ProvenanceEntry("build hash", BuildIdentity.current ?? "(not known)"),
      ProvenanceEntry("folder", programs.folder),
      ProvenanceEntry("executable", Bundle.main.executablePath ?? arguments.first ?? "(not known)"),
      ProvenanceEntry("command line", ShellWords.joined(mask.masked(arguments: arguments))),
      ProvenanceEntry("process", String(process.processIdentifier)),
      ProvenanceEntry("time zone", Self.timeZone(.current)),
      ProvenanceEntry("time", Date().formatted(.iso8601)),
    ]
  }

  // MARK: Items

  /// What the compiler on the search path says of itself. It may be another one than the one that made
  /// the executable, which does not know its own version.
  private func compiler() async -> String {
    let result = await programs.run(["swift", "--version"])
    guard result.hasSucceeded else { return "(\(result.remark ?? ""))" }
    return result.output.text.split(separator: "\n").first.map(String.init) ?? "(none)"
  }

  private func graphics() async -> String {
    if let gpus {
      let all = await gpus()
      return all.isEmpty ? "(none)" : all.joined(separator: "\n")
    }
    let result = await programs.run([
      "nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader",
    ])
    // The program stands on machines without a GPU too, and fails there.
    return result.output.text.isEmpty && result.hasSucceeded ? "(none)" : result.report
  }

  private func processor() async -> String {
    #if os(macOS)
      let result = await programs.run(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"])
      return result.report
    #else
      let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
      return text.flatMap(Self.processor) ?? "(not told by the system)"
    #endif
  }

  /// The model of the first processor of `/proc/cpuinfo`.
  static func processor(_ information: String) -> String? {
    for line in information.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      if parts.count == 2, ["model name", "cpu model", "cpu"].contains(parts[0].lowercased()) {
        return parts[1]
      }
    }
    return nil
  }

  static func cores(_ active: Int, of all: Int) -> String {
    active == all ? String(all) : "\(active) of \(all)"
  }

  static func gibibytes(_ bytes: UInt64) -> String {
    let tenths = (Double(bytes) / 1_073_741_824 * 10).rounded()
    return "\(tenths / 10) GiB"
  }

  static func timeZone(_ zone: TimeZone, at date: Date = Date()) -> String {
    let minutes = zone.secondsFromGMT(for: date) / 60
    let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
    let offset = [hours, rest].map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
    return "\(zone.identifier) (UTC\(minutes < 0 ? "-" : "+")\(offset))"
  }

  private static var build: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }
}

/// How the system calls the machine and itself.
private struct SystemName {
  let host: String
  let kernel: String
  let architecture: String

  init() {
    var name = utsname()
    guard uname(&name) == 0 else {
      (host, kernel, architecture) = ("(not known)", "(not known)", "(not known)")
      return
    }
    host = Self.text(name.nodename)
    kernel = Self.text(name.sysname) + " " + Self.text(name.release)
    architecture = Self.text(name.machine)
  }

  /// The text in an array of C, which is a tuple here.
  private static func text(_ characters: some Any) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
