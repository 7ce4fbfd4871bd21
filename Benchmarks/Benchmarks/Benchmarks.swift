import ArgumentParser
import Fieldwork

/// Times Fieldwork. Build it for release: `swift run -c release Benchmarks noop --json`.
@main
struct Benchmarks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times what Fieldwork costs, on workloads whose experiments cost next to nothing.",
    subcommands: [
      AimFigures.self, NoopWorkload.self, EngineFigures.self, ResultFigures.self,
      GrowthFigures.self, ProgramFigures.self, CompileFigures.self, OwnWorkload.self,
      SearchFigures.self,
    ]
  )

  static func main() async {
    // A playbook reads the whole command line, and so do its workers: the environment tells of it.
    if BenchmarkPlaybook.Kind.wanted != nil {
      await BenchmarkPlaybook.main()
    } else {
      await main(nil)
    }
  }
}
