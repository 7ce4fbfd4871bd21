import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory that a worker shares with its supervisor: which task it runs, and where in it each branch is.
///
/// When the worker has died, it still says what it was doing. To write into it costs no call of the
/// system, so every turn of a unit is on it.
///
/// `@unchecked Sendable`: a cell has one writer, and is read when the writer is dead. What several threads of a
/// process may write, that is the flags, which are never lowered, and which branch was the last, is written
/// under a lock.
final class WorkerBoard: @unchecked Sendable {
  /// Where a branch is.
  struct Position: Hashable {
    /// The number of the unit whose turn it is; nil between turns.
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
    static func isInTurn(_ branch: Int) -> Int { count + 3 * branch + 2 }
  }

  private let branches: Int
  private let cells: UnsafeMutableBufferPointer<Int64>
  private let shared = NSLock()
  /// The file; nil for one who has been given it, or when it is needed no more.
  private var file: SystemFile?

  /// Makes a board for a worker's tasks.
  /// - Throws: ``SystemError`` if there is no room for it.
  init(branches: Int) throws {
    let size = WorkerBoard.size(branches)
    let file = try SystemFile.memory()
    // The room is taken now, not when the first cell is written.
    let error = posix_fallocate(file.descriptor, 0, off_t(size))
    guard error == 0 else { throw SystemError("cannot use a temporary file", error) }
    self.file = file
    self.branches = branches
    cells = try WorkerBoard.map(file.descriptor, branches)
  }

  /// Takes the board that was made by another process.
  /// - Throws: ``SystemError`` if the descriptor is none of a board.
  init(descriptor: Int32, branches: Int) throws {
    file = nil
    self.branches = branches
    cells = try WorkerBoard.map(descriptor, branches)
  }

  deinit { munmap(cells.baseAddress, WorkerBoard.size(branches)) }

  private static func size(_ branches: Int) -> Int {
    (Cell.count + 3 * branches) * MemoryLayout<Int64>.stride
  }

  private static func map(
    _ descriptor: Int32,
    _ branches: Int
  ) throws -> UnsafeMutableBufferPointer<Int64> {
    let size = size(branches)
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw SystemError("cannot share memory") }
    return UnsafeMutableRawBufferPointer(start: memory, count: size).bindMemory(to: Int64.self)
  }

  /// What the worker's process is to inherit.
  var descriptor: Int32 { file?.descriptor ?? -1 }

  /// Lets go of the file, once the worker's process has it: the memory stays shared.
  func closeFile() { file = nil }

  // MARK: Writing

  /// The number of the task that runs; nil for none.
  var task: Int? {
    get { cells[Cell.task] == 0 ? nil : Int(cells[Cell.task] - 1) }
    set {
      for branch in 0..<branches {
        cells[Cell.unit(branch)] = 0
        cells[Cell.iteration(branch)] = 0
        cells[Cell.isInTurn(branch)] = 0
      }
      cells[Cell.branch] = 0
      cells[Cell.task] = newValue.map { Int64($0) + 1 } ?? 0
    }
  }

  /// The worker cannot report any more, and ends for that.
  func loseConnection() { raise(Cell.hasLostConnection) }

  /// The supervisor lets the worker begin nothing more. The message that says so may lie behind others; this
  /// is seen at once.
  func stop() { raise(Cell.isStopping) }

  /// The supervisor reads from the worker's standard error.
  /// - Returns: the number of bytes that the body has read.
  func readErrors(_ body: () -> Int) -> Int {
    cells[Cell.isReadingErrors] = 1
    let count = body()
    cells[Cell.errorBytes] += Int64(max(0, count))
    cells[Cell.isReadingErrors] = 0
    return count
  }

  /// The number of bytes that the worker has written to its standard error so far: what was read, and what is waiting.
  /// - Parameter waiting: gives the number of bytes that wait.
  /// - Returns: nil if it cannot be had.
  func errorPosition(waiting: () -> Int?) -> Int? {
    for _ in 0..<1000 {
      let before = cells[Cell.errorBytes]
      let wasReading = cells[Cell.isReadingErrors] != 0
      guard let count = waiting() else { return nil }
      // Bytes that are being read are counted nowhere.
      if !wasReading, cells[Cell.isReadingErrors] == 0, cells[Cell.errorBytes] == before {
        return Int(before) + count
      }
      usleep(10)
    }
    return nil
  }

  private func raise(_ flag: Int) { shared.withLock { cells[flag] = 1 } }

  /// A unit's turn begins for a branch, by its place in the task.
  func begin(_ unit: Int, iteration: Int, branch: Int) {
    cells[Cell.unit(branch)] = Int64(unit) + 1
    cells[Cell.iteration(branch)] = Int64(iteration)
    cells[Cell.isInTurn(branch)] = 1
    // There is no other, and nothing to tell.
    guard branches > 1 else { return }
    shared.withLock { cells[Cell.branch] = Int64(branch) }
  }

  func end(branch: Int) { cells[Cell.isInTurn(branch)] = 0 }

  // MARK: Reading

  var hasLostConnection: Bool { cells[Cell.hasLostConnection] != 0 }
  var isStopping: Bool { cells[Cell.isStopping] != 0 }

  /// The branch whose turn was the last to begin.
  var lastBranch: Int { Int(cells[Cell.branch]) }

  /// Where a branch is; nil if it has not been in the turn of any unit.
  func position(ofBranch branch: Int) -> Position? {
    guard cells[Cell.unit(branch)] > 0 else { return nil }
    let isInTurn = cells[Cell.isInTurn(branch)] != 0
    return Position(
      unit: isInTurn ? Int(cells[Cell.unit(branch)] - 1) : nil,
      iteration: Int(cells[Cell.iteration(branch)])
    )
  }
}
