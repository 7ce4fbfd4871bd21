/// A file that a unit wrote in the folder of its experiment.
public struct Artifact: Sendable, Hashable {
  /// The id of the experiment.
  public let experiment: String
  /// The path in the folder of the experiment: `weights.bin`, `checkpoints/3.bin`.
  public let name: String
  /// The path in the folder of the research: `experiments/<id>/<name>`.
  public let relativePath: String
  /// The path of the file, which begins with that of the research as it was given.
  public let fullPath: String
  /// The size in bytes.
  public let bytes: Int

  public init(
    experiment: String,
    name: String,
    relativePath: String,
    fullPath: String,
    bytes: Int
  ) {
    self.experiment = experiment
    self.name = name
    self.relativePath = relativePath
    self.fullPath = fullPath
    self.bytes = bytes
  }
}
