import ArgumentParser
import FieldworkAnalysis
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

/// The place of the outputs of cached units.
struct CacheOptions: ParsableArguments {
  @Option(
    name: .customLong("cache"),
    help: ArgumentHelp(
      "The folder of the outputs of cached units, which researches can share; by default 'cache' in the folder of the research.",
      valueName: "path"
    )
  )
  var path: String?

  @Flag(
    name: .customLong("no-cache"),
    help: "Compute the outputs of cached units each time, and keep none."
  )
  var isOff = false

  @Option(
    name: .customLong("cache-limit"),
    help: ArgumentHelp(
      "The greatest total size of cached outputs, such as 10GB. The outputs that were used least recently are removed.",
      valueName: "size"
    ),
    transform: readSize
  )
  var limit: Int?

  func validate() throws {
    if isOff, path != nil { throw ValidationError("leave out --cache or --no-cache") }
    try requirePath(path)
    if let limit, limit < 1 { throw ValidationError("--cache-limit is 0: write --no-cache") }
  }

  func apply(to research: inout Research) throws {
    if let path { research.settings.cache = .folder(path) }
    if isOff { research.settings.cache = .none }
    if let limit { research.settings.cacheLimit = limit }
  }
}

/// - Throws: `ValidationError` for an empty path, which would be the current folder.
private func requirePath(_ path: String?) throws {
  if let path, path.isEmpty {
    throw ValidationError("--cache is empty: give the path of a folder")
  }
}

/// The actions of `cache`.
enum CacheAction: String, CaseIterable, Sendable {
  case list, remove
}

/// `cache`: lists and removes the outputs of cached units.
struct CacheCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "List or remove the outputs of cached units.",
    discussion: """
      'cache list' prints the unit, the arguments, the size and the time of each output. 'cache remove load' removes \
      the outputs of the unit load, 'cache remove 3f1a' those whose key begins with 3f1a if no unit has this name, \
      'cache remove --all' all. \
      Outputs that a running experiment uses are not removed. Exit codes: 0, or 1 if nothing fits or an output is in use.
      """
  )

  @Argument(
    help: ArgumentHelp("List them, or remove some.", valueName: choices(CacheAction.self)),
    transform: choice
  )
  var action: CacheAction = .list

  @Argument(
    help: ArgumentHelp("With 'remove': units, or the beginnings of keys.", valueName: "name")
  )
  var names: [String] = []

  @Flag(name: .customLong("all"), help: "With 'remove': all outputs.")
  var removesAll = false

  @Flag(name: .customLong("json"), help: "With 'list': print a JSON object for each output.")
  var json = false

  @Option(
    name: .customLong("cache"),
    help: ArgumentHelp("The folder, if it is not that of the research.", valueName: "path")
  )
  var path: String?

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    try requirePath(path)
    if action == .remove, names.isEmpty, !removesAll {
      throw ValidationError("'cache remove' needs a unit, the beginning of a key, or --all")
    }
    if action == .list, !names.isEmpty { throw ValidationError("'cache list' takes no names") }
    if action == .list, removesAll { throw ValidationError("--all is for 'cache remove'") }
    if removesAll, !names.isEmpty { throw ValidationError("leave out --all or the names") }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    var research = context.research
    if let path { research.settings.cache = .folder(path) }
    guard let root = research.cachePath(in: try location.folder(of: research)) else {
      context.terminal.printError("the research keeps no outputs of cached units")
      return .someFailed
    }
    let listing = CacheListing(root)
    switch action {
    case .list:
      list(listing.entries, root, context.terminal)
      return .done
    case .remove: return remove(listing, root, context.terminal)
    }
  }

  private func list(_ entries: [CacheListing.Entry], _ root: String, _ terminal: Terminal) {
    if json {
      for entry in entries { terminal.print(entry.value.jsonText) }
      return
    }
    guard !entries.isEmpty else {
      terminal.printError("there are no cached outputs in \(root)")
      return
    }
    let rows = entries.map { entry in
      [
        String(entry.digest.prefix(12)), entry.unit, entry.version,
        Value.list(entry.arguments).jsonText, Wording.bytes(entry.bytes),
        Duration.milliseconds(Int((entry.seconds * 1000).rounded())).optionText,
        Date(timeIntervalSince1970: entry.lastUsed).formatted(
          .iso8601.year().month().day().dateTimeSeparator(.space).time(
            includingFractionalSeconds: false
          )
        ),
      ]
    }
    let names = ["key", "unit", "version", "arguments", "size", "computed_in", "last_used"]
    let table = Table(
      columns: names.enumerated().map { index, name in
        Table.Column(name: name, cells: rows.map { .string($0[index]) })
      }
    )
    terminal.print(table.text(width: terminal.isInteractive ? terminal.width : nil))
    let total = entries.reduce(0) { $0 + $1.bytes }
    terminal.printError(
      "\(Wording.count(entries.count, "output")), \(Wording.bytes(total)), in \(root)"
    )
  }

  private func remove(_ listing: CacheListing, _ root: String, _ terminal: Terminal) -> ExitStatus {
    let all = listing.entries
    let units = Set(all.map(\.unit))
    let entries = all.filter { entry in
      removesAll
        || names.contains { name in
          // The name of a unit, such as 'add', may be the beginning of a key.
          units.contains(name)
            ? entry.unit == name : entry.digest.hasPrefix(name.lowercased())
        }
    }
    guard !entries.isEmpty else {
      let which =
        removesAll ? "output" : "output of \(names.map { "'\($0)'" }.joined(separator: ", "))"
      terminal.printError("no cached \(which) in \(root); 'cache list' shows all")
      return .someFailed
    }
    let removed = entries.filter { listing.remove($0.digest) }
    let bytes = removed.reduce(0) { $0 + $1.bytes }
    terminal.print("removed \(Wording.count(removed.count, "output")) (\(Wording.bytes(bytes)))")
    let left = entries.count - removed.count
    if left > 0 {
      terminal.printError(
        "\(Wording.count(left, "output")) not removed: running experiments use \(left == 1 ? "it" : "them")"
      )
    }
    return left > 0 ? .someFailed : .done
  }
}

extension CacheListing.Entry {
  fileprivate var value: Value {
    [
      "key": .string(digest), "unit": .string(unit), "version": .string(version),
      "arguments": .list(arguments), "bytes": .int(bytes), "seconds": .double(seconds),
      "created": .double(created), "last_used": .double(lastUsed),
    ]
  }
}
