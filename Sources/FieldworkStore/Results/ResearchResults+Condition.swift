public import FieldworkAnalysis
import FieldworkCore

extension ResearchResults {
  /// The results of the experiments for which a condition holds.
  ///
  ///     try results.filtered(where: Condition("rate < 0.1 and state == done"))
  ///
  /// It may name parameters (by the name that they are read by, or the one that is shown; their values
  /// likewise), `id`, `repetition`, `updates`, `state`, `iterations`, `seconds`, `build` (the present one is
  /// `current`), and saved names, of which the last value counts.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for another name, which lists all there are.
  public func filtered(where condition: Condition) throws -> ResearchResults {
    let places = try condition.names.map { name in (name, try subjects(name)) }
    let byName = Dictionary(places, uniquingKeysWith: { first, _ in first })
    return selecting(
      experiments.indices.filter { position in
        condition.holds { (name: String) in byName[name]?(position) ?? Condition.Subject(nil) }
      }
    )
  }

  /// What a name stands for, by the position of an experiment.
  private func subjects(_ name: String) throws -> (Int) -> Condition.Subject {
    let isParameter =
      !Config.reservedKeys.contains(name)
      && experiments.contains { !$0.config.subject(name).isUnknown }
    if isParameter { return { experiments[$0].config.subject(name) } }
    if variables.contains(name) {
      let values = lastValues(of: name)
      return { Condition.Subject(values[$0]) }
    }
    if name == "build" {
      let builds = AcceptedBuilds(notes)
      return { position in
        let build = experiments[position].build
        return Condition.Subject(
          build.map { .string($0) },
          name: build != nil && builds.isCurrent(build) ? "current" : nil
        )
      }
    }
    let own: [String: (ExperimentRecord) -> Value?] = [
      "id": { .string($0.id) }, "repetition": { .int($0.repetition) },
      "updates": { .int($0.updates) }, "state": { .string($0.state.rawValue) },
      "iterations": { $0.iterations.map { .int($0) } },
      "seconds": { $0.duration.map { .double($0) } },
    ]
    guard let value = own[name] else {
      let known = parameterNames + variables + (own.keys + ["build"]).sorted()
      throw FieldworkError(
        .missingParameter,
        "there is no parameter or saved value '\(name)', there are \(known.joined(separator: ", "))"
      )
    }
    return { Condition.Subject(value(experiments[$0])) }
  }

  /// The names by which parameters are read, in order of first appearance.
  public var parameterNames: [String] {
    var seen = Set<String>()
    return experiments.flatMap { experiment in
      experiment.config.entries.map(\.name.key).filter {
        !Config.reservedKeys.contains($0) && seen.insert($0).inserted
      }
    }
  }

  /// Checks that something was saved under a name.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the saved names.
  package func requireVariable(_ name: String) throws {
    guard !variables.contains(name) else { return }
    throw FieldworkError(
      .missingParameter,
      variables.isEmpty
        ? "nothing was saved, so there is no '\(name)'"
        : "nothing was saved under the name '\(name)', but under \(variables.joined(separator: ", "))"
    )
  }
}
