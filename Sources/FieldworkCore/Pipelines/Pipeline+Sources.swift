extension Pipeline {
  /// A pipeline over the elements of a sequence, from its beginning in each pass.
  public init<Elements: Sequence & Sendable>(over elements: Elements)
  where Elements.Element == Element {
    self.init(PipelineTraits()) { _ in SourceStage(PipelineReading { elements }) }
  }

  /// A pipeline over the elements of a sequence that is the value of a named expression:
  /// `Pipeline(over: EC<[Image]>("data"))`.
  public init<Source: NamedExpression>(over source: Source)
  where Source.Output: Sequence<Element> & Sendable {
    var traits = PipelineTraits()
    traits.dependencies = source.dependencies
    self.init(traits) { segment in
      SourceStage(segment.passReading { try source.evaluate(in: $0) })
    }
  }

  /// A pipeline over the elements of an instance that is a sequence and need not be `Sendable`; so it cannot
  /// be prefetched.
  public init<Source: NamedExpression>(on source: Source)
  where Source.Output: Sequence<Element> & SendableMetatype {
    var traits = PipelineTraits()
    traits.dependencies = source.dependencies
    traits.isConfined = true
    self.init(traits) { segment in
      SourceStage(segment.passReading { try source.evaluate(in: $0) })
    }
  }

  /// A pipeline over the elements of a sequence that is made for each pass of a run.
  ///
  ///     Pipeline { run in try Images.load(size: try run[size]) }
  public init<Elements: Sequence<Element> & Sendable>(
    _ make: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    var traits = PipelineTraits()
    traits.opensContext = true
    self.init(traits) { segment in SourceStage(segment.passReading(make)) }
  }

  /// A pipeline of one element, the value of a named expression, which is read anew for each pass. It need
  /// not be `Sendable`; so it cannot be prefetched.
  ///
  ///     Generator("batch", batches)
  ///     Unit("train", running: Pipeline(each: O<[Image]>("batch")).map(on: model, EC(rate)) { … })
  ///
  /// An output of a unit is taken once: a pass has no element if the expression reads units and none of
  /// them has run since the pass before. So nothing is done twice with a generator's last element.
  public init<Source: NamedExpression>(each source: Source) where Source.Output == Element {
    var traits = PipelineTraits()
    traits.dependencies = source.dependencies
    traits.isConfined = true
    self.init(traits) { segment in
      let news = News(of: source.dependencies)
      return SourceStage(
        segment.passReading { run in
          try news.arrived(in: run) ? CollectionOfOne(try source.evaluate(in: run)) : nil
        }
      )
    }
  }
}

/// Whether units that an expression reads have run since one last asked.
private final class News {
  private let units: [String]
  private var seen: [String: Int] = [:]

  init(of dependencies: [Dependency]) {
    units = dependencies.compactMap { dependency in
      switch dependency {
      case .output(let unit, _), .unit(let unit): unit
      default: nil
      }
    }
  }

  func arrived(in run: RunContext) throws -> Bool {
    let current = Dictionary(
      try units.compactMap { unit in try run.unitOutput(unit).map { (unit, $0.iteration) } },
      uniquingKeysWith: { first, _ in first }
    )
    // What has never run is left to the expression, which tells.
    guard !current.isEmpty else { return true }
    defer { seen = current }
    return current != seen
  }
}

/// The elements of a sequence; of none if there is none.
final class SourceStage<Elements: Sequence>: PipelineStage {
  private let elements: PipelineReading<Elements?>
  private var iterator: Elements.Iterator?

  init(_ elements: PipelineReading<Elements>) {
    self.elements = PipelineReading { try elements.get() }
  }

  init(_ elements: PipelineReading<Elements?>) { self.elements = elements }

  func begin(_ pass: PipelinePass) throws { iterator = try elements.get()?.makeIterator() }

  func next() async throws -> Elements.Element? {
    let element = iterator?.next()
    if element == nil { iterator = nil }
    return element
  }
}
