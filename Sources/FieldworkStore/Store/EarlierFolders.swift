import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folders of experiments that a research had when a worker began, read at once.
package struct EarlierFolders: Sendable {
  /// The number of folders up to which their names are kept.
  private static let limit = 50_000

  /// The names of the folders; nil if they are not known.
  private let names: Set<String>?

  /// - Parameter areRenamed: true if folders may get other names while the worker runs.
  package init(_ folder: ResearchFolder, areRenamed: Bool) {
    names = areRenamed ? nil : Self.names(in: folder.file(ResearchFolder.experiments))
  }

  /// Returns true if an experiment, by its id, may have a folder with files of an earlier run.
  package func mayHave(_ experiment: String) -> Bool { names?.contains(experiment) ?? true }

  private static func names(in path: String) -> Set<String>? {
    guard let stream = opendir(path) else { return errno == ENOENT ? [] : nil }
    defer { closedir(stream) }
    var names: Set<String> = []
    errno = 0
    while let entry = readdir(stream) {
      guard names.count < limit else { return nil }
      names.insert(
        withUnsafePointer(to: &entry.pointee.d_name) { name in
          name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee))
          { String(cString: $0) }
        }
      )
    }
    return errno == 0 ? names : nil
  }
}
