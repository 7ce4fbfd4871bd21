public import FieldworkCore
public import FieldworkStore
import Foundation

/// Collects the provenance of a run.
///
/// What cannot be had is an item too: its text says why, in parentheses. Nothing is written to the
/// terminal, and no program is waited for longer than a limit. Passwords, keys and tokens that can be
/// told by their names or shapes become `***`.
public struct ProvenanceCollector: Sendable {
  private let folder: String
  private let timeLimit: Duration
  private let sizeLimit: Int
  private let gpus: (@Sendable () async -> [String])?

  /// - Parameters:
  ///   - folder: the folder from which relative paths and `Package.resolved` are looked for, and in
  ///     which programs run; nil for the current one.
  ///   - timeLimit: how long a program may run before it is killed.
  ///   - sizeLimit: how many bytes of a text are kept.
  ///   - gpus: gives the GPUs, one text each; nil to ask `nvidia-smi`.
  public init(
    folder: String? = nil,
    timeLimit: Duration = .seconds(10),
    sizeLimit: Int = 1_000_000,
    gpus: (@Sendable () async -> [String])? = nil
  ) {
    self.folder = folder ?? FileManager.default.currentDirectoryPath
    self.timeLimit = timeLimit
    self.sizeLimit = sizeLimit
    self.gpus = gpus
  }

  /// Asks the sources, all at once; equal ones once.
  ///
  /// The topics are `environment`, `variables`, `packages`, `command`, and `git` for the current folder
  /// or `git` with a folder's name. When the calling task is cancelled, programs are killed, and their
  /// items say so.
  /// - Parameters:
  ///   - run: the number of the run.
  ///   - arguments: the command line, beginning with the executable.
  ///   - environment: the environment variables. Programs have them, and are looked for on their
  ///     `PATH`.
  /// - Returns: the items, no two of one topic and name.
  public func collect(
    _ sources: [ProvenanceSource],
    run: Int,
    arguments: [String],
    environment: [String: String]
  ) async -> [ProvenanceItem] {
    let mask = SecretMask(environment: environment)
    let questions = questions(sources, mask, arguments, environment)
    let answers = await withTaskGroup(of: (Int, [ProvenanceEntry]).self) { group in
      for (number, question) in questions.enumerated() {
        group.addTask { (number, await question.ask()) }
      }
      var answers = [[ProvenanceEntry]](repeating: [], count: questions.count)
      for await (number, entries) in group { answers[number] = entries }
      return answers
    }
    return zip(questions, answers).flatMap { question, entries in
      zip(entries, UniqueNames.of(entries.map(\.item))).map { entry, item in
        let text = mask.masked(entry.isContent ? entry.text : PlainText.of(entry.text))
        return ProvenanceItem(run: run, topic: question.topic, item: item, text: text)
      }
    }
  }

  // MARK: Questions

  /// What to ask, and the topic of the answer.
  private struct Question: Sendable {
    let topic: String
    let ask: @Sendable () async -> [ProvenanceEntry]
  }

  /// The questions for the sources, no two of one topic.
  private func questions(
    _ sources: [ProvenanceSource],
    _ mask: SecretMask,
    _ arguments: [String],
    _ environment: [String: String]
  ) -> [Question] {
    let programs = ProgramRunner(
      searchPath: environment["PATH"] ?? "",
      environment: environment,
      folder: folder,
      timeLimit: timeLimit,
      sizeLimit: sizeLimit
    )
    var questions: [Question] = []
    if sources.contains(.environment) {
      let machine = EnvironmentProvenance(programs, mask: mask, arguments: arguments, gpus: gpus)
      let variables = VariableProvenance(mask: mask, environment: environment)
      questions.append(Question(topic: "environment") { await machine.entries() })
      questions.append(Question(topic: "variables") { variables.entries() })
    }
    if sources.contains(.packages) {
      let packages = PackageProvenance(folder: folder)
      questions.append(Question(topic: "packages") { packages.entries() })
    }
    let folders = folders(sources, home: environment["HOME"])
    for (folder, topic) in zip(folders, UniqueNames.of(folders.map(topic))) {
      let git = GitProvenance(programs, folder: folder)
      questions.append(Question(topic: topic) { await git.entries() })
      let sources = topic.replacing(/^git/, with: KeptSources.topic)
      questions.append(Question(topic: sources) { await git.sources() })
    }
    let commands = CommandProvenance(programs, sources)
    if !commands.isEmpty {
      questions.append(Question(topic: "command") { await commands.entries() })
    }
    return questions
  }

  /// The folders of repositories, each once, as absolute paths.
  private func folders(_ sources: [ProvenanceSource], home: String?) -> [String] {
    var folders: [String] = []
    for case .git(var path) in sources {
      if let home, path == "~" || path.hasPrefix("~/") { path = home + path.dropFirst() }
      let base = URL(fileURLWithPath: self.folder, isDirectory: true)
      let folder = URL(fileURLWithPath: path.isEmpty ? "." : path, relativeTo: base)
        .standardizedFileURL.path
      if !folders.contains(folder) { folders.append(folder) }
    }
    return folders
  }

  private func topic(of folder: String) -> String {
    let url = URL(fileURLWithPath: folder)
    let isCurrent = url.path == URL(fileURLWithPath: self.folder).standardizedFileURL.path
    return isCurrent ? "git" : "git \(url.lastPathComponent)"
  }
}
