import FieldworkCore

/// The description of a unit that does nothing.
/// - Parameter saysAll: whether it reads nothing but what is given; else it may read any parameter, as
///   whoever reads the results may.
func unit(
  _ name: String,
  _ kind: UnitDescription.Kind = .function,
  when: When = .every(1),
  saving: Saving? = nil,
  reads dependencies: [Dependency] = [],
  output: Any.Type? = Int.self,
  opensContext: Bool = false,
  saysAll: Bool = false,
  line: Int = 1
) -> UnitDescription {
  UnitDescription(
    name: name,
    kind: kind,
    when: when,
    saving: saving,
    dependencies: saysAll ? dependencies : dependencies + [.results],
    place: SourceLocation(file: "Play/Play.swift", line: line),
    outputType: output,
    opensContext: opensContext,
    body: .function { _ in 0 }
  )
}

/// A research at line 100 of its playbook.
func research(
  _ domain: Domain?,
  _ units: [UnitDescription] = [unit("u")],
  name: String = "test",
  change: (inout ResearchSettings) -> Void = { _ in }
) -> Research {
  var settings = ResearchSettings()
  change(&settings)
  return Research(
    name: name,
    domains: domain.map { [$0] } ?? [],
    units: units,
    settings: settings,
    problems: [],
    place: SourceLocation(file: "Play/Play.swift", line: 100)
  )
}
