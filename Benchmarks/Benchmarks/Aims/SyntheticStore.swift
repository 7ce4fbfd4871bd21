import Fieldwork
import FieldworkCore
import FieldworkStore

/// A store of experiments that never ran: each has saved a number `loss` in each of its iterations.
struct SyntheticStore {
  let experiments: Int
  let iterations: Int
  /// How often each config comes.
  var repetitions = 10

  /// How many records are written in one transaction.
  private static let group = 1000
  /// About how many saved values are, if these are reached first.
  private static let groupOfValues = 100_000

  /// Makes the store in a folder that has none.
  func fill(_ folder: ResearchFolder) throws {
    let store = try DatabaseStore.open(folder)
    try store.write([.variables(["loss"])])
    let widths = max(1, experiments / repetitions / 10)
    let domain = Domain("rate" <- 1...10) * Domain("width" <- 1...widths)
    var plan = try ExperimentPlan(
      Research("results", repetitions: repetitions) {
        domain
        Unit("nothing", saving: "loss") { 0.0 }
      },
      seed: 1
    )
    var random = Philox(seed: 1)
    var records: [RunRecord] = []
    for number in 0..<experiments {
      guard let experiment = try plan.next() else { break }
      let values = (0..<iterations).map {
        SavedValue(name: "loss", iteration: $0, value: .double(random.nextUnit()))
      }
      records += [
        .started(
          experiment,
          ExperimentStart(at: Double(number), worker: number % 2, device: nil)
        ),
        .saved(experiment: experiment.key, values),
        .ended(
          experiment: experiment.key,
          .complete,
          iterations: iterations,
          at: Double(number) + 1.8
        ),
      ]
      if records.count > Self.group || records.count / 3 * iterations > Self.groupOfValues {
        try store.write(records)
        records = []
      }
    }
    try store.write(records)
    try store.close()
  }
}
