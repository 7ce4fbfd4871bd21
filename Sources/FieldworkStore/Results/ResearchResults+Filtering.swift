public import FieldworkCore

extension ResearchResults {
  /// The results that a filter chooses; these ones stay as they are.
  ///
  /// Experiments are kept whole: a filter of names or iterations chooses among saved values, and leaves
  /// experiments without any.
  /// - Throws: ``FieldworkError`` if the domain has problems, and what a condition throws.
  public func filtered(_ filter: ResultFilter) throws -> ResearchResults {
    let passes = try filter.condition()
    return selecting(
      try experiments.indices.filter { try passes(experiments[$0]) },
      names: filter.names,
      iterations: filter.iterations
    )
  }

  /// The results of experiments whose config has these values.
  ///
  ///     try results.filtered(config: ["x": 1], names: ["loss"], iterations: [9])
  ///
  /// What equals a value, ``ResultFilter/ConfigCriterion/config(_:)`` says.
  public func filtered(
    config: Config,
    ids: [String]? = nil,
    names: [String]? = nil,
    iterations: [Int]? = nil,
    states: [ExperimentState]? = nil
  ) throws -> ResearchResults {
    try filtered(
      ResultFilter(
        .config(config),
        ids: ids,
        names: names,
        iterations: iterations,
        states: states
      )
    )
  }

  /// The results of experiments whose config shows these texts.
  ///
  ///     try results.filtered(alias: ["activation": "relu"])
  public func filtered(
    alias: [String: String],
    ids: [String]? = nil,
    names: [String]? = nil,
    iterations: [Int]? = nil,
    states: [ExperimentState]? = nil
  ) throws -> ResearchResults {
    try filtered(
      ResultFilter(
        .alias(alias),
        ids: ids,
        names: names,
        iterations: iterations,
        states: states
      )
    )
  }

  /// The results of experiments whose config has a config of the domain as a part: all repetitions,
  /// each experiment once.
  ///
  ///     try results.filtered(domain: Domain("x" <- [1, 2]) * Domain("lr" <- .uniform(0...0.1)))
  /// - Throws: ``FieldworkError`` if the domain has problems or a condition of it fails.
  public func filtered(
    domain: Domain,
    ids: [String]? = nil,
    names: [String]? = nil,
    iterations: [Int]? = nil,
    states: [ExperimentState]? = nil
  ) throws -> ResearchResults {
    try filtered(
      ResultFilter(
        .domain(domain),
        ids: ids,
        names: names,
        iterations: iterations,
        states: states
      )
    )
  }

  /// The results of some experiments, names and iterations.
  public func filtered(
    ids: [String]? = nil,
    names: [String]? = nil,
    iterations: [Int]? = nil,
    states: [ExperimentState]? = nil
  ) throws -> ResearchResults {
    try filtered(ResultFilter(ids: ids, names: names, iterations: iterations, states: states))
  }

  /// The results of the experiments that satisfy a condition.
  public func filtered(
    where condition: (ExperimentRecord) throws -> Bool
  ) rethrows -> ResearchResults {
    selecting(try experiments.indices.filter { try condition(experiments[$0]) })
  }

  /// The ids of the experiments that a filter chooses, in the order of the plan.
  /// - Throws: ``FieldworkError`` if the domain has problems, and what a condition throws.
  public func ids(_ filter: ResultFilter = ResultFilter()) throws -> [String] {
    let passes = try filter.condition()
    return try experiments.filter { try passes($0) }.map(\.id)
  }

  /// The ids of the experiments that satisfy a condition, in the order of the plan.
  public func ids(where condition: (ExperimentRecord) throws -> Bool) rethrows -> [String] {
    try experiments.filter(condition).map(\.id)
  }

  func selecting(
    _ positions: [Int],
    names: Set<String>? = nil,
    iterations: Set<Int>? = nil
  ) -> ResearchResults {
    if names == nil, iterations == nil, positions.elementsEqual(experiments.indices) { return self }
    let kept = variables.indices.filter { names?.contains(variables[$0]) ?? true }
    var places = [Int?](repeating: nil, count: experiments.count)
    for (place, position) in positions.enumerated() { places[position] = place }
    return ResearchResults(
      experiments: positions.map { experiments[$0] },
      variables: kept.map { variables[$0] },
      saved: kept.map { saved[$0].selecting(places, iterations: iterations) },
      lastIterations: positions.map { lastIterations[$0] },
      of: self
    )
  }
}

extension ResearchResults {
  /// Returns the experiment whose id has a prefix.
  /// - Parameter absent: the message if there is none.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if there is none, or more than one.
  package func experiment(withPrefix id: String, absent: String) throws -> ExperimentRecord {
    let found = experiments.filter { $0.id.hasPrefix(id) || $0.key.hasPrefix(id) }
    if let first = found.first, found.count == 1 { return first }
    throw FieldworkError(
      .missingParameter,
      found.isEmpty
        ? absent
        : "\(found.count) experiments have ids that begin with \(id): \(found.prefix(5).map(\.id).joined(separator: ", "))"
    )
  }
}
