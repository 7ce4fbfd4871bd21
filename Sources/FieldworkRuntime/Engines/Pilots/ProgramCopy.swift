import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A copy of the running program in the folder of the research, which jobs run: a later build does not change it.
///
/// It is named by its build, so that a second run uses the first one's copy. Beside it are the libraries of Swift's runtime
/// and SQLite that it has loaded, since other machines may lack them, and its resources. A program with a static runtime
/// needs fewer.
struct ProgramCopy: Sendable {
  /// The absolute path of the program.
  let program: String
  /// The folder with its libraries.
  let libraries: String
  /// The name of the build.
  let build: String

  /// Copies the program, unless its copy is there.
  /// - Parameter root: the absolute path of the folder that has the copies.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be copied.
  static func make(in root: String) throws -> ProgramCopy {
    let build = BuildIdentity.current ?? "program"
    let folder = "\(root)/\(build)"
    let name = URL(fileURLWithPath: CommandLine.arguments.first ?? "program").lastPathComponent
    let copy = ProgramCopy(program: "\(folder)/\(name)", libraries: "\(folder)/lib", build: build)
    // The program comes last, so that one that is there is complete.
    guard access(copy.program, X_OK) != 0 else { return copy }
    do {
      let manager = FileManager.default
      try manager.createDirectory(atPath: copy.libraries, withIntermediateDirectories: true)
      for library in loadedLibraries() {
        try replace("\(copy.libraries)/\(linkedName(library))", with: library)
      }
      let own = Bundle.main.bundlePath
      let resources = (try? manager.contentsOfDirectory(atPath: own)) ?? []
      for bundle in resources
      where bundle.hasSuffix(".resources") && !bundle.hasSuffix("Tests.resources") {
        try replace("\(folder)/\(bundle)", with: "\(own)/\(bundle)")
      }
      // A new build may have taken the place of the file.
      let content = try Data(
        contentsOf: URL(fileURLWithPath: WorkerCommand(arguments: []).executable),
        options: .alwaysMapped
      )
      let new = "\(copy.program).\(getpid())"
      try content.write(to: URL(fileURLWithPath: new))
      try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: new)
      guard rename(new, copy.program) == 0 else {
        throw SystemError("cannot write \(copy.program)")
      }
    } catch {
      throw FieldworkError(
        .store,
        "the program cannot be copied to \(folder) for the jobs: \(ResearchFolder.reason(error))"
      )
    }
    return copy
  }

  private static func replace(_ target: String, with source: String) throws {
    let manager = FileManager.default
    let new = "\(target).\(getpid())"
    try? manager.removeItem(atPath: new)
    try manager.copyItem(
      at: URL(fileURLWithPath: source).resolvingSymlinksInPath(),
      to: URL(fileURLWithPath: new)
    )
    if access(target, F_OK) == 0 { try? manager.removeItem(atPath: target) }
    guard rename(new, target) == 0 else { throw SystemError("cannot write \(target)") }
  }

  /// The name by which the loader looks for a library: without the second and later numbers of its version.
  private static func linkedName(_ path: String) -> String {
    let name = (path as NSString).lastPathComponent
    guard let end = name.range(of: ".so.")?.upperBound else { return name }
    return String(name[..<end] + name[end...].prefix { $0 != "." })
  }

  /// The files of the libraries of Swift and SQLite that this process has loaded.
  private static func loadedLibraries() -> [String] {
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    let files = Set(
      maps.split(separator: "\n").compactMap { line in
        line.firstIndex(of: "/").map { String(line[$0...]) }
      }
    )
    let runtime = files.first { $0.hasSuffix("/libswiftCore.so") }
      .map { ($0 as NSString).deletingLastPathComponent }
    return files.filter { file in
      (file as NSString).deletingLastPathComponent == runtime
        || (file as NSString).lastPathComponent.hasPrefix("libsqlite3.so")
    }.sorted()
  }
}
