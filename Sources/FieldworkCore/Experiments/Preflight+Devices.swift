extension Research {
  /// What is wrong with reading the device.
  func deviceProblems(_ type: Any.Type, _ unit: UnitDescription) -> [Problem] {
    guard settings.devices == nil, !(type is any OptionalType.Type) else { return [] }
    return [
      Problem(
        "unit '\(unit.name)' reads the device, but the research has no devices",
        remedy: "give devices:, or make the argument optional: it is nil without devices",
        place: unit.place
      )
    ]
  }

  /// What is wrong with the rule for the memory of devices.
  func deviceMemoryProblems() -> [Problem] {
    guard let rule = settings.deviceMemory else { return [] }
    var found: [Problem] = []
    func require(_ isRight: Bool, _ message: String, _ remedy: String) {
      if !isRight { found.append(Problem(message, remedy: remedy, place: place)) }
    }
    require(
      rule.free > 0 && rule.free <= 1,
      "the free share of a device's memory is \(rule.free)",
      "give a share above 0 and up to 1, such as 0.9"
    )
    require(
      rule.attempts > 0,
      "the memory of devices is looked at \(rule.attempts) times",
      "give a number from 1 up"
    )
    require(
      rule.delay >= 0 && rule.delay <= 1_000_000,
      "the memory of devices is looked at every \(rule.delay) seconds",
      "give 0 to 1000000"
    )
    return found
  }
}
