import ArgumentParser

/// The configs that are added to a research.
struct AddedOptions: ParsableArguments {
  @Option(
    name: .customLong("add"),
    help: ArgumentHelp(
      "Add a config, such as 'rate=0.3 width=64', to this and later runs. It runs first. Repeatable.",
      valueName: "config"
    )
  )
  var configs: [String] = []
}
