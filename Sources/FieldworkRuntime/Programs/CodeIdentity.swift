package import FieldworkCore
import FieldworkStore
import Foundation

/// The identity of all code that computes the experiments of a research: the build of the playbook, and the content of
/// the files that its programs watch.
package final class CodeIdentity: Sendable {
  /// The key of the note that keeps the digest of the watched files of the latest run.
  package static let noteKey = AcceptedBuilds.watchedNoteKey

  private struct Stamp: Hashable {
    let size: Int
    let number: UInt64
    let seconds: Int
    let nanoseconds: Int
  }

  private struct State {
    /// By path: the digest of a file and the state in which it was read.
    var digests: [String: (stamp: Stamp, hash: UInt64)] = [:]
    var latest: (digest: String?, time: ContinuousClock.Instant)?
  }

  /// The paths of the watched files and folders, as they are written and absolute.
  private let paths: [(name: String, path: String)]
  private let hasPrograms: Bool
  private let state = Protected(State())

  /// - Parameter folder: the folder in which the run was started; nil for the current one.
  package init(_ research: Research, folder: String? = nil) {
    let folder = folder ?? FileManager.default.currentDirectoryPath
    let programs = research.programs.map(\.program)
    hasPrograms = !programs.isEmpty
    paths = programs.flatMap { program in
      let base = Self.absolute(program.folder?.constant ?? "", in: folder)
      return program.watchedNames(in: base).map { ($0, Self.absolute($0, in: base)) }
    }
  }

  /// The identity at present; nil if it is not known.
  package var current: String? {
    guard hasPrograms, !paths.isEmpty else { return BuildIdentity.current }
    guard let digest, let build = BuildIdentity.current else { return nil }
    return AcceptedBuilds.identity(build, watched: digest)
  }

  /// 16 hexadecimal digits that depend on the content of the watched files; nil if there are none, or if one cannot be
  /// read. Changes show after a second.
  package var digest: String? {
    guard !paths.isEmpty else { return nil }
    return state.withLock { state in
      if let latest = state.latest, .now - latest.time < .seconds(1) { return latest.digest }
      let digest = Self.digest(paths, &state)
      state.latest = (digest, .now)
      return digest
    }
  }

  /// The watched paths of a program that are not there, as they are written and absolute.
  static func missingFiles(
    of program: ProgramDescription,
    in folder: String
  ) -> [(name: String, path: String)] {
    guard let watches = program.watches else { return [] }
    return missing(watches, program, folder)
  }

  /// The scripts that a program's command names and that are not there.
  static func missingScripts(
    of program: ProgramDescription,
    in folder: String
  ) -> [(name: String, path: String)] {
    if let folder = program.folder, folder.constant == nil { return [] }
    // The first words are the interpreter and its script; later ones may be files that the program makes.
    return missing(
      program.command.constantWords.prefix(2).filter(ProgramDescription.isScript),
      program,
      folder
    )
  }

  private static func missing(
    _ names: some Sequence<String>,
    _ program: ProgramDescription,
    _ folder: String
  ) -> [(name: String, path: String)] {
    let base = absolute(program.folder?.constant ?? "", in: folder)
    return names.map { ($0, absolute($0, in: base)) }.filter { SystemFile.isMissing($0.1) }
  }

  private static func digest(_ paths: [(name: String, path: String)], _ state: inout State)
    -> String?
  {
    // From another folder nothing can be said.
    guard paths.contains(where: { !SystemFile.isMissing($0.path) }) else { return nil }
    var hash = ContentHash(0x5741_5443)
    for (name, path) in paths {
      // A link that is named itself is followed.
      let root = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      for file in files(at: root) {
        // Where the folder is does not matter.
        var text = name + file.dropFirst(root.count)
        text.withUTF8 { hash.add(text: UnsafeRawBufferPointer($0)) }
        withUnsafeBytes(of: digest(ofFile: file, &state)) { hash.add(blob: $0) }
      }
    }
    let digits = String(hash.state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The digest of the content of a file, or of the target of a link; of one that cannot be read it is a fixed number.
  private static func digest(ofFile path: String, _ state: inout State) -> UInt64 {
    var hash = ContentHash(0x4649_4C45)
    if var target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
      target.withUTF8 { hash.add(text: UnsafeRawBufferPointer($0)) }
      return hash.state
    }
    var status = stat()
    guard lstat(path, &status) == 0 else { return 0 }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    let stamp = Stamp(
      size: Int(status.st_size),
      number: UInt64(status.st_ino),
      seconds: Int(time.tv_sec),
      nanoseconds: Int(time.tv_nsec)
    )
    if let known = state.digests[path], known.stamp == stamp { return known.hash }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    else { return 1 }
    data.withUnsafeBytes { hash.add(blob: $0) }
    state.digests[path] = (stamp, hash.state)
    return hash.state
  }

  /// The files and links of a folder in a fixed order, or the file itself. Hidden files, compiled Python and special files
  /// are left out.
  private static func files(at path: String) -> [String] {
    var status = stat()
    guard lstat(path, &status) == 0 else { return [path] }
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFLNK: return [path]
    case S_IFDIR: break
    default: return []
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().filter {
      !$0.hasPrefix(".") && $0 != "__pycache__" && !$0.hasSuffix(".pyc")
    }.flatMap { files(at: "\(path)/\($0)") }
  }

  private static func absolute(_ path: String, in folder: String) -> String {
    if path.isEmpty { return folder }
    return path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }
}

extension ProgramDescription {
  /// The endings of scripts that are watched without being named.
  private static let scriptEndings = [
    ".py", ".r", ".jl", ".sh", ".pl", ".rb", ".js", ".mjs", ".ts", ".lua", ".m", ".php", ".awk",
  ]

  fileprivate static func isScript(_ word: String) -> Bool {
    let word = word.lowercased()
    return scriptEndings.contains { word.hasSuffix($0) }
  }

  /// The paths of the watched files and folders; by default those of the command that are scripts or programs.
  fileprivate func watchedNames(in folder: String) -> [String] {
    if let watches { return watches }
    // In a folder that is not known before the run, nothing can be found.
    if let folder = self.folder, folder.constant == nil { return [] }
    return command.constantWords.enumerated().filter { index, word in
      let isProgram = index == 0 && command.program == word && word.contains("/")
      guard isProgram || Self.isScript(word) else { return false }
      var isFolder: ObjCBool = false
      let path = word.hasPrefix("/") ? word : "\(folder)/\(word)"
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.map(\.element)
  }
}
