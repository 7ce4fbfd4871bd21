import ArgumentParser
import FieldworkCore
import FieldworkStore
import Foundation

/// `compare`: shows how two configs, groups of experiments, or researches differ.
struct CompareCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two configs, two groups of experiments, or two researches, pair by pair.",
    discussion: """
      Each side is a condition ('rate == 0.1'), the id of an experiment, which stands for its config in all \
      repetitions, or a research: the path of its folder, or its name beside this one. A research is compared with a research.

      Experiments are compared in pairs: those with the same repetition, and the same values of all parameters that \
      the conditions do not name. difference is the mean of second minus first, low and high its 95 percent \
      confidence interval (Student's t), p the probability of so large a difference by chance (permutation test, \
      exact up to 20 pairs), p_ranks that by Wilcoxon's signed-rank test, p_t that by Student's t test, which \
      takes differences to be normally distributed. Experiments that are not done are left out.
      """
  )

  @Argument(help: ArgumentHelp("A condition, an id or a research.", valueName: "first"))
  var first: String

  @Argument(help: ArgumentHelp("Another one.", valueName: "second"))
  var second: String

  @Option(
    help: ArgumentHelp(
      "By these saved values; by all that are numbers otherwise.",
      valueName: "names"
    )
  )
  var by: String?

  @Option(
    help: ArgumentHelp(
      "Parameters that need not be the same in a pair, such as sampled ones.",
      valueName: "parameters"
    )
  )
  var ignoring: String?

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  /// One side of the comparison.
  private struct Side {
    let results: ResearchResults
    /// The parameters in which its experiments need not be equal to their partners.
    let named: Set<String>
    let isResearch: Bool
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let first = try side(first, context, context.terminal)
    let second = try side(second, context, first.isResearch ? context.terminal : nil)
    guard first.isResearch == second.isResearch else {
      throw FieldworkError(
        .unreadableText,
        "'\(first.isResearch ? self.first : self.second)' is a research, and '\(first.isResearch ? self.second : self.first)' is not: give two of a kind"
      )
    }
    let common = Set(first.results.experiments.map(\.id))
      .intersection(second.results.experiments.map(\.id))
    guard first.isResearch || common.isEmpty else {
      throw FieldworkError(
        .unreadableText,
        "the two sides have \(Wording.count(common.count, "experiment")) in common: say what tells them apart"
      )
    }
    for (side, text) in [(first, self.first), (second, self.second)]
    where !side.results.experiments.contains(where: { $0.state == .done }) {
      throw FieldworkError(
        .nothingPasses,
        side.isResearch
          ? "no experiment of \(text) is done" : "no experiment that is done has \(text)"
      )
    }
    let names = try names(first.results, second.results)
    var problem: FieldworkError?
    let ignored = try Set(ignoring.map(columnNames) ?? [])
    let known = first.results.parameterNames + second.results.parameterNames
    if let unknown = ignored.first(where: { !known.contains($0) }) {
      throw FieldworkError(
        .missingParameter,
        "--ignoring: there is no parameter '\(unknown)', there are \(Set(known).sorted().joined(separator: ", "))"
      )
    }
    let comparisons = try names.compactMap { name -> ResultComparison? in
      do {
        return try first.results.compare(
          with: second.results,
          by: name,
          apartFrom: first.named.union(second.named).union(ignored)
        )
      } catch let error as FieldworkError where error.code == .nothingPasses && names.count > 1 {
        problem = problem ?? error
        return nil
      }
    }
    guard !comparisons.isEmpty else {
      throw problem
        ?? FieldworkError(
          .nothingPasses,
          "there is nothing to compare: no numbers were saved under one name on both sides"
        )
    }
    output.print(Self.table(comparisons), context.terminal)
    for remark in Self.remarks(comparisons) { context.terminal.printError(remark) }
    let unfinished = [first, second].map { $0.results.experiments.count { $0.state != .done } }
    if unfinished != [0, 0] {
      context.terminal.printError(
        "\(Wording.count(unfinished[0], "experiment")) of the first side and \(unfinished[1]) of the second are not done, left out"
      )
    }
    return .done
  }

  /// - Parameter terminal: where to say what is left out; nil to say nothing.
  private func side(
    _ text: String,
    _ context: PlaybookContext,
    _ terminal: Terminal?
  ) throws -> Side {
    // A name is that of a research here, first of all.
    let named = "\(location.directory)/\(text)"
    let paths = text.contains("/") ? [text, named] : [named, text]
    if !text.isEmpty, let path = paths.first(where: { ResearchFolder(path: $0).hasStore }) {
      return Side(
        results: try experiments.results(
          ResearchFolder(path: path),
          try isOwn(path, context) ? context.research : nil,
          terminal
        ),
        named: [],
        isResearch: true
      )
    }
    let results = try experiments.results(in: location, context.research, terminal)
    let start = ExperimentOptions.idStart(text)
    let found = results.experiments.filter { !start.isEmpty && $0.id.hasPrefix(start) }
    if let first = found.first(where: { $0.id == start }) ?? found.first {
      let points = results.experiments.filter { $0.hasSameConfig(as: first) }
      guard first.id == start || found.allSatisfy({ $0.hasSameConfig(as: first) }) else {
        throw FieldworkError(
          .unreadableText,
          "'\(text)' begins the ids of \(found.count) experiments with different configs: give more of the id"
        )
      }
      return Side(
        results: try results.filtered(ids: points.map(\.id)),
        named: Set(results.parameterNames),
        isResearch: false
      )
    }
    let condition: Condition
    do {
      condition = try Condition(text)
    } catch let error as FieldworkError {
      throw FieldworkError(
        error.code,
        "'\(text)' is no research in \(location.directory), no id of an experiment, and no condition: \(error.message)"
      )
    }
    let chosen = try results.filtered(where: condition)
    guard !chosen.experiments.isEmpty else {
      throw FieldworkError(.nothingPasses, "no experiment has \(text)")
    }
    return Side(results: chosen, named: Set(condition.names), isResearch: false)
  }

  /// Returns true if a folder belongs to the playbook's own research.
  private func isOwn(_ path: String, _ context: PlaybookContext) throws -> Bool {
    let own = try location.folder(of: context.research).path
    return URL(fileURLWithPath: path).standardizedFileURL
      == URL(fileURLWithPath: own).standardizedFileURL
  }

  /// The saved names to compare by.
  private func names(_ first: ResearchResults, _ second: ResearchResults) throws -> [String] {
    if let by { return try columnNames(by) }
    return first.variables.filter { name in
      second.variables.contains(name)
        && first.lastValues(of: name).contains { $0?.number != nil }
        && second.lastValues(of: name).contains { $0?.number != nil }
    }
  }

  private static func table(_ comparisons: [ResultComparison]) -> Table {
    func column(_ name: String, _ number: (PairedComparison) -> Double?) -> Table.Column {
      Table.Column(name: name, cells: comparisons.map { number($0.pairs).map { .double($0) } })
    }
    return Table(columns: [
      Table.Column(name: "value", cells: comparisons.map { .string($0.name) }),
      Table.Column(name: "pairs", cells: comparisons.map { .int($0.pairs.count) }),
      column("first") { $0.count > 0 ? $0.first.mean : nil },
      column("second") { $0.count > 0 ? $0.second.mean : nil },
      column("difference") { $0.count > 0 ? $0.differences.mean : nil },
      column("low") { $0.differences.interval()?.low },
      column("high") { $0.differences.interval()?.high },
      column("p", \.probability), column("p_ranks", \.rankProbability),
      column("p_t", \.studentProbability),
    ])
  }

  /// What the numbers say, in a sentence.
  private static func verdict(_ comparison: ResultComparison) -> String {
    let pairs = comparison.pairs
    let mean = pairs.differences.mean
    guard pairs.count > 0, mean.isFinite else {
      return pairs.count == 0
        ? "\(comparison.name): no pair has numbers on both sides"
        : "\(comparison.name): a difference is infinite; p_ranks tells what can be told"
    }
    let start = "\(comparison.name): the second is"
    guard mean != 0 else { return "\(start) the same on the average" }
    let size = "\(start) \(mean > 0 ? "larger" : "smaller") by \(Table.rounded(abs(mean)))"
    guard let interval = pairs.differences.interval() else {
      return "\(size); one pair does not tell whether that is chance"
    }
    let isClear = interval.low > 0 || interval.high < 0
    let isRare = (pairs.probability ?? 1) < 0.05
    let probability = Table.rounded(pairs.probability ?? 1)
    switch (isClear, isRare) {
    case (false, false): return "\(size), which may be chance: the interval contains 0"
    case (false, true):
      return
        "\(size); the interval contains 0, but the permutation test finds it hardly chance (p \(probability)): a few differences may be much larger than the others"
    case (true, true): return "\(size), which is hardly chance (p \(probability))"
    case (true, false): break
    }
    return pairs.smallestProbability >= 0.05
      ? "\(size); the interval, which takes differences to be normally distributed, does not contain 0, but there are too few pairs for the permutation test"
      : "\(size), which may be chance by the permutation test (p \(probability))"
  }

  /// What one should know of the numbers.
  private static func remarks(_ comparisons: [ResultComparison]) -> [String] {
    var remarks = comparisons.map(verdict)
    if let few = comparisons.map(\.pairs).filter({ (1...5).contains($0.count) })
      .min(by: { $0.count < $1.count })
    {
      remarks.append(
        "with \(few.count) pair\(few.count == 1 ? "" : "s") p cannot be below \(Table.rounded(few.smallestProbability)): more repetitions tell more"
      )
    }
    for comparison in comparisons {
      let (first, second) = comparison.unpaired
      let left = comparison.pairs.leftOut
      if first + second > 0 {
        remarks.append(
          "\(comparison.name): \(Wording.count(first, "experiment")) of the first side and \(second) of the second have no partner"
        )
      }
      if left > 0 { remarks.append("\(comparison.name): pairs with NaN are left out: \(left)") }
    }
    return remarks
  }
}
