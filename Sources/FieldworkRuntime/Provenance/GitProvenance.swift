import Foundation

/// What is known of the git repository of a folder.
struct GitProvenance: Sendable {
  /// How much of a diff is read, in multiples of what is kept, for its payloads are not kept.
  private static let diffFactor = 16

  /// What the user may have configured otherwise, or what would start other programs.
  private static let configuration = [
    "color.ui=false", "core.quotePath=false", "core.fsmonitor=false", "diff.relative=false",
    "log.showSignature=false",
  ]
  private static let options = ["--no-pager"] + configuration.flatMap { ["-c", $0] }

  /// Variables of git that the user has set for good reasons; others, such as GIT_DIR in hooks, would
  /// name another repository or start programs.
  private static let keptVariables: Set<String> = [
    "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
  ]

  private let programs: ProgramRunner
  private let folder: String
  private let environment: [String: String]

  init(_ programs: ProgramRunner, folder: String) {
    self.programs = programs
    self.folder = folder
    var environment = programs.environment.filter { name, _ in
      !name.hasPrefix("GIT_") || Self.keptVariables.contains(name)
    }
    // The messages are read, and paths are UTF-8.
    environment["LANGUAGE"] = nil
    environment["LC_ALL"] = "C.UTF-8"
    environment["GIT_TERMINAL_PROMPT"] = "0"
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    environment["GIT_PAGER"] = "cat"
    self.environment = environment
  }

