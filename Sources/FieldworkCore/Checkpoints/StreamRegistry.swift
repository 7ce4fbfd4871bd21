/// The random streams of an experiment that is checkpointed: the one that it was given, and those that were
/// split off it.
///
/// A stream that was split off while an instance was built comes again when the instance is built again, and
/// then gets its state. One that a unit has split off does not come again, so it must be gone at the end of
/// the unit's turn.
package final class StreamRegistry {
  /// A stream by the labels by which it was split off, one after the other.
  package struct State: Hashable {
    package let path: String
    /// nil if the stream is gone.
    package let words: [UInt64]?

    package init(path: String, words: [UInt64]?) {
      self.path = path
      self.words = words
    }
  }

  private struct Entry {
    let path: String
    weak var stream: RandomStream?
  }

  /// In the order in which they were split off.
  private var built: [Entry] = []
  private var others: [Entry] = []
  private var pruned = 0
  /// The stream that all others were split off.
  private weak var root: RandomStream?
  /// Whether an instance is being built.
  package var isBuilding = false

  package init(_ root: RandomStream) { self.root = root }

  /// Checks that the experiment has the stream that it was given.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition`.
  package func requireRoot(_ stream: RandomStream) throws {
    guard stream !== root else { return }
    throw FieldworkError(
      .invalidDefinition,
      "a unit has put another stream in place of run.random, which a checkpoint cannot keep"
    )
  }

  func add(_ stream: RandomStream, path: String) {
    let entry = Entry(path: path, stream: stream)
    guard !isBuilding else { return built.append(entry) }
    others.append(entry)
    guard others.count > 2 * pruned + 16 else { return }
    others.removeAll { $0.stream == nil }
    pruned = others.count
  }

  /// The states of the streams.
  /// - Throws: ``FieldworkError`` if there is one that will not come again.
  package func states() throws -> [State] {
    if let lost = others.first(where: { $0.stream != nil }) {
      throw FieldworkError(
        .invalidDefinition,
        "the random stream '\(lost.path)' was split off by a unit and is still held, so a checkpoint cannot keep it; split it off where the instance is built that holds it"
      )
    }
    return built.map { State(path: $0.path, words: $0.stream?.state) }
  }

  /// Gives states to the streams that have been split off again.
  /// - Throws: ``FieldworkError`` of code `store` if these are others.
  package func restore(_ states: [State]) throws {
    guard built.map(\.path) == states.map(\.path) else {
      throw FieldworkError(
        .store,
        "the instances have split off other random streams than before: \(built.map(\.path)), not \(states.map(\.path))"
      )
    }
    for (entry, state) in zip(built, states) {
      if let words = state.words { try entry.stream?.restore(words) }
    }
  }
}
