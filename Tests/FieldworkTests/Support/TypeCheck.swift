import Foundation

/// Type-checks Swift sources against the modules that the tests were built with, as a package that uses
/// them would: it sees what is public, and no more.
enum TypeCheck {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// - Returns: what the compiler says of a file that the file's comments `// expected-error {{…}}` do not
  ///   expect, or the other way round; empty if nothing.
  static func check(_ file: URL) throws -> String {
    let modules = BuildProducts.folder.appendingPathComponent("Modules")
    guard FileManager.default.fileExists(atPath: modules.path) else {
      throw Failure(description: "there are no modules in \(modules.path)")
    }
    let flags = [
      "-typecheck", "-parse-as-library", "-swift-version", "6",
      "-Xfrontend", "-verify",
      // The hints' own lines, to which the compiler's notes point.
      "-Xfrontend", "-verify-ignore-unrelated",
      "-Xfrontend", "-verify-ignore-unknown",
      "-Xfrontend", "-solver-expression-time-threshold=2",
      "-I", modules.path,
    ]
    let maps = try moduleMaps().flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
    let frameworks = BuildProducts.testFrameworkFlags
    let compiler = ProcessInfo.processInfo.environment["SWIFT_EXEC"]
    let run = try ProcessRun(
      URL(fileURLWithPath: "/usr/bin/env"),
      [compiler ?? "swiftc"] + flags + maps + frameworks + [file.path]
    )
    return run.status == 0 ? run.error : "exit code \(run.status)\n\(run.output)\(run.error)"
  }

  /// - Returns: as ``check(_:)-(URL)``, of a source that is not in a file.
  static func check(_ source: String) throws -> String {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-check-\(UUID().uuidString).swift")
    try source.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try check(file)
  }

  /// The maps of the C modules that ours load: those of the packages that they use.
  private static func moduleMaps() throws -> [String] {
    let maps = [
      "swift-numerics/Sources/_NumericsShims/include/module.modulemap",
      "GRDB.swift/Sources/GRDBSQLite/module.modulemap",
    ]
    var folder = BuildProducts.folder
    while folder.path != "/" {
      let paths = maps.map { folder.appendingPathComponent("checkouts/\($0)").path }
      if paths.allSatisfy(FileManager.default.fileExists) { return paths }
      folder.deleteLastPathComponent()
    }
    throw Failure(description: "the packages' checkouts are not above \(BuildProducts.folder.path)")
  }
}
