public import FieldworkCore
public import FieldworkSearch

/// Chooses the configs of a domain by the results of those before, in place of all of them in order.
///
///     Research("digits", iterations: 20, objective: .minimize("loss")) {
///       Domain("rate" <- .logUniform(1e-4...1), "width" <- [16, 32, 64, 128])
///       Search(configs: 100)
///       Unit("train", saving: "loss", train, EC("rate"), EC("width"))
///     }
///
/// The search minimizes or maximizes the objective of the research. A config is chosen by the results of all configs before
/// it but those that may still run: at most `window:` of the ``Research`` less one. So the table is the same at any number
/// of workers, and a run that is started again goes on with the same configs.
public struct Search: ResearchElement {
  private let description: SearchDescription
  private let configs: Int?

  /// - Parameters:
  ///   - algorithm: chooses the configs.
  ///   - configs: the number of configs; nil for that of the research.
  ///   - end: the condition under which the search ends before that; nil for none.
  ///   - sources: the names of researches in the same directory whose results the search begins from. It takes configs
  ///     that lie in its domain, and keeps what it has taken.
  public init(
    _ algorithm: some SearchAlgorithm = .auto,
    configs: Int? = nil,
    until end: SearchEnd? = nil,
    from sources: [String] = [],
    file: String = #fileID,
    line: Int = #line
  ) {
    description = SearchDescription(
      algorithm,
      until: end,
      from: sources,
      place: SourceLocation(file: file, line: line)
    )
    self.configs = configs
  }

  public var parts: [ResearchPart] { [.search(description, configs: configs)] }
}
