import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The process that has the right to write a store, as it has written itself into the lock file.
package struct RunHolder: Sendable, Hashable {
  package let process: Int32
  /// When it took the right, in seconds since 1970; nil if that is not known.
  package var began: Double?
  /// The name of its machine; nil if that is not known.
  package var host: String?
  /// Its command line; nil if that is not known.
  package var command: String?
  /// What tells it from a later process of the same number; nil where the system does not say.
  var birth: Int?
  /// The number of its job in a batch system; nil if it has none.
  package var job: String?
  /// The number of times that the batch system had started its job before; nil if it has no job.
  package var restarts: Int?
  /// The name that no other holder has, on a file system that several machines use; nil elsewhere.
  var session: String?
  /// A number that grows while it lives; nil if it says none.
  package var beat: Int?

  /// This process.
  static func current(command: String?) -> RunHolder {
    RunHolder(
      process: getpid(),
      began: Date().timeIntervalSince1970,
      host: ownHost,
      command: command,
      birth: birth(of: getpid())
    )
  }

  package static let ownHost: String? = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return nil }
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }()

  package init(
    process: Int32,
    began: Double? = nil,
    host: String? = nil,
    command: String? = nil,
    birth: Int? = nil
  ) {
    self.process = process
    self.began = began
    self.host = host
    self.command = command
    self.birth = birth
  }

  // MARK: In the lock file

  /// One line of JSON.
  var text: String {
    var values: [String: Value] = ["process": .int(Int(process))]
    values["began"] = began.map(Value.double)
    values["host"] = host.map(Value.string)
    values["command"] = command.map(Value.string)
    values["birth"] = birth.map(Value.int)
    values["job"] = job.map(Value.string)
    values["restarts"] = restarts.map(Value.int)
    values["session"] = session.map(Value.string)
    values["beat"] = beat.map(Value.int)
    return Value.dictionary(values).jsonText + "\n"
  }

  /// Reads what stands in a lock file; earlier versions wrote the number of the process and no more.
  init?(text: String) {
    guard let line = text.split(whereSeparator: \.isNewline).first else { return nil }
    if let number = Int32(line) {
      self.init(process: number)
      return
    }
    guard case .dictionary(let values)? = try? Value(parsing: String(line)),
      let process = values["process"].flatMap(Int.init).flatMap(Int32.init(exactly:)), process > 0
    else { return nil }
    self.init(
      process: process,
      began: values["began"].flatMap(Double.init),
      host: values["host"].flatMap(String.init),
      command: values["command"].flatMap(String.init),
      birth: values["birth"].flatMap(Int.init)
    )
    job = values["job"].flatMap(String.init)
    restarts = values["restarts"].flatMap(Int.init)
    session = values["session"].flatMap(String.init)
    beat = values["beat"].flatMap(Int.init)
  }

  // MARK: The process

  /// Whether it runs on this machine, as far as is known.
  package var isOnThisHost: Bool { host == nil || host == Self.ownHost }

  /// Whether the process is there: the one that wrote itself into the file, and no later one of its number.
  package var isAlive: Bool {
    guard isOnThisHost else { return true }
    guard kill(process, 0) == 0 || errno == EPERM else { return false }
    guard let birth, let now = Self.birth(of: process) else { return true }
    return birth == now
  }

  /// When a process was started, in the system's own count.
  private static func birth(of process: Int32) -> Int? {
    #if os(Linux)
      guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        // The name before may have spaces and parentheses in it.
        let end = text.lastIndex(of: ")")
      else { return nil }
      let fields = text[text.index(after: end)...].split(separator: " ")
      return fields.count > 19 ? Int(fields[19]) : nil
    #else
      return nil
    #endif
  }
}

extension RunHolder: CustomStringConvertible {
  /// `process 4711 on host since 2026-11-24 10:41:14 (Digits --workers 2)`.
  package var description: String {
    var text = "process \(process)"
    if let host { text += " on \(host)" }
    if let job { text += " in job \(job)" }
    if let began { text += " since \(LocalTime.text(began))" }
    if let command { text += " (\(command))" }
    return text
  }
}

/// Times for people.
package enum LocalTime {
  /// A time in seconds since 1970 as `2026-11-24 10:41:14`, in the zone of the machine.
  package static func text(_ time: Double) -> String {
    var seconds = time_t(time.rounded(.down))
    var date = tm()
    localtime_r(&seconds, &date)
    func padded(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    let day = "\(date.tm_year + 1900)-\(padded(date.tm_mon + 1))-\(padded(date.tm_mday))"
    return "\(day) \(padded(date.tm_hour)):\(padded(date.tm_min)):\(padded(date.tm_sec))"
  }
}
