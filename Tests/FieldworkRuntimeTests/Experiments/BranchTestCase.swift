import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// How an experiment of a test ends.
enum Fate: Hashable, CustomStringConvertible {
  case none
  case fails(Int)
  case stops(Int)
  /// A generator has that many elements.
  case runsOut(Int)

  /// Every way to end in the iterations before the given one.
  static func all(before count: Int) -> [Fate] {
    [.none] + (0..<count).flatMap { [.fails($0), .stops($0), .runsOut($0)] }
  }

  var description: String {
    switch self {
    case .none: "none"
    case .fails(let iteration): "fails at \(iteration)"
    case .stops(let iteration): "stops at \(iteration)"
    case .runsOut(let count): "runs out at \(count)"
    }
  }

  /// The iteration that is the experiment's last one.
  func end(of iterations: Int) -> Int {
    switch self {
    case .none: iterations - 1
    case .fails(let iteration), .stops(let iteration), .runsOut(let iteration): iteration
    }
  }

  /// Fails or stops the experiment if it is time.
  func act(_ run: RunContext) throws {
    if self == .fails(run.iteration) { throw TestError("at \(run.iteration)") }
    if self == .stops(run.iteration) { try run.stop() }
  }

  /// The units that end an experiment by its fate.
  static func units(
    _ fate: @escaping @Sendable (RunContext) throws -> Fate
  ) -> [any ResearchElement] {
    [
      Unit("act") { run in try fate(run).act(run) },
      Generator("elements") { run in
        let fate = try fate(run)
        return 0..<(fate.isRunningOut ? fate.end(of: 0) : 1000)
      },
    ]
  }

  /// The unit that ends all experiments of a task, if there is one.
  static func root(_ fate: Fate) -> [any ResearchElement] {
    switch fate {
    case .none: []
    case .fails, .stops: [Unit("ender", root: true) { run in try fate.act(run) }]
    case .runsOut(let count): [Generator("ender", root: true) { _ in 0..<count }]
    }
  }

  private var isRunningOut: Bool { if case .runsOut = self { true } else { false } }
}

/// A way in which branches may run.
struct Width: CustomStringConvertible {
  let branches: Int
  let execution: BranchExecution
  let workers: Int

  init(_ branches: Int, _ execution: BranchExecution, workers: Int = 1) {
    self.branches = branches
    self.execution = execution
    self.workers = workers
  }

  var description: String { "\(branches) branches, \(execution), \(workers) workers" }
}

extension Research {
  func at(_ width: Width) -> Research {
    var research = self
    research.settings.branches = .count(width.branches)
    research.settings.branchExecution = width.execution
    research.settings.workers = .count(width.workers)
    return research
  }
}

/// Which units have run, by the value of a parameter `n` of their experiments.
final class CallLog: Sendable {
  struct Turn: Hashable {
    let n: Int
    let unit: String
    let iteration: Int
  }

  private let log = Shared<[Turn]>([])

  var turns: [Turn] { log.value }

  func note(_ run: RunContext, _ unit: String) throws {
    let turn = Turn(n: try run["n"], unit: unit, iteration: run.iteration)
    log.change { $0.append(turn) }
  }

  func iterations(of unit: String, _ n: Int) -> [Int] {
    turns.filter { $0.unit == unit && $0.n == n }.map(\.iteration)
  }
}

/// Blocks the thread for so many seconds.
func block(_ seconds: Double) { Thread.sleep(forTimeInterval: seconds) }
