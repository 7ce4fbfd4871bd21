import ArgumentParser
import FieldworkCore
import FieldworkStore
import Foundation

/// `remove`: deletes the stored results.
struct RemoveCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Delete the stored results of the research."
  )

  @Flag(name: .customLong("yes"), help: "Do not ask.")
  var isConfirmed = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    guard folder.hasStore else {
      throw FieldworkError(.store, "there are no results in \(folder.path)")
    }
    // Nobody is asked in vain.
    try folder.requireFree()
    guard isConfirmed || context.terminal.confirm("Delete the results in \(folder.path)?") else {
      throw FieldworkError(
        .invalidDefinition,
        "nothing was deleted: add --yes to delete the results in \(folder.path)"
      )
    }
    try folder.remove()
    let rest = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    context.terminal.print(
      rest.isEmpty
        ? "deleted \(folder.path)"
        : "deleted the results in \(folder.path), but not what no run has made: \(rest.sorted().joined(separator: ", "))"
    )
    return .done
  }
}
