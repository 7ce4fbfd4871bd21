import Foundation

/// Runs programs and keeps what they print.
///
/// Nothing that they print reaches the terminal, and they cannot ask anything: their input is empty.
struct ProgramRunner: Sendable {
  /// The folders in which programs are looked for, separated by colons.
  let searchPath: String
  let environment: [String: String]
  /// The folder in which programs run.
  let folder: String
  let timeLimit: Duration
  /// How many bytes are kept of what a program prints.
  let sizeLimit: Int

  /// Runs a program to its end. When the calling task is cancelled, the program is killed.
  /// - Parameters:
  ///   - line: the name or path of the program, and its arguments.
  ///   - folder: where to run it instead of in the runner's folder.
  ///   - environment: its environment instead of the runner's.
  ///   - sizeLimit: how many bytes to keep instead of the runner's limit.
  func run(
    _ line: [String],
    in folder: String? = nil,
    environment: [String: String]? = nil,
    sizeLimit: Int? = nil
  ) async -> ProgramResult {
    let name = line.first ?? ""
    guard let executable = executable(name) else {
      let nothing = CapturedOutput(limit: 0)
      return ProgramResult(ending: .missing(name), output: nothing, errors: nothing)
    }
    let command = ProgramRun.Command(
      path: executable.path,
      words: line,
      environment: environment ?? self.environment,
      folder: folder ?? self.folder
    )
    let program = ProgramRun(sizeLimit: sizeLimit ?? self.sizeLimit)
    return await withTaskCancellationHandler {
      await program.run(command, timeLimit: timeLimit)
    } onCancel: {
      program.interrupt()
    }
  }

  /// Returns the file of a program; a name with a slash is a path, as seen from the folder.
  func executable(_ name: String) -> URL? {
    guard !name.isEmpty else { return nil }
    let base = URL(fileURLWithPath: folder)
    if name.contains("/") {
      let url = URL(fileURLWithPath: name, relativeTo: base)
      return Self.isProgram(url) ? url : nil
    }
    return searchPath.split(separator: ":").lazy
      .map { URL(fileURLWithPath: String($0), relativeTo: base).appendingPathComponent(name) }
      .first(where: Self.isProgram)
  }

  private static func isProgram(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: url.path)
  }
}
