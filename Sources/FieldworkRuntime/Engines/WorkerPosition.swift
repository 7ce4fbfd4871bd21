import FieldworkStore
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory that a worker process shares with its supervisor: the task that runs, and the unit of each branch.
///
/// It says what a worker was running when it has died. Writing needs no call of the system, so each unit that begins
/// is written.
///
/// The cells are atomic, since two processes use them. What the supervisor reads of tasks and units it reads after
/// the worker has been waited for, which orders it after all stores of the worker, so these are relaxed. A flag is
/// stored with release and loaded with acquire: who sees it sees what came before it. The bytes of the standard error
/// are counted around calls of the system on a pipe; their cells are sequentially consistent, so that no load passes
/// a call that another process observes.
///
/// `@unchecked Sendable`: the memory is used through atomic cells only, and its address does not change.
final class WorkerPosition: @unchecked Sendable {
  /// The position at one moment.
  struct Snapshot: Codable, Hashable {
    /// The number of the task that runs; nil for none.
    let task: Int?
    /// The branch that was the last to begin a unit.
    let lastBranch: Int
    /// By branch; nil for one that has not run any unit.
    let places: [Place?]

    func place(ofBranch branch: Int) -> Place? {
      places.indices.contains(branch) ? places[branch] : nil
    }
  }

  /// The unit that a branch runs.
  struct Place: Codable, Hashable {
    /// The number of the unit; nil between units.
    let unit: Int?
    let iteration: Int
  }

  private enum Cell {
    static let task = 0
    static let branch = 1
    static let hasLostConnection = 2
    static let isStopping = 3
    static let errorBytes = 4
    static let isReadingErrors = 5
    static let count = 6

    static func unit(_ branch: Int) -> Int { count + 3 * branch }
    static func iteration(_ branch: Int) -> Int { count + 3 * branch + 1 }
    static func isInUnit(_ branch: Int) -> Int { count + 3 * branch + 2 }
  }

  private let branches: Int
  private let cells: UnsafeMutablePointer<Atomic<Int>>
  /// The file; nil in the worker, or when it is needed no more.
  private let file: Protected<SystemFile?>

  /// Makes the memory for the tasks of a worker.
  /// - Throws: ``SystemError`` if there is no room for it.
  init(branches: Int) throws {
    let size = Self.size(branches)
    let file = try SystemFile.memory()
    // The room is reserved now, not when the first cell is written.
    let error = posix_fallocate(file.descriptor, 0, off_t(size))
    guard error == 0 else { throw SystemError("cannot use a temporary file", error) }
    self.file = Protected(file)
    self.branches = branches
    cells = try Self.map(file.descriptor, branches)
    for index in 0..<Self.cellCount(branches) { (cells + index).initialize(to: Atomic(0)) }
  }

  /// Maps the memory that another process has made.
  /// - Throws: ``SystemError`` if the descriptor is none of such memory.
  init(descriptor: Int32, branches: Int) throws {
    file = Protected(nil)
    self.branches = branches
    cells = try Self.map(descriptor, branches)
  }

  deinit { munmap(UnsafeMutableRawPointer(cells), Self.size(branches)) }

  private static func cellCount(_ branches: Int) -> Int { Cell.count + 3 * branches }

  private static func size(_ branches: Int) -> Int {
    cellCount(branches) * MemoryLayout<Atomic<Int>>.stride
  }

  private static func map(
    _ descriptor: Int32,
    _ branches: Int
  ) throws -> UnsafeMutablePointer<Atomic<Int>> {
    let memory = mmap(nil, size(branches), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw SystemError("cannot share memory") }
    return memory.bindMemory(to: Atomic<Int>.self, capacity: cellCount(branches))
  }

  /// The descriptor that the worker's process inherits; -1 if there is none.
  var descriptor: Int32 { file.withLock { $0?.descriptor ?? -1 } }

  /// Closes the file, once the worker's process has it. The memory stays shared.
  func closeFile() { file.withLock { $0 = nil } }

  private func load(_ cell: Int) -> Int { cells[cell].load(ordering: .relaxed) }

  private func store(_ cell: Int, _ value: Int) { cells[cell].store(value, ordering: .relaxed) }

  // MARK: Tasks and units

  /// The number of the task that runs; nil for none.
  var task: Int? {
    get { load(Cell.task) == 0 ? nil : load(Cell.task) - 1 }
    set {
      for branch in 0..<branches {
        store(Cell.unit(branch), 0)
        store(Cell.iteration(branch), 0)
        store(Cell.isInUnit(branch), 0)
      }
      store(Cell.branch, 0)
      store(Cell.task, newValue.map { $0 + 1 } ?? 0)
    }
  }

  /// A branch, by its position in the task, begins to run a unit.
  func begin(_ unit: Int, iteration: Int, branch: Int) {
    store(Cell.unit(branch), unit + 1)
    store(Cell.iteration(branch), iteration)
    store(Cell.isInUnit(branch), 1)
    if branches > 1 { store(Cell.branch, branch) }
  }

  /// A branch has run its unit.
  func end(branch: Int) { store(Cell.isInUnit(branch), 0) }

  /// The branch that was the last to begin a unit.
  var lastBranch: Int { load(Cell.branch) }

  /// Returns the place of a branch; nil if it has not run any unit.
  func place(ofBranch branch: Int) -> Place? {
    guard load(Cell.unit(branch)) > 0 else { return nil }
    let isInUnit = load(Cell.isInUnit(branch)) != 0
    return Place(
      unit: isInUnit ? load(Cell.unit(branch)) - 1 : nil,
      iteration: load(Cell.iteration(branch))
    )
  }

  var snapshot: Snapshot {
    Snapshot(
      task: task,
      lastBranch: lastBranch,
      places: (0..<branches).map { place(ofBranch: $0) }
    )
  }

  // MARK: Flags

  /// The worker cannot report any more, and ends for that.
  func loseConnection() { cells[Cell.hasLostConnection].store(1, ordering: .releasing) }

  var hasLostConnection: Bool { cells[Cell.hasLostConnection].load(ordering: .acquiring) != 0 }

  /// The worker begins nothing more. The message that says so may lie behind others; the flag is seen at once.
  func stop() { cells[Cell.isStopping].store(1, ordering: .releasing) }

  var isStopping: Bool { cells[Cell.isStopping].load(ordering: .acquiring) != 0 }

  // MARK: The standard error

  /// Reads from the worker's standard error, in the supervisor.
  /// - Returns: the number of bytes that the body has read.
  func readErrors(_ body: () -> Int) -> Int {
    cells[Cell.isReadingErrors].store(1, ordering: .sequentiallyConsistent)
    let count = body()
    cells[Cell.errorBytes].add(max(0, count), ordering: .sequentiallyConsistent)
    cells[Cell.isReadingErrors].store(0, ordering: .sequentiallyConsistent)
    return count
  }

  /// The number of bytes that the worker has written to its standard error: those read, and those that wait.
  /// - Parameter waiting: returns the number of bytes that wait.
  /// - Returns: nil if it cannot be determined.
  func errorPosition(waiting: () -> Int?) -> Int? {
    func bytes() -> Int { cells[Cell.errorBytes].load(ordering: .sequentiallyConsistent) }
    func isReading() -> Bool {
      cells[Cell.isReadingErrors].load(ordering: .sequentiallyConsistent) != 0
    }
    for _ in 0..<1000 {
      let before = bytes()
      let wasReading = isReading()
      guard let count = waiting() else { return nil }
      // Bytes that are being read are counted nowhere.
      if !wasReading, !isReading(), bytes() == before { return before + count }
      usleep(10)
    }
    return nil
  }
}
