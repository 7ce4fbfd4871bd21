import ArgumentParser
import FieldworkCore
import FieldworkStore
import Foundation

/// `remove`: deletes the stored results.
struct RemoveCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Remove the stored results of the research.",
    discussion: """
      Results go to a folder .trash beside that of the research, unless --permanently is given. What no run has made \
      is left.
      """
  )

  @Flag(name: .customLong("yes"), help: "Do not ask.")
  var isConfirmed = false

  @Flag(help: "Delete the results at once, and not to the trash.")
  var permanently = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    guard folder.hasStore else {
      throw folder.lookupError
        ?? FieldworkError(.store, "there are no results in \(folder.path)")
    }
    // Nobody is asked in vain.
    try folder.requireFree()
    let results = "the results in \(folder.path) (\(folder.extent().text))"
    let question =
      permanently ? "Delete \(results) permanently?" : "Move \(results) to the trash?"
    guard isConfirmed || context.terminal.confirm(question) else {
      throw FieldworkError(
        .invalidDefinition,
        "nothing was removed: add --yes to remove \(results)"
      )
    }
    let removal = try folder.remove(permanently: permanently)
    var text = removal.left.isEmpty ? folder.path : "the results in \(folder.path)"
    text = "removed \(text)"
    if let trash = removal.trash {
      text += "; they are in \(trash) now, delete that folder to free its space"
    }
    if !removal.left.isEmpty {
      text += "\nleft what no run has made: \(removal.left.joined(separator: ", "))"
    }
    context.terminal.print(text)
    return .done
  }
}

extension StoredExtent {
  /// The number of experiments and the size, for a question.
  var text: String {
    let count = experiments.map { Wording.count($0, "experiment") } ?? "a store that cannot be read"
    return "\(count), \(Wording.bytes(bytes))"
  }
}
