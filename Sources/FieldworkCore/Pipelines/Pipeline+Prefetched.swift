extension Pipeline where Element: Sendable {
  /// Computes so many elements ahead, in a background task.
  ///
  /// The elements, their order, errors and variables are as without it. What comes before it runs beside
  /// the experiment, one element at a time, and so takes named expressions as they are when a pass begins.
  /// The work ends when the run is dropped or its task is cancelled.
  public func prefetched(
    _ count: Int,
    file: String = #fileID,
    line: Int = #line
  ) -> Pipeline {
    var traits = traits
    if count < 1 { traits.add("\(count) elements are prefetched", "give 1 or more", file, line) }
    if traits.isConfined {
      traits.add(
        "a pipeline is prefetched after map(on:), Pipeline(on:) or Pipeline(each:), whose objects only the experiment's own task may touch",
        "prefetch before it",
        file,
        line
      )
    }
    return Pipeline(traits) { [openStage] segment in
      let ahead = PipelineSegment(segment.opening, isAhead: true)
      let upstream = openStage(ahead)
      let twins = ahead.variables.map { $0.twin() }
      for twin in twins { segment.add(twin) }
      let stage = PrefetchedStage(upstream, ahead.variables, twins: twins, count: count)
      segment.opening.add(stage)
      return stage
    }
  }
}

/// A stage that computes ahead.
protocol PipelineBackground: AnyObject {
  /// Ends the work in the background, waits until it has ended, and puts the variables before the stage
  /// back to what has been given.
  func stop() async
}

private final class PrefetchedStage<Element: Sendable>: PipelineStage, PipelineBackground {
  private typealias Delivery = PipelineDelivery<Element>

  private let source: BackgroundSource<Element>
  /// The variables of the source as of the last element that was given.
  private let twins: [any PipelineVariable]
  private let count: Int
  /// The elements under way, the next one first. Each task waits for the one before it, and only then
  /// asks the source.
  private var ahead: [Task<Delivery, Never>] = []
  private var isAtEnd = false

  init(
    _ upstream: any PipelineStage<Element>,
    _ variables: [any PipelineVariable],
    twins: [any PipelineVariable],
    count: Int
  ) {
    source = BackgroundSource(stage: upstream, variables: variables)
    self.twins = twins
    self.count = count
  }

  deinit { for task in ahead { task.cancel() } }

  func stop() async {
    for task in ahead { task.cancel() }
    // The last one ends after all others.
    _ = await ahead.last?.value
    ahead = []
    for (variable, twin) in zip(source.variables, twins) { variable.set(twin.content) }
  }

  func begin(_ pass: PipelinePass) throws {
    isAtEnd = false
    // What may be under way after an end does not touch the source.
    ahead = []
    try source.stage.begin(pass)
  }

  func next() async throws -> Element? {
    guard !isAtEnd else { return nil }
    while ahead.count <= count { ahead.append(task(after: ahead.last)) }
    let task = ahead.removeFirst()
    let delivery = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    for (twin, content) in zip(twins, delivery.variables) { twin.set(content) }
    isAtEnd = delivery.isLast
    return try delivery.result.get()
  }

  private func task(after previous: Task<Delivery, Never>?) -> Task<Delivery, Never> {
    Task { [source] in
      // After an error or the end the source is left alone.
      if let before = await previous?.value, before.isLast { return before }
      let result: Result<Element?, any Error>
      do {
        try Task.checkCancellation()
        result = .success(try await source.stage.next())
      } catch {
        result = .failure(error)
      }
      return PipelineDelivery(result: result, variables: source.variables.map(\.content))
    }
  }
}

/// An element, the end or an error, with the variables as they were when it came.
private struct PipelineDelivery<Element: Sendable>: Sendable {
  let result: Result<Element?, any Error>
  let variables: [any ValueConvertible]

  var isLast: Bool {
    if case .success(.some) = result { false } else { true }
  }
}

/// The stages before a prefetched one.
private struct BackgroundSource<Element>: @unchecked Sendable {
  // Sendable, since a task touches the stages only after the one before it has ended, and the experiment's
  // own task only after the last one has. What they hold of the experiment is Sendable: else the pipeline
  // is confined, and is not opened.
  let stage: any PipelineStage<Element>
  let variables: [any PipelineVariable]
}
