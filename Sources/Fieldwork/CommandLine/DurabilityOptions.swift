import ArgumentParser
import FieldworkStore

/// How safely results are kept.
struct DurabilityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What stored results survive: the death of any process, the default, or a power cut too.",
      valueName: choices(Durability.self)
    ),
    transform: choice
  )
  var durability: Durability?
}
