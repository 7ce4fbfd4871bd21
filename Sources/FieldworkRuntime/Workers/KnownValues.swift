import FieldworkCore
import FieldworkStore

/// Finds values that are not plain by what is shown of them: these do not cross from one process to
/// another, but both have the same research.
struct KnownValues: Sendable {
  private let domain: Domain?
  private let slots: [Config]

  init(_ research: Research) {
    domain = research.domain
    slots =
      (research.settings.branches.configs ?? []) + (research.settings.workers?.configs ?? [])
  }

  /// Returns an experiment with the config that has a number in the domain.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if that is not the config of the experiment's key.
  func experiment(_ experiment: PlannedExperiment, config number: Int) throws -> PlannedExperiment {
    guard let config = domain?.config(number: number),
      case let found = experiment.with(config), found.identity.key == experiment.key
    else {
      throw FieldworkError(
        .invalidDefinition,
        "the domain of the research differs in the worker process: config \(number) is another one than in the run; a domain must be the same each time that it is computed, so read files and directories in a fixed order, and leave them as they are during a run"
      )
    }
    return found
  }

  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if the research has no such value.
  func value(of parameter: String, named name: String) throws -> AnyAlias {
    let all = domain?.values(of: parameter, named: name) ?? []
    // Values of one name and one type are taken for the same.
    guard Set(all).count < 2 else {
      throw FieldworkError(
        .invalidDefinition,
        "'\(parameter)' has \(all.count) values with the name '\(name)' that are not plain, and a worker process cannot tell which one is meant; give each a name of its own, or run with --parallel threads"
      )
    }
    let listed = all.first
    let own = slots.lazy.compactMap { $0[alias: parameter] }.first {
      $0.plain == nil && $0.name == name
    }
    guard let value = listed ?? own else {
      throw FieldworkError(
        .invalidDefinition,
        "the value '\(name)' of '\(parameter)' cannot be handed to a worker process: it is not plain, and the domain of the research does not list it; list it there, or run with --parallel threads"
      )
    }
    return value
  }
}
