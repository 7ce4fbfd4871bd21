import FieldworkAnalysis
import FieldworkCore
import FieldworkRuntime

/// The settings of a research as they are in effect, each with its origin.
struct EffectiveSettings {
  /// The origin of a setting.
  enum Origin: String {
    case standard = "default"
    case playbook
    case commandLine = "command line"
    /// The number of processors, which a container or a scheduler may limit.
    case machine
  }

  let rows: [(name: String, value: String, origin: Origin)]

  /// - Parameters:
  ///   - playbook: the research as the playbook has it.
  ///   - effective: the research with the options of the command line.
  ///   - faults: the options for failures and time limits.
  ///   - complete: applies the defaults of the command line.
  init(
    playbook: Research,
    effective: Research,
    faults: FaultOptions,
    complete: (inout Research) throws -> Void
  ) rethrows {
    var (playbook, plain) = (playbook, playbook)
    plain.settings = ResearchSettings()
    try complete(&plain)
    try complete(&playbook)
    let standard = Self.values(plain.settings)
    let own = Self.values(playbook.settings)
    rows =
      [
        ("name", effective.name, effective.name == playbook.name ? .playbook : .commandLine),
        Self.search(playbook, effective),
      ]
      + Self.values(effective.settings).enumerated().map { index, setting in
        let origin: Origin =
          setting.text != own[index].text
          ? .commandLine : own[index].text != standard[index].text ? .playbook : .standard
        guard setting.name == "workers", setting.text == "none", origin == .standard else {
          return (setting.name, setting.text, origin)
        }
        // As many as the machine, a container or a scheduler gives.
        let count = effective.settings.parallelism == .serial ? 1 : AvailableCores.count
        return (setting.name, String(count), .machine)
      } + faults.rows
  }

  private static func search(
    _ playbook: Research,
    _ effective: Research
  ) -> (name: String, value: String, origin: Origin) {
    func text(_ research: Research) -> String { research.search?.algorithm.text ?? "none" }
    let origin: Origin =
      text(playbook) != text(effective)
      ? .commandLine : playbook.search == nil ? .standard : .playbook
    return ("search", text(effective), origin)
  }

  /// The names and the values of all settings.
  private static func values(_ settings: ResearchSettings) -> [(name: String, text: String)] {
    Mirror(reflecting: settings).children.map { child in
      let name = child.label ?? ""
      return (name == "objectives" ? "objective" : name, text(child.value))
    }
  }

  private static func text(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      return mirror.children.first.map { text($0.value) } ?? "none"
    }
    if let list = value as? [any Sendable] {
      return list.isEmpty ? "none" : list.map { "\($0)" }.joined(separator: ", ")
    }
    return "\(value)"
  }

  var table: Table {
    Table(columns: [
      Table.Column(name: "setting", cells: rows.map { .string($0.name) }),
      Table.Column(name: "value", cells: rows.map { .string($0.value) }),
      Table.Column(name: "origin", cells: rows.map { .string($0.origin.rawValue) }),
    ])
  }

  /// The topic under which a run keeps them.
  static let topic = "settings"

  /// The names with the values and origins, as a run keeps them.
  var items: [(item: String, text: String)] {
    rows.map { ($0.name, "\($0.value) (\($0.origin.rawValue))") }
  }
}

extension FaultOptions {
  /// The names with the values and origins.
  fileprivate var rows: [(name: String, value: String, origin: EffectiveSettings.Origin)] {
    let standard = FaultPolicy()
    func row(
      _ name: String,
      _ given: String?,
      _ standard: String
    ) -> (name: String, value: String, origin: EffectiveSettings.Origin) {
      (name, given ?? standard, given == nil ? .standard : .commandLine)
    }
    func text(_ duration: Duration) -> String { Wording.duration(duration / .seconds(1)) }
    return [
      row("retryDeaths", (retryDeaths ?? retries).map(String.init), "0"),
      row("retryErrors", (retryErrors ?? retries).map(String.init), "0"),
      row("timeout", timeout.map(text), "none"),
      row("grace", grace.map(text), text(standard.grace)),
      row("silenceLimit", silenceLimit.map(text), text(standard.silenceLimit)),
      row("failFast", failFast ? "true" : nil, "false"),
      row("keepGoing", keepGoing ? "true" : nil, "false"),
    ]
  }

  /// True if an option is given.
  var isGiven: Bool { rows.contains { $0.origin == .commandLine } }
}
