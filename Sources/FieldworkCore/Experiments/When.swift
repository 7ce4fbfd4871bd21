/// At which iterations a unit runs.
///
///     .every(10)           // iterations 9, 19, 29, …: after each ten
///     .at(0, 5)            // iterations 0 and 5, counted from 0
///     .last                // once, when the experiment ends; not if it is interrupted or its worker dies
///     .cleanup             // when the experiment is over, whatever ended it
///     .every(10) | .last   // any of them
public struct When: Sendable, Hashable {
  enum Term: Sendable, Hashable {
    case every(Int)
    case at(Int)
    case last
    case cleanup
  }

  let terms: [Term]

  init(terms: [Term]) { self.terms = terms }

  /// Every `period` iterations: `period - 1`, `2 * period - 1`, … A period below 1 means never.
  public static func every(_ period: Int) -> When { When(terms: [.every(period)]) }

  /// Just the given iterations, counted from 0.
  public static func at(_ iterations: Int...) -> When { When(terms: iterations.map(Term.at)) }

  /// Once, when the experiment ends, whatever ended it.
  public static let last = When(terms: [.last])

  /// When the experiment is over, whatever ended it: also a failure, a stop, a time limit and pruning. When its worker
  /// has died, the next worker does it, with the config and the folder of the experiment and without outputs of its units.
  public static let cleanup = When(terms: [.cleanup])

  /// At no iteration.
  public static let never = When(terms: [])

  /// The iterations of both.
  public func union(_ other: When) -> When {
    When(terms: terms + other.terms.filter { !terms.contains($0) })
  }

  /// Whether a unit of this schedule runs.
  /// - Parameters:
  ///   - iteration: the number of the iteration, from 0.
  ///   - isLast: whether the experiment ends with this iteration.
  public func runs(at iteration: Int, isLast: Bool) -> Bool {
    terms.contains { term in
      switch term {
      case .every(let period): period > 0 && (iteration + 1) % period == 0
      case .at(let position): position == iteration
      case .last: isLast
      case .cleanup: false
      }
    }
  }

  /// True if the unit runs when the experiment is over.
  package var includesCleanup: Bool { terms.contains(.cleanup) }

  /// Whether the end of the experiment is part of the schedule.
  public var includesLast: Bool { terms.contains(.last) }

  /// Whether the unit runs again and again.
  package var isPeriodic: Bool {
    terms.contains { term in
      if case .every(let period) = term { period > 0 } else { false }
    }
  }

  /// Whether the schedule comes up at some iteration from the given one on, however many there are.
  package func comesUp(from iteration: Int = 0) -> Bool {
    terms.contains { term in
      switch term {
      case .every(let period): period > 0
      case .at(let position): position >= iteration
      case .last, .cleanup: false
      }
    }
  }

  /// The first iteration at which the unit runs, the end of the experiment aside; nil if there is none.
  package var firstIteration: Int? {
    terms.compactMap { term in
      switch term {
      case .every(let period): period > 0 ? period - 1 : nil
      case .at(let position): position >= 0 ? position : nil
      case .last, .cleanup: nil
      }
    }.min()
  }

  /// Whether the unit can run at all in so many iterations; nil for no limit.
  public func canRun(inIterations count: Int?) -> Bool {
    terms.contains { term in
      switch term {
      case .every(let period): period > 0 && period <= count ?? .max
      case .at(let position): position >= 0 && position < count ?? .max
      case .last, .cleanup: true
      }
    }
  }
}

extension When: CustomStringConvertible {
  public var description: String {
    guard !terms.isEmpty else { return ".never" }
    return terms.map { term in
      switch term {
      case .every(let period): ".every(\(period))"
      case .at(let iteration): ".at(\(iteration))"
      case .last: ".last"
      case .cleanup: ".cleanup"
      }
    }.joined(separator: " | ")
  }
}
