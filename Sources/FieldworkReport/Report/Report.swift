public import FieldworkCore
public import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A research's results as one HTML page, which needs no network: learning curves, what each parameter does,
/// a table of the configs, failures and their causes, a timeline, and what was recorded of the runs.
///
///     try Report.load("research/digits", objective: .maximize("accuracy")).write(to: "digits.html")
///
/// Large researches are thinned where they are drawn, and the page says so; means and intervals are of all
/// experiments that are done.
public struct Report: Sendable {
  public let title: String
  let results: ResearchResults
  let objectives: [Objective]
  let provenance: [ProvenanceItem]

  /// - Parameters:
  ///   - title: what stands above; by default the name of the research.
  ///   - objective: the saved values by which configs are compared: `.minimize("loss")`, or a list of several.
  ///   - provenance: what was recorded of the runs, see ``ResultStore/provenance()``.
  public init(
    _ results: ResearchResults,
    title: String? = nil,
    objective: Objectives? = nil,
    provenance: [ProvenanceItem] = []
  ) {
    self.results = results
    self.title = title ?? results.notes["name"].flatMap(String.init) ?? "research"
    objectives = objective?.all ?? []
    self.provenance = provenance
  }

  /// The report of the research in a folder, without its playbook. Nothing is written there.
  /// - Throws: ``FieldworkError`` of code `store` if the folder has no results or they cannot be read.
  public static func load(_ path: String, objective: Objectives? = nil) throws -> Report {
    let store = try DatabaseStore.openForReading(ResearchFolder(path: path))
    defer { try? store.close() }
    return Report(try store.contents(), objective: objective, provenance: try store.provenance())
  }

  /// The first of the saved values by which configs are compared; nil for none.
  var objective: Objective? { objectives.first }

  /// How many experiments the run plans that has not ended; nil if none goes on.
  var plannedCount: Int? {
    guard case .dictionary(let run)? = results.notes["run"], run["ended"] == nil else { return nil }
    return run["planned"].flatMap(Int.init)
  }

  /// The page.
  public var html: String { ReportPage(self).html }

  /// Writes the page to a file.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be written.
  public func write(to path: String) throws {
    try WrittenFile.write(html, to: path)
  }
}

extension Plot {
  /// Writes the picture to an SVG file.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be written.
  public func write(to path: String) throws { try WrittenFile.write(svg, to: path) }
}

/// A file that someone asked for.
package enum WrittenFile {
  /// Writes a text in place of what is there. What is no file, a pipe or a device, is written to as it is; a
  /// link stays, and what it leads to is replaced.
  /// - Returns: whether it is a file.
  /// - Throws: ``FieldworkError`` of code `store`, which says why it cannot be written.
  @discardableResult
  package static func write(_ text: String, to path: String) throws -> Bool {
    let files = FileManager.default
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    var status = stat()
    let kind = stat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
    let reason: String
    if kind == S_IFDIR {
      reason = "it is a folder"
    } else if kind != S_IFREG {
      guard let file = FileHandle(forWritingAtPath: path) else {
        throw FieldworkError(.store, "cannot write \(path): it cannot be opened")
      }
      do {
        try file.write(contentsOf: Data(text.utf8))
        return false
      } catch {
        reason = ResearchFolder.reason(error)
      }
    } else if !files.fileExists(atPath: folder, isDirectory: &isFolder) || !isFolder.boolValue {
      reason = "there is no folder \(folder)"
    } else {
      do {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        try Data(text.utf8).write(to: target, options: .atomic)
        return true
      } catch {
        reason =
          files.isWritableFile(atPath: folder)
          ? ResearchFolder.reason(error) : "the folder \(folder) cannot be written"
      }
    }
    throw FieldworkError(.store, "cannot write \(path): \(reason)")
  }
}
