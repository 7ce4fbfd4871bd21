public import FieldworkCore
public import FieldworkStore

/// A research as it is stored: what can be had of it without its playbook.
///
///     let research = try Research.load("research/ising")
///     research.description     // domain, units and updates as text
///     try research.results()   // what was saved
public struct StoredResearch: Sendable, CustomStringConvertible {
  public let name: String
  /// The domain, the units and the updates of the last run, in lines.
  public let description: String
  /// The seed of everything random.
  public let seed: UInt64?
  /// How often it was run.
  public let runs: Int
  private let store: DatabaseStore

  init(_ folder: ResearchFolder) throws {
    store = try DatabaseStore.openForReading(folder)
    let notes = try store.notes()
    name = notes["name"].flatMap(String.init) ?? folder.path
    description = notes["description"].flatMap(String.init) ?? "Research \(Value.quoted(name))"
    seed = try StoredSeed.decode(notes["seed"])
    runs = notes["runs"].flatMap(Int.init) ?? 0
  }

  /// The results, or what a filter keeps of them.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be read.
  public func results(_ filter: ResultFilter = ResultFilter()) throws -> ResearchResults {
    try store.contents(filter)
  }

  /// The provenance of the runs.
  public func provenance() throws -> [ProvenanceItem] { try store.provenance() }

  /// How long units took.
  /// - Throws: ``FieldworkError`` of code `store` if nothing was measured or it cannot be read.
  public func profile() throws -> Profile { try Profile(store) }
}

extension Research {
  /// Reads what is stored of this research; nothing is run or written.
  ///
  ///     let table = try Digits().research.results().table()
  /// - Parameter directory: the directory of all results.
  /// - Throws: ``FieldworkError`` of code `store` if there is nothing or it cannot be read.
  public func results(
    in directory: String = "research",
    _ filter: ResultFilter = ResultFilter()
  ) throws -> ResearchResults {
    try ResearchResults.load(ResearchFolder(directory: directory, name: name).path, filter)
  }

  /// Opens a stored research for reading, by the path of its folder.
  /// - Throws: ``FieldworkError`` of code `store` if there is none or it cannot be read.
  public static func load(_ path: String) throws -> StoredResearch {
    try StoredResearch(ResearchFolder(path: path))
  }

  /// Deletes the results of a research, by the path of its folder; other things in the folder are left.
  ///
  /// - Throws: ``FieldworkError`` of code `store` if it holds no results or cannot be deleted, of code
  ///   `busy` if the research is running.
  public static func remove(_ path: String) throws {
    try ResearchFolder(path: path).remove()
  }
}
