import ArgumentParser

/// Times Fieldwork. Build it for release: `swift run -c release Benchmarks noop --json`.
@main
struct Benchmarks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times what Fieldwork costs, on workloads whose experiments cost next to nothing.",
    subcommands: [
      NoopWorkload.self, EngineFigures.self, ResultFigures.self, CompileFigures.self,
    ]
  )
}
