import FieldworkCore
import FieldworkRuntime
import FieldworkStore

extension RunCommand {
  /// Shows what a run would do. Nothing is written, and a run that is going on is not disturbed.
  /// - Parameter folder: where results would go; nil for memory.
  func performDry(
    _ research: Research,
    _ selection: Selection?,
    folder: ResearchFolder?,
    warnings: [Problem],
    _ context: PlaybookContext
  ) throws -> ExitStatus {
    let terminal = context.terminal
    let store = try folder.flatMap { try DatabaseStore.openIfThere($0) }
    defer { try? store?.close() }
    let preview = try RunPreview(
      research,
      store,
      startsOver: fresh,
      keepsFailed: keepsFailed,
      selection: selection
    )
    if selection != nil, preview.isComplete,
      preview.counts[.leftOut, default: 0] == preview.examined
    {
      throw FieldworkError(.nothingPasses, "--where: no experiment satisfies the condition")
    }
    let report = DryRunReport(
      research,
      preview,
      folder: folder,
      acceptsChange: continues,
      keepsFailed: keepsFailed,
      deletes: fresh && store != nil
    )
    terminal.print(
      json
        ? report.json(warnings: warnings)
        : report.text(width: terminal.isInteractive ? terminal.width : nil)
    )
    if !json, let folder, case .slurm(let options) = research.settings.engine {
      terminal.print(
        "\nThe jobs of workers would be submitted as:\n\n"
          + SlurmEngine.preview(
            options,
            folder: folder,
            research: research,
            arguments: context.workerCommand?.pilotArguments ?? []
          )
      )
    }
    return preview.change != nil && !continues ? .unusable : .done
  }
}
