/// What a unit reads of other units and of instances, as far as it says.
package struct Reach: Sendable {
  /// The names of units and instances.
  package fileprivate(set) var names: Set<String> = []
  /// Whether it reads what other branches of its task have.
  package fileprivate(set) var branches = false
}

extension Research {
  /// What a unit reads, directly or by way of the instances that it uses: these may hold what they were
  /// built of.
  package func reach(of unit: UnitDescription) -> Reach {
    var reach = Reach()
    add(unit.dependencies, to: &reach)
    return reach
  }

  private func add(_ dependencies: [Dependency], to reach: inout Reach) {
    for dependency in dependencies {
      switch dependency {
      case .branches: reach.branches = true
      case .output(let name, _), .unit(let name): reach.names.insert(name)
      case .instance(let name):
        guard reach.names.insert(name).inserted else { continue }
        let creation = units.first { $0.kind == .instance && $0.instanceName == name }
        add(creation?.dependencies ?? [], to: &reach)
      case .parameter, .experiment, .identity, .config, .storage, .directory, .results, .anything:
        continue
      }
    }
  }

  /// The names of the root units that hand objects to the branches: instances, and outputs that may be
  /// objects.
  private var sharedObjects: Set<String> {
    Set(
      units.filter { unit in
        unit.isRoot && (unit.kind == .instance || unit.outputType.map(mayBeObject) ?? false)
      }.flatMap(\.ownNames)
    )
  }

  /// Whether the results of an experiment depend on the experiments that it shares a task with.
  package var crossesBranches: Bool {
    let shared = sharedObjects
    let own = Set(units.filter { !$0.isRoot }.flatMap(\.ownNames))
    return units.contains { unit in
      let reach = reach(of: unit)
      if reach.branches { return true }
      // A root unit of the end waits for the last branch.
      return unit.isRoot
        ? unit.when.includesLast || !reach.names.isDisjoint(with: own)
        : !reach.names.isDisjoint(with: shared)
    }
  }

  /// Whether the number of branches matters: root units may read the config of a task's first experiment.
  package var dependsOnBranches: Bool { crossesBranches || units.contains(where: \.isRoot) }

  /// By unit: whether it has to run for one branch after another, since it reads what other branches have,
  /// or an object that they share.
  package var orderedUnits: [Bool] {
    let shared = sharedObjects
    return units.map { unit in
      let reach = reach(of: unit)
      return reach.branches || !reach.names.isDisjoint(with: shared)
    }
  }
}

extension UnitDescription {
  /// The names by which others read it.
  fileprivate var ownNames: [String] { [name] + (instanceName.map { [$0] } ?? []) }
}

/// Whether a value of the type is an object or holds one, as far as its type tells.
private func mayBeObject(_ type: Any.Type) -> Bool {
  if let type = type as? any WrappingType.Type { return mayBeObject(type.wrapped) }
  return type is AnyObject.Type || isExistential(type)
}

/// A type whose values hold values of another one.
private protocol WrappingType {
  static var wrapped: Any.Type { get }
}

extension Optional: WrappingType {}

extension Array: WrappingType {
  fileprivate static var wrapped: Any.Type { Element.self }
}
