import FieldworkAnalysis
import FieldworkCore
import FieldworkStore

/// The results of other researches from which a search begins. They are read once, and kept with the results of the
/// research, so that later runs begin from the same ones.
struct EarlierResults {
  /// The key of the note that keeps them.
  static let noteKey = "earlier results"

  /// By name of the research, in the order of the playbook: configs with their values.
  private var researches: [(name: String, results: [(config: Config, values: [Double])])] = []
  /// True if there are some that are not kept yet.
  private(set) var isNew = false

  /// - Throws: ``FieldworkError`` of code `store` if there are no results of a research that the search names.
  init(_ research: Research, _ store: any ResultStore) throws {
    guard let search = research.search, !search.sources.isEmpty else { return }
    let kept = Self.decode(try store.notes()[Self.noteKey])
    for name in search.sources {
      if let results = kept.first(where: { $0.name == name })?.results {
        researches.append((name, results))
        continue
      }
      researches.append((name, try Self.read(name, research, search, store)))
      isNew = true
    }
  }

  private static func read(
    _ name: String,
    _ research: Research,
    _ search: SearchDescription,
    _ store: any ResultStore
  ) throws -> [(config: Config, values: [Double])] {
    guard !research.settings.objectives.isEmpty else { return [] }
    guard let own = store.folder else {
      throw FieldworkError(
        .store,
        "a search in memory cannot read the results of '\(name)'; run it with a folder",
        place: search.place
      )
    }
    // A name such as a/b is a path of several folders below the directory of all results.
    let depth = research.name.split(separator: "/").count
    let path = own.root.split(separator: "/", omittingEmptySubsequences: false).dropLast(depth)
    let folder = ResearchFolder(directory: path.joined(separator: "/"), name: name)
    guard let other = try DatabaseStore.openIfThere(folder) else {
      throw FieldworkError(
        .store,
        "the search begins from the results of '\(name)', but there are none in \(folder.path); run that research first, or leave it out of from:",
        place: search.place
      )
    }
    defer { try? other.close() }
    return try other.contents().compared(by: research.settings.objectives).map {
      ($0.config, $0.means)
    }
  }

  /// The results in the order in which a search takes them.
  var all: [(config: Config, values: [Double])] { researches.flatMap(\.results) }

  /// The note that keeps the results.
  var note: RunRecord {
    let entries = researches.map { name, results -> Value in
      let configs = try? Domain(configs: results.map(\.config)).recorded(limit: .max)
      return [.string(name), configs ?? .null, .list(results.map { Self.encode($0.values) })]
    }
    return .note(Self.noteKey, .list(entries))
  }

  /// A number if there is one objective, as stores of earlier versions have it.
  private static func encode(_ values: [Double]) -> Value {
    values.count == 1 ? .double(values[0]) : .list(values.map { .double($0) })
  }

  private static func decode(_ value: Value) -> [Double] {
    if case .list(let values) = value { return values.map { $0.number ?? .nan } }
    return [value.number ?? .nan]
  }

  private static func decode(
    _ note: Value?
  ) -> [(name: String, results: [(config: Config, values: [Double])])] {
    guard case .list(let entries)? = note else { return [] }
    return entries.compactMap { entry in
      guard case .list(let parts) = entry, parts.count == 3, case .string(let name) = parts[0],
        case .list(let values) = parts[2]
      else { return nil }
      let domain = try? Domain(
        recorded: parts[1],
        resolve: { AnyAlias(stored: $1, isNamed: true, plain: nil) }
      )
      let configs = (try? domain?.configs()) ?? []
      guard configs.count == values.count else { return nil }
      return (name, zip(configs, values).map { ($0, decode($1)) })
    }
  }
}
