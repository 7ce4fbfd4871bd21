import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

/// `source`: writes the sources of a run into a folder.
struct SourceCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "source",
    abstract: "Write the sources of a run into a folder.",
    discussion: """
      A run with --provenance git, the default, keeps the commit and the content of all files that differ from it, also \
      of those that git neither tracks nor ignores. 'source 3' writes the commit and these files into the folder \
      source-3. Without the repository it writes the files that differ. Exit codes: 0, or 2 if nothing is kept.
      """
  )

  @Argument(
    help: ArgumentHelp("The number of the run, from 1; the last one by default.", valueName: "run")
  )
  var run: Int?

  @Option(help: ArgumentHelp("The folder, which must not be there yet.", valueName: "path"))
  var to: String?

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let store = try DatabaseStore.openForReading(folder)
    let all = try store.provenance()
    let kept = try store.keptMetadata().filter { $0.topic == KeptSources.topic }
    // Text in parentheses says why there is no commit.
    let commits = all.filter {
      $0.topic == "git" && $0.item == "commit" && !$0.text.hasPrefix("(")
    }
    let recorded = Set((commits + kept).map(\.run)).sorted()
    guard let number = run ?? recorded.last, recorded.contains(number) else {
      let numbers = recorded.map(String.init).joined(separator: ", ")
      throw FieldworkError(
        .store,
        recorded.isEmpty
          ? "no run in \(folder.path) has kept its sources: run with --provenance git in a git repository"
          : "run \(run ?? 0) has kept no sources; there are those of run \(numbers)"
      )
    }
    let items = kept.filter { $0.run == number }
    let commit =
      all.filter { $0.run == number }.first { $0.topic == "git" && $0.item == "commit" }?.text ?? ""
    let target = to ?? "source-\(number)"
    guard !FileManager.default.fileExists(atPath: target) else {
      throw FieldworkError(.store, "\(target) is there already: choose another folder with --to")
    }
    do {
      try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    } catch {
      throw FieldworkError(.store, "cannot make \(target): \(error.localizedDescription)")
    }
    let terminal = context.terminal
    if commit.hasPrefix("(") {
      terminal.printError("note: there was no commit \(commit)")
    } else if let problem = await KeptSources.checkOut(
      commit,
      of: FileManager.default.currentDirectoryPath,
      to: URL(fileURLWithPath: target).path
    ) {
      terminal.printError(
        "warning: commit \(commit) is not in the repository of this folder (\(problem.inOneLine)); only the files that differ from it are written"
      )
    } else {
      terminal.print("commit \(commit)")
    }
    let written = try KeptSources.write(items, to: target)
    terminal.print("\(Wording.count(written.files, "file")) that differed written to \(target)")
    if !written.removed.isEmpty {
      terminal.print("removed: \(written.removed.joined(separator: ", "))")
    }
    for file in written.left { terminal.printError("warning: \(file)") }
    if !written.masked.isEmpty {
      terminal.printError(
        "note: secrets may be masked as *** in \(written.masked.joined(separator: ", "))"
      )
    }
    return .done
  }
}
