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
    case environment
  }

  let rows: [(name: String, value: String, origin: Origin)]

  /// - Parameters:
  ///   - playbook: the research as the playbook has it.
  ///   - effective: the research with the options of the command line.
  ///   - complete: applies the defaults of the command line.
  init(
    playbook: Research,
    effective: Research,
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
        return (setting.name, String(count), .environment)
      }
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
      (child.label ?? "", text(child.value))
    }
  }

  private static func text(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      return mirror.children.first.map { text($0.value) } ?? "none"
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
