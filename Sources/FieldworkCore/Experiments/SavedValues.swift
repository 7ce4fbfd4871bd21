#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The values that one experiment saves: those that wait to be stored, and all that were saved so far.
///
/// `@unchecked Sendable`: everything is read and written under the lock.
package final class SavedValues: @unchecked Sendable {
  /// The approximate size, in bytes, of the values that are kept for ``all(_:)``. Further values are stored but not
  /// kept in memory.
  package static let limit = 64 << 20

  /// The values that an experiment has saved under one name.
  private struct Held {
    let name: String
    var values: [SavedValue] = []
    /// True if a value was not kept because the limit was reached.
    var isPartial = false
    /// The last value that this process has saved; nil if there is none.
    var last: SavedValue?
  }

  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var pending: [SavedValue] = []
  private var held: [Held] = []
  /// By name: the position in ``held``.
  private var positions: [String: Int] = [:]
  /// The names whose last value a ``UnitDescription/Kind/dump`` has stored.
  private var dumped: Set<String> = []
  private var size = 0
  private let limit: Int
  /// Reads the values that an earlier run of the experiment has stored; nil if there are none or they have been read.
  private var earlier: (@Sendable () throws -> (values: [SavedValue], partial: Set<String>))?

  package init(limit: Int = SavedValues.limit) {
    self.limit = limit
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  private func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body()
  }

  /// Adds a value; one of the same name and iteration is replaced.
  package func add(_ value: SavedValue) {
    withLock {
      pending.append(value)
      let position = position(of: value.name)
      held[position].last = value
      if !dumped.isEmpty { dumped.remove(value.name) }
      hold(value, at: position)
    }
  }

  private func position(of name: String) -> Int {
    if let position = positions[name] { return position }
    positions[name] = held.count
    held.append(Held(name: name))
    return held.count - 1
  }

  private func held(_ name: String) -> Held? { positions[name].map { held[$0] } }

  /// Begins with the values that an earlier run has stored. They are read on the first request.
  /// - Parameter earlier: returns the values, and the names under which more was saved than could be kept.
  package func begin(
    after earlier: @escaping @Sendable () throws -> (values: [SavedValue], partial: Set<String>)
  ) {
    withLock { self.earlier = earlier }
  }

  /// True if some values wait to be stored.
  package var hasPending: Bool { withLock { !pending.isEmpty } }

  /// Removes and returns the waiting values with the given names, or all of them.
  package func take(_ names: Set<String>? = nil) -> [SavedValue] {
    withLock { takePending(names) }
  }

  /// Removes the waiting values and passes them to the body before any value that is taken later.
  package func handOn(_ body: ([SavedValue]) -> Void) {
    withLock {
      let values = takePending(nil)
      if !values.isEmpty { body(values) }
    }
  }

  private func takePending(_ names: Set<String>?) -> [SavedValue] {
    guard let names else {
      defer { pending = [] }
      return pending
    }
    let taken = pending.filter { names.contains($0.name) }
    pending.removeAll { names.contains($0.name) }
    return taken
  }

  /// Removes and returns the waiting values for a dump. They no longer count as the last values of their names.
  package func dump(_ names: Set<String>?) -> [SavedValue] {
    withLock {
      dumped.formUnion(names ?? Set(held.filter { $0.last != nil }.map(\.name)))
      return takePending(names)
    }
  }

  /// The last value of a name; nil if it was dumped.
  package func last(_ name: String) -> Value? {
    withLock { dumped.contains(name) ? nil : held(name)?.last?.value }
  }

  /// The last value of a name that this process has saved, with its iteration, whether or not it was dumped.
  package func lastSaved(_ name: String) -> SavedValue? { withLock { held(name)?.last } }

  /// The values of a name in the order in which they were saved, each iteration once.
  /// - Throws: ``FieldworkError`` of code `missingOutput` if some are not held for lack of room; what reading an
  ///   earlier run's values throws.
  package func all(_ name: String) throws -> [SavedValue] {
    try withLock {
      try readEarlier()
      return try values(name)
    }
  }

  /// The values of all names, and the names of which some values are not held.
  /// - Throws: what reading an earlier run's values throws.
  package func everything() throws -> (values: [SavedValue], partial: Set<String>) {
    try withLock {
      try readEarlier()
      let values = held.sorted { $0.name < $1.name }.flatMap(\.values)
      return (values, Set(held.filter(\.isPartial).map(\.name)))
    }
  }

  private func readEarlier() throws {
    guard let earlier else { return }
    let (values, partial) = try earlier()
    self.earlier = nil
    let later = held
    for position in held.indices {
      held[position].values = []
      held[position].isPartial = false
    }
    size = 0
    for value in values { hold(value, at: position(of: value.name)) }
    for name in partial { held[position(of: name)].isPartial = true }
    for (position, kept) in later.enumerated() {
      for value in kept.values { hold(value, at: position) }
      if kept.isPartial { held[position].isPartial = true }
    }
  }

  private func values(_ name: String) throws -> [SavedValue] {
    guard let found = held(name) else { return [] }
    guard !found.isPartial else {
      throw FieldworkError(
        .missingOutput,
        "cannot return all values saved as '\(name)': the experiment has saved more than \(limit >> 20) MB; keep the values you need in an Instance"
      )
    }
    return found.values
  }

  private func hold(_ value: SavedValue, at position: Int) {
    if let last = held[position].values.last, last.iteration == value.iteration {
      size -= last.value.approximateSize
      held[position].values.removeLast()
    }
    let added = value.value.approximateSize
    guard size + added <= limit else {
      held[position].isPartial = true
      return
    }
    size += added
    held[position].values.append(value)
  }
}

extension Value {
  /// The memory that the value takes with its name and iteration, in bytes, about.
  fileprivate var approximateSize: Int {
    switch self {
    case .null, .bool, .int, .double: 64
    case .string(let text): 64 + text.utf8.count
    case .list(let values): values.reduce(64) { $0 + $1.approximateSize }
    case .dictionary(let values):
      values.reduce(64) { $0 + 32 + $1.key.utf8.count + $1.value.approximateSize }
    }
  }
}
