import Foundation

/// The versions of the dependencies that the package manager has chosen.
struct PackageProvenance: Sendable {
  private static let name = "Package.resolved"

  /// The folder in which the search begins.
  private let folder: String

  init(folder: String) { self.folder = folder }

  /// An item for each dependency, after the file in which they stand.
  func entries() -> [ProvenanceEntry] {
    guard let url = Self.file(from: URL(fileURLWithPath: folder).standardizedFileURL) else {
      return [ProvenanceEntry(Self.name, "(not found in \(folder) or above it)")]
    }
    do {
      return [ProvenanceEntry(Self.name, url.path)] + (try Self.versions(Data(contentsOf: url)))
    } catch {
      return [ProvenanceEntry(Self.name, "(\(url.path) cannot be read)")]
    }
  }

  private static func file(from folder: URL) -> URL? {
    let url = folder.appendingPathComponent(name)
    if FileManager.default.fileExists(atPath: url.path) { return url }
    let parent = folder.deletingLastPathComponent()
    return parent.path == folder.path ? nil : file(from: parent)
  }

  /// The dependencies in a file of any format of it, each with its version, or its branch and revision.
  /// - Throws: if it is no such file.
  static func versions(_ data: Data) throws -> [ProvenanceEntry] {
    try JSONDecoder().decode(Resolved.self, from: data).pins.map { pin in
      ProvenanceEntry(pin.name, pin.state.description)
    }
  }

  private struct Resolved: Decodable {
    let pins: [Pin]

    private enum Key: CodingKey { case object, pins }

    /// Version 1 has its pins in an object, later ones have not.
    init(from decoder: any Decoder) throws {
      let outer = try decoder.container(keyedBy: Key.self)
      let container =
        outer.contains(.pins)
        ? outer : try outer.nestedContainer(keyedBy: Key.self, forKey: .object)
      pins = try container.decode([Pin].self, forKey: .pins)
    }
  }

  private struct Pin: Decodable {
    let name: String
    let state: State

    private enum Key: CodingKey { case identity, package, state }

    /// Version 1 calls a package by its name, later ones by its identity.
    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      name = try container.decode(
        String.self,
        forKey: container.contains(.identity) ? .identity : .package
      )
      state = try container.decode(State.self, forKey: .state)
    }
  }

  private struct State: Decodable, CustomStringConvertible {
    let version: String?
    let branch: String?
    let revision: String?

    var description: String {
      if let version { return version }
      let words = [branch, revision].compactMap(\.self)
      return words.isEmpty ? "(no version)" : words.joined(separator: " ")
    }
  }
}
