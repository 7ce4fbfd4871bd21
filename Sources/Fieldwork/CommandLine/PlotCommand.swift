import ArgumentParser
import FieldworkCore
import FieldworkReport
import FieldworkStore
import Foundation

/// What a plot shows.
enum PlotKind: String, CaseIterable, ExpressibleByArgument {
  case curves, history, pareto, parameter, parallel, heatmap, contour, timeline, importance
}

/// `plot`: writes one picture of the results.
struct PlotCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Write a picture of the results as an SVG file.",
    discussion: """
      curves: a saved value over the iterations, mean and 95 percent confidence interval over experiments; --by tells \
      curves apart, by a parameter or by config. \
      history: the last values of experiments in their order, and the best one so far. \
      pareto: the configs over two objectives, and those that no other one dominates: plot pareto loss,seconds. \
      parameter: the last values over one parameter; --by colours another one. \
      parallel: a line for each config over all parameters. \
      heatmap: the mean of the last values over two parameters: plot heatmap size,temperature. \
      contour: colours between the configs over two parameters of numbers: plot contour rate,width. \
      timeline: what each worker did, and what failed. \
      importance: how much each parameter explains.
      """
  )

  @Argument(help: ArgumentHelp("What to draw.", valueName: "kind"))
  var kind: PlotKind

  @Argument(
    help: ArgumentHelp(
      "The parameter, or two for a heat map or contour, with a comma; for pareto two objectives, the first two by default.",
      valueName: "names"
    )
  )
  var parameters: String?

  @Option(
    help: ArgumentHelp(
      "Of which saved value; the playbook's objective by default, of curves the first one that has some.",
      valueName: "name"
    )
  )
  var of: String?

  @Option(
    help: ArgumentHelp(
      "Which parameter tells curves or colours apart; of curves also config, for each config.",
      valueName: "name"
    )
  )
  var by: String?

  @Flag(help: "With curves, history, pareto and parameter: a logarithmic horizontal axis.")
  var logX = false

  @Flag(help: "With curves, history, pareto and parameter: a logarithmic vertical axis.")
  var logY = false

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "The file to write; one in the folder of the results by default, - for the standard output.",
      valueName: "path"
    )
  )
  var output: String?

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    let wantsParameters = [.parameter, .heatmap, .contour, .pareto].contains(kind)
    if !wantsParameters, parameters != nil {
      throw ValidationError("\(kind.rawValue) needs no parameter: leave out '\(parameters ?? "")'")
    }
    let hasAxes = [.curves, .history, .pareto, .parameter].contains(kind)
    for (isGiven, option) in [(logX, "--log-x"), (logY, "--log-y")] where isGiven && !hasAxes {
      throw ValidationError("\(option) is for curves, history, pareto and parameter: leave it out")
    }
    if by != nil, ![.curves, .parameter].contains(kind) {
      throw ValidationError("--by is for curves and parameter: leave it out")
    }
    if output == "" { throw ValidationError("--output is empty: give a file, or - for the output") }
    if let output, output.contains("."), let last = output.split(separator: "/").last,
      let end = last.split(separator: ".").last, last.contains("."), end.lowercased() != "svg"
    {
      throw ValidationError("a plot is SVG: give a file that ends with .svg, not .\(end)")
    }
    if kind == .pareto, of != nil {
      throw ValidationError("pareto takes two objectives: plot pareto loss,seconds; leave out --of")
    }
    if kind == .timeline, of != nil {
      throw ValidationError("a timeline shows no saved value: leave out --of")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let results = try experiments.results(folder, context.research, context.terminal)
    let plot = try plot(results, context.research)
    let path = output ?? "\(folder.path)/\(fileName)"
    guard try context.terminal.write(plot.svg, to: path) else { return .done }
    if !plot.summary.isEmpty { context.terminal.printError(plot.summary.inOneLine) }
    for note in plot.notes { context.terminal.printError(note.inOneLine) }
    return .done
  }

  /// The name of the file, if none is given: another picture does not overwrite it.
  private var fileName: String {
    let parts = [kind.rawValue, parameters, of, by].compactMap(\.self)
    let words = parts.flatMap { $0.split { !$0.isLetter && !$0.isNumber } }
    return words.joined(separator: "-").prefix(80) + ".svg"
  }

  private func plot(_ results: ResearchResults, _ research: Research) throws -> Plot {
    if kind == .timeline { return try .timeline(results) }
    if kind == .pareto { return try pareto(results, research) }
    let name = try ValueOption.name(of ?? curved(results, research), "--of", research, results)
    let names = try parameters.map(columnNames) ?? []
    let known = results.parameterNames
    if [.parameter, .heatmap, .contour].contains(kind), names.isEmpty {
      throw FieldworkError(
        .unreadableText,
        kind != .parameter
          ? "say which two parameters: plot \(kind.rawValue) \(known.prefix(2).joined(separator: ","))"
          : "say which parameter: plot parameter \(known.first ?? "name")"
      )
    }
    switch kind {
    case .curves:
      return try .curves(
        of: name,
        by: by,
        results,
        objective: research.settings.objective,
        logX: logX,
        logY: logY
      )
    case .history:
      return try .history(try objective(name, research), results, logX: logX, logY: logY)
    case .parameter:
      guard names.count == 1 else { throw tooMany(names, "one parameter") }
      return try .parameter(
        names[0],
        of: name,
        by: by,
        results,
        logX: logX ? true : nil,
        logY: logY
      )
    case .heatmap:
      guard names.count == 2 else { throw tooMany(names, "two parameters, with a comma") }
      return try .heatMap(names[0], names[1], of: name, results)
    case .contour:
      guard names.count == 2 else { throw tooMany(names, "two parameters, with a comma") }
      return try .contour(names[0], names[1], of: name, results)
    case .parallel: return try .parallel(of: name, results)
    case .importance: return try .importance(of: name, results)
    case .timeline: return try .timeline(results)
    case .pareto: return try pareto(results, research)
    }
  }

  private func pareto(_ results: ResearchResults, _ research: Research) throws -> Plot {
    let own = research.settings.objectives.map(\.name)
    let names = try parameters.map(columnNames) ?? Array(own.prefix(2))
    guard names.count == 2 else {
      if parameters != nil { throw tooMany(names, "two objectives, with a comma") }
      throw FieldworkError(
        .invalidDefinition,
        "pareto compares two objectives, and the research has \(own.count): write objective: [.minimize(\"loss\"), .minimize(\"seconds\")]"
      )
    }
    return try .pareto(
      objective(names[0], research),
      objective(names[1], research),
      results,
      logX: logX,
      logY: logY
    )
  }

  private func objective(_ name: String, _ research: Research) throws -> Objective {
    if let own = research.settings.objectives.first(where: { $0.name == name }) { return own }
    throw FieldworkError(
      .invalidDefinition,
      "it is not known whether a small or a large '\(name)' is better: make it an objective of the research"
    )
  }

  /// Without --of, curves are those of the objective, if it has any, else of the first name that has.
  private func curved(_ results: ResearchResults, _ research: Research) -> String? {
    guard kind == .curves else { return nil }
    let names = [research.settings.objective?.name].compactMap(\.self) + results.variables
    return names.first { results.iterationCount(of: $0) > 1 && results.hasNumbers($0) }
  }

  private func tooMany(_ names: [String], _ wanted: String) -> FieldworkError {
    FieldworkError(
      .unreadableText,
      "\(kind.rawValue) takes \(wanted), not '\(names.joined(separator: ","))'"
    )
  }
}
