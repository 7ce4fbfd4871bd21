public import FieldworkAnalysis
import FieldworkCore

extension ResearchResults {
  /// The files that units wrote in the folders of their experiments, in the order of the plan, then of
  /// their names; those in nested folders too.
  ///
  /// A symbolic link counts as the file that it leads to, if that lies in the experiment's folder; other
  /// links are left aside.
  /// - Parameters:
  ///   - pattern: what names look like: `model*`, with `*`, `?` and `[a-z]`. It is held against the last
  ///     part of a name, or, if it has a slash, against the whole name, part by part. nil for all.
  ///   - includesOutput: whether what the engine itself writes counts: `stdout.txt`, `stderr.txt` and
  ///     `experiment.log`.
  /// - Throws: ``FieldworkError`` of code `store` if the research was in memory, or a folder cannot be
  ///   read.
  public func artifacts(
    matching pattern: String? = nil,
    includesOutput: Bool = false
  ) throws -> [Artifact] {
    try artifactsByExperiment(pattern.map { [$0] }, includesOutput).flatMap(\.self)
  }

  /// The files that units wrote whose names match one of several patterns: `artifacts(matching: ["a*", "b"])`.
  ///
  /// See ``artifacts(matching:includesOutput:)-(String?,_)``.
  public func artifacts(
    matching patterns: [String],
    includesOutput: Bool = false
  ) throws -> [Artifact] {
    try artifactsByExperiment(patterns, includesOutput).flatMap(\.self)
  }

  /// The artifacts as a table: a row for each, with its name, its paths and its size.
  ///
  /// See ``artifacts(matching:includesOutput:)``. Columns are those of the config, then
  /// `artifact_name`, `full_path`, `relative_path` and `bytes`.
  public func artifactsTable(
    _ options: TableOptions = TableOptions(),
    matching pattern: String? = nil,
    includesOutput: Bool = false
  ) throws -> Table {
    try artifactsTable(options, matchingAny: pattern.map { [$0] }, includesOutput)
  }

  /// The artifacts whose names match one of several patterns as a table.
  public func artifactsTable(
    _ options: TableOptions = TableOptions(),
    matching patterns: [String],
    includesOutput: Bool = false
  ) throws -> Table {
    try artifactsTable(options, matchingAny: patterns, includesOutput)
  }

  private func artifactsTable(
    _ options: TableOptions,
    matchingAny patterns: [String]?,
    _ includesOutput: Bool
  ) throws -> Table {
    var builder = TableBuilder(self, options)
    builder.declare("artifact_name")
    builder.declare("full_path", .auxiliary)
    builder.declare("relative_path", .auxiliary)
    builder.declare("bytes")
    let all = try artifactsByExperiment(patterns, includesOutput)
    for (position, artifacts) in all.enumerated() {
      for artifact in artifacts {
        builder.addRow(
          position,
          [
            "artifact_name": .string(artifact.name),
            "full_path": .string(artifact.fullPath),
            "relative_path": .string(artifact.relativePath),
            "bytes": .int(artifact.bytes),
          ]
        )
      }
    }
    return builder.finish()
  }

  private func artifactsByExperiment(
    _ patterns: [String]?,
    _ includesOutput: Bool
  ) throws -> [[Artifact]] {
    guard let folder else {
      throw FieldworkError(
        .store,
        "a research in memory has no artifacts; run it with a store in a folder to have them"
      )
    }
    return try experiments.map { experiment in
      try ExperimentFiles(folder, experiment.id)
        .artifacts(matching: patterns, includesOutput: includesOutput)
    }
  }
}
