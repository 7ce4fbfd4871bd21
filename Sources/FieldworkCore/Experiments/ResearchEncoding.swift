// What identifies a definition, as plain values. Texts for people are not part of it and may change.

extension When {
  /// The schedule as a plain value: a list of terms.
  package var encoding: Value {
    .list(
      terms.map { term in
        switch term {
        case .every(let period): ["every", .int(period)]
        case .at(let iteration): ["at", .int(iteration)]
        case .last: ["last"]
        case .cleanup: ["cleanup"]
        }
      }
    )
  }

  /// Reads a schedule.
  /// - Returns: nil if the value is none.
  package init?(encoding: Value?) {
    guard case .list(let list)? = encoding else { return nil }
    var terms: [Term] = []
    for item in list {
      guard case .list(let parts) = item, case .string(let kind)? = parts.first else { return nil }
      switch (kind, parts.count > 1 ? Int(parts[1]) : nil) {
      case ("every", let number?): terms.append(.every(number))
      case ("at", let number?): terms.append(.at(number))
      case ("last", _): terms.append(.last)
      case ("cleanup", _): terms.append(.cleanup)
      default: return nil
      }
    }
    self.init(terms: terms)
  }
}

extension Dependency {
  /// What is read, as a plain value without its type.
  var encoding: Value {
    switch self {
    case .parameter(let key, _): ["parameter", .string(key)]
    case .output(let unit, _): ["output", .string(unit)]
    case .instance(let name): ["instance", .string(name)]
    case .unit(let name): ["unit", .string(name)]
    case .experiment, .identity: ["experiment"]
    case .config: ["config"]
    case .storage: ["storage"]
    case .directory: ["directory"]
    case .branches: ["branches"]
    case .results: ["results"]
    case .anything: ["anything"]
    }
  }
}

extension UnitDescription {
  /// The declaration of the step as a plain value.
  package var encoding: Value {
    [
      "name": .string(name), "kind": .string(kind.rawValue), "when": when.encoding,
      "root": .bool(isRoot), "names": .list(savedNames.map(Value.string)),
      "keys": .bool(saving?.names.isEmpty ?? false),
      "reads": .list(dependencies.map(\.encoding)),
    ]
  }
}

extension Slots {
  /// The number, or the configs, as a plain value.
  package var encoding: Value {
    guard let configs else { return .int(count) }
    return .list(configs.map(\.encoding))
  }
}

extension Config {
  /// The shown names of the values by key, in order, as a plain value.
  fileprivate var encoding: FieldworkCore.Value {
    .list(entries.map { [.string($0.name.key), .string($0.value.identity)] })
  }
}
