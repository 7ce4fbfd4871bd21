extension Pipeline {
  /// Puts the elements of each pass in random order, another one in each pass.
  ///
  /// The order depends on the experiment, the pipeline's name and the number of the pass alone: on nothing
  /// else that is drawn, and not on prefetching. A pass is held in memory as a whole; of large elements
  /// shuffle the indices.
  public func shuffled(file: String = #fileID, line: Int = #line) -> Pipeline {
    let number = traits.shuffles
    var traits = shuffleTraits(file, line)
    traits.shuffles += 1
    return Pipeline(traits) { [openStage] segment in
      ShuffledStage(openStage(segment), segment.opening.random(forShuffle: number))
    }
  }

  /// Puts the elements of each pass in an order that depends on the seed and the number of the pass alone,
  /// and so is the same in all experiments.
  public func shuffled(
    seed: UInt64,
    file: String = #fileID,
    line: Int = #line
  ) -> Pipeline {
    Pipeline(shuffleTraits(file, line)) { [openStage] segment in
      ShuffledStage(openStage(segment), RandomStream(seed: seed))
    }
  }

  private func shuffleTraits(_ file: String, _ line: Int) -> PipelineTraits {
    var traits = traits
    if traits.isEndless {
      traits.add("an endless pipeline is shuffled", "write .shuffled().repeated()", file, line)
    }
    return traits
  }

  /// Goes through the elements again and again, without end; shuffled anew each time.
  public func repeated() -> Pipeline {
    var traits = traits
    traits.isEndless = true
    return Pipeline(traits) { [openStage] segment in
      RepeatedStage(openStage(segment), nil)
    }
  }

  /// Goes through the elements so many times; shuffled anew each time.
  public func repeated(
    _ times: Int,
    file: String = #fileID,
    line: Int = #line
  ) -> Pipeline {
    var traits = traits
    if times < 1 {
      traits.add("a pipeline is repeated \(times) times", "give 1 or more", file, line)
    }
    return Pipeline(traits) { [openStage] segment in
      RepeatedStage(openStage(segment), PipelineReading { times })
    }
  }

  /// Goes through the elements as many times as a named expression says: `.repeated(EC("epochs"))`.
  public func repeated<Times: NamedExpression<Int>>(_ times: Times) -> Pipeline {
    var traits = traits
    traits.dependencies += times.dependencies
    return Pipeline(traits) { [openStage] segment in
      RepeatedStage(openStage(segment), segment.passReading { try times.evaluate(in: $0) })
    }
  }

  /// Joins so many elements at a time in a list.
  ///
  /// - Parameter dropsLast: whether to leave out a last list that is shorter.
  public func batched(
    _ size: Int,
    dropsLast: Bool = false,
    file: String = #fileID,
    line: Int = #line
  ) -> Pipeline<[Element]> {
    var traits = traits
    if size < 1 { traits.add("a batch has \(size) elements", "give 1 or more", file, line) }
    return Pipeline<[Element]>(traits) { [openStage] segment in
      BatchedStage(openStage(segment), PipelineReading { size }, dropsLast: dropsLast)
    }
  }

  /// Joins as many elements at a time in a list as a named expression says: `.batched(EC("batch size"))`.
  ///
  /// - Parameter dropsLast: whether to leave out a last list that is shorter.
  public func batched<Size: NamedExpression<Int>>(
    _ size: Size,
    dropsLast: Bool = false
  ) -> Pipeline<[Element]> {
    var traits = traits
    traits.dependencies += size.dependencies
    return Pipeline<[Element]>(traits) { [openStage] segment in
      BatchedStage(openStage(segment), segment.reading(size), dropsLast: dropsLast)
    }
  }
}

private final class ShuffledStage<Element>: PipelineStage {
  private let upstream: any PipelineStage<Element>
  private let random: RandomStream
  private var pass = PipelinePass(0)
  private var elements: IndexingIterator<[Element]>?

  init(_ upstream: any PipelineStage<Element>, _ random: RandomStream) {
    self.upstream = upstream
    self.random = random
  }

  func begin(_ pass: PipelinePass) throws {
    self.pass = pass
    elements = nil
    try upstream.begin(pass)
  }

  func next() async throws -> Element? {
    if elements == nil {
      var all: [Element] = []
      while let element = try await upstream.next() {
        try Task.checkCancellation()
        all.append(element)
      }
      elements = random.split("pass \(pass.label)").shuffled(all).makeIterator()
    }
    return elements?.next()
  }
}

private final class RepeatedStage<Element>: PipelineStage {
  private let upstream: any PipelineStage<Element>
  /// Nil for no end.
  private let times: PipelineReading<Int>?
  private var pass = PipelinePass(0)
  private var limit: Int?
  private var number = 0
  private var isPassEmpty = true
  private var isAtEnd = false

  init(_ upstream: any PipelineStage<Element>, _ times: PipelineReading<Int>?) {
    self.upstream = upstream
    self.times = times
  }

  func begin(_ pass: PipelinePass) throws {
    self.pass = pass
    limit = try times?.get()
    if let limit, limit < 1 {
      throw FieldworkError(
        .wrongType,
        "a pipeline is to be repeated \(limit) times: give 1 or more"
      )
    }
    isAtEnd = false
    try beginPart(0)
  }

  private func beginPart(_ number: Int) throws {
    self.number = number
    isPassEmpty = true
    try upstream.begin(pass.part(number))
  }

  func next() async throws -> Element? {
    while !isAtEnd {
      if let element = try await upstream.next() {
        isPassEmpty = false
        return element
      }
      // Repeating nothing without end would never give an element.
      isAtEnd = isPassEmpty || number + 1 == limit
      if !isAtEnd { try beginPart(number + 1) }
    }
    return nil
  }
}

private final class BatchedStage<Element>: PipelineStage {
  private let upstream: any PipelineStage<Element>
  private let size: PipelineReading<Int>
  private let dropsLast: Bool

  init(_ upstream: any PipelineStage<Element>, _ size: PipelineReading<Int>, dropsLast: Bool) {
    self.upstream = upstream
    self.size = size
    self.dropsLast = dropsLast
  }

  func begin(_ pass: PipelinePass) throws { try upstream.begin(pass) }

  func next() async throws -> [Element]? {
    let size = try size.get()
    guard size > 0 else {
      throw FieldworkError(.wrongType, "a batch is to have \(size) elements: give 1 or more")
    }
    var batch: [Element] = []
    while batch.count < size, let element = try await upstream.next() { batch.append(element) }
    return batch.isEmpty || (dropsLast && batch.count < size) ? nil : batch
  }
}