  func entries() async -> [ProvenanceEntry] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else { return [ProvenanceEntry("commit", "(no folder '\(folder)')")] }
    let repository = await git(["rev-parse", "--git-dir"])
    if let absence = Self.absence(repository) { return [ProvenanceEntry("commit", absence)] }
    async let commit = commit()
    async let root = text(["rev-parse", "--show-toplevel"])
    async let branch = branch()
    async let remotes = remotes()
    async let status = text(
      ["status", "--porcelain", "--untracked-files=no"],
      empty: "(no changes)"
    )
    async let diff = diff()
    return await commit + [
      ProvenanceEntry("folder", root), ProvenanceEntry("branch", branch),
      ProvenanceEntry("remote", remotes),
      ProvenanceEntry("status", status), ProvenanceEntry("diff", diff),
    ]
  }

  /// The content of the files that differ from the commit, and of those that git neither tracks nor ignores.
  /// - Returns: nothing outside of a repository.
  func sources() async -> [ProvenanceEntry] {
    guard let root = await root() else { return [] }
    // Before the first commit all files differ.
    let changed = await paths(
      await head().hasSucceeded
        ? ["diff", "--name-only", "--no-renames", "-z", "HEAD", "--"] : ["ls-files", "-z"],
      in: root
    )
    let untracked = await paths(["ls-files", "--others", "--exclude-standard", "-z"], in: root)
    return KeptSources.entries(root, paths: Set(changed + untracked).sorted())
  }

  /// Writes all files of a commit into a folder.
  /// - Parameter index: the path of a file for git to work with.
  func checkOut(_ commit: String, to folder: String, index: String) async -> CommandResult {
    guard let root = await root() else { return await git(["rev-parse", "--show-toplevel"]) }
    let own = ["GIT_INDEX_FILE": index]
    let read = await git(["read-tree", commit], in: root, adding: own)
    guard read.hasSucceeded else { return read }
    return await git(
      ["checkout-index", "--all", "--prefix=\(folder)/"],
      in: root,
      adding: own
    )
  }

  /// The path of the work tree; nil if there is none.
  func root() async -> String? {
    let result = await git(["rev-parse", "--show-toplevel"])
    return result.hasSucceeded && !result.output.text.isEmpty ? result.output.text : nil
  }

  /// The lines on files that differ from the commit or are not tracked; nil outside of a repository.
  func uncommitted() async -> [String]? {
    guard await root() != nil else { return nil }
    let result = await git(["status", "--porcelain", "--untracked-files=all"])
    guard result.hasSucceeded else { return nil }
    return result.output.text.split(separator: "\n").map(String.init)
  }

  private func paths(_ arguments: [String], in root: String) async -> [String] {
    let result = await git(arguments, in: root, sizeLimit: 1 << 20)
    guard result.hasSucceeded else { return [] }
    return result.output.kept.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: Items

  private func commit() async -> [ProvenanceEntry] {
    let result = await git(["log", "-1", "--format=%H%n%aI%n%s"])
    let lines = result.output.text.split(separator: "\n", omittingEmptySubsequences: false)
    guard result.hasSucceeded, lines.count >= 2 else {
      return [ProvenanceEntry("commit", await absenceOfCommit(result))]
    }
    let subject = lines.dropFirst(2).joined(separator: " ")
    return [
      ProvenanceEntry("commit", String(lines[0])), ProvenanceEntry("date", String(lines[1])),
      ProvenanceEntry("subject", subject.isEmpty ? "(none)" : subject),
    ]
  }

  private func diff() async -> String {
    let result = await git(
      ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD", "--"],
      sizeLimit: Self.diffFactor * programs.sizeLimit
    )
    guard result.hasSucceeded else { return await absenceOfCommit(result) }
    let diff = CapturedOutput.cut(
      DiffPayloads.removed(from: result.output.text),
      to: programs.sizeLimit
    )
    return diff.isEmpty ? "(no changes)" : diff
  }

  /// Why something is missing that needs a commit.
  private func absenceOfCommit(_ result: CommandResult) async -> String {
    await head().ending == .exited(1) ? "(no commit yet)" : Self.absence(result) ?? "(none)"
  }

  private func branch() async -> String {
    let result = await git(["symbolic-ref", "--quiet", "--short", "HEAD"])
    return result.ending == .exited(1) ? "(detached)" : Self.text(result)
  }

  /// A line for each remote: its name and address.
  private func remotes() async -> String {
    let result = await git(["config", "--get-regexp", #"^remote\..*\.url$"#])
    guard result.hasSucceeded else {
      return result.ending == .exited(1) ? "(none)" : Self.text(result)
    }
    return result.output.text.split(separator: "\n").map { line in
      let words = line.split(separator: " ", maxSplits: 1)
      let name = words[0].dropFirst("remote.".count).dropLast(".url".count)
      return ([name] + words.dropFirst()).joined(separator: " ")
    }.joined(separator: "\n")
  }

  // MARK: Running git

  /// - Parameters:
  ///   - folder: another one than that of the repository.
  ///   - variables: are added to the environment.
  private func git(
    _ arguments: [String],
    in folder: String? = nil,
    adding variables: [String: String] = [:],
    sizeLimit: Int? = nil
  ) async -> CommandResult {
    await programs.run(
      ["git"] + Self.options + arguments,
      in: folder ?? self.folder,
      environment: environment.merging(variables) { $1 },
      sizeLimit: sizeLimit
    )
  }

  /// Looks for the present commit: the exit code is 1 before the first one.
  private func head() async -> CommandResult {
    await git(["rev-parse", "--verify", "--quiet", "HEAD"])
  }

  private func text(_ arguments: [String], empty: String = "(none)") async -> String {
    Self.text(await git(arguments), empty: empty)
  }

  private static func text(_ result: CommandResult, empty: String = "(none)") -> String {
    absence(result) ?? (result.output.text.isEmpty ? empty : result.output.text)
  }

  /// Why git gave nothing; nil if it gave something.
  private static func absence(_ result: CommandResult) -> String? {
    guard let remark = result.remark else { return nil }
    guard case .exited = result.ending else { return "(\(remark))" }
    let message = result.errors.text.split(separator: "\n").first { $0.hasPrefix("fatal: ") }
    guard let message else { return "(git \(remark))" }
    if message.contains("not a git repository") { return "(not a git repository)" }
    return "(git: \(message.dropFirst("fatal: ".count)))"
  }
}
