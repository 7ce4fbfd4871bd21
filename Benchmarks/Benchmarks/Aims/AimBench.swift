import Foundation

/// Where and how the workloads of `aims` and `growth` run: a folder for their stores, Python, and the scale.
struct AimBench {
  let folder: String
  var python = "python3"
  var scale = 1.0

  private static let peers = "Benchmarks/peers/peers.py"

  /// A count, scaled.
  func scaled(_ count: Int) -> Int { max(1, Int((Double(count) * scale).rounded())) }

  /// Measures one of the workloads of ``OwnWorkload``.
  func own(
    _ name: OwnWorkload.Name,
    _ count: Int,
    width: Int = 1,
    store: String? = nil
  ) throws -> Measurement {
    try MeasuredProcess(
      program: MeasuredProcess.own,
      arguments: ["workload", name.rawValue, "--n", "\(count)", "--width", "\(width)"]
        + (store.map { ["--store", $0] } ?? [])
    ).measurement()
  }

  /// Measures a run of ``NoopWorkload``.
  func noop(_ mode: String, _ count: Int, _ options: [String] = []) throws -> Measurement {
    try MeasuredProcess(
      program: MeasuredProcess.own,
      arguments: [
        "noop", "--mode", mode, "--n", "\(count)", "--rounds", "1", "--json", "--directory", folder,
      ] + options
    ).measurement()
  }

  /// Measures a workload of the peers' program.
  func peer(_ name: String, _ count: Int, store: String? = nil) throws -> Measurement {
    guard FileManager.default.fileExists(atPath: Self.peers) else {
      throw NotMeasured("\(Self.peers) is not here; run it in the folder of the package")
    }
    return try MeasuredProcess(
      program: python,
      arguments: [Self.peers, name, "--n", "\(count)"] + (store.map { ["--store", $0] } ?? [])
    ).measurement()
  }

  /// Runs a command of ``BenchmarkPlaybook``.
  @discardableResult
  func playbook(
    _ kind: BenchmarkPlaybook.Kind,
    _ arguments: [String],
    directory: String
  ) throws -> (output: String, start: Double, seconds: Double) {
    try MeasuredProcess(
      program: MeasuredProcess.own,
      arguments: arguments + ["--directory", directory],
      environment: kind.environment
    ).run()
  }

  /// Makes a store for one measurement, and removes it after that.
  func withStore<Result>(_ body: (String) throws -> Result) rethrows -> Result {
    let path = "\(folder)/once"
    defer { remove(path) }
    return try body(path)
  }

  func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
