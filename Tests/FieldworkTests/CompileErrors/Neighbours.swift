// Each public name beside Foundation, ArgumentParser and XCTest, in expressions and as types.
import ArgumentParser
import Fieldwork
import Foundation
import XCTest

struct Doubled: NamedExpression {
  func evaluate(in run: RunContext) throws -> Double { 2 }
}

struct Own: ResearchElement {
  var parts: [ResearchPart] { [] }
}

@Sendable func half(_ x: Double) -> Double { x / 2 }

func expressions() throws {
  let unit: ExecutableUnit = Unit("unit", half, EC("x"))
  let generator: Generator = Generator("generator") { _ in [1, 2] }
  let instance: Instance<[Int]> = Instance("instance") { _ in [1] }
  let save: Save = Save("y", O<Int>("unit"))
  let dump: Dump = Dump("y", when: .last)
  let parameter: Parameter<Double> = Parameter<Double>("x")
  let option: ParameterOption = parameter <- [1, 2]
  let domain: Domain = Domain(option)
  let sampler: Sampler<Double> = Sampler.uniform(0...1)
  let when: When = When.every(2) | When.last
  let value: Value = Value.list([1, "x", nil])
  let config: Config = Config([Config.Entry("x", 1)])
  let alias: Alias<Int> = Alias("one", 1)
  let anyAlias: AnyAlias = AnyAlias(alias)
  let name: ParameterName = ParameterName("x")
  let table: Table = Table(columns: [Table.Column(name: "x", cells: [value])])
  let saving: Saving = Saving("loss")
  let objective: Objective = Objective.maximize("loss")
  let settings: ResearchSettings = ResearchSettings()
  let error: FieldworkError = FieldworkError(.store, "text")
  let problem: Problem = Problem("text")
  let place: SourceLocation = SourceLocation(file: "file", line: 1)
  let condition: Condition = try Condition("x < 1")
  let selection: Selection = Selection(condition)
  let stream: RandomStream = RandomStream(seed: 1)
  let philox: Philox = Philox(seed: 1)
  let parallelism: Parallelism = Parallelism.serial
  let folder: ResearchFolder = ResearchFolder(directory: "research", name: "a")
  let format: TableFormat = TableFormat.csv
  let options: TableOptions = TableOptions()
  let filter: ResultFilter = ResultFilter(.config(["x": 1]), names: ["y"])
  let profile: Profile = try Profile.load("research/a")
  let profileOptions: ProfileOptions = ProfileOptions(per: [.iteration])
  let artifact: Artifact = Artifact(
    experiment: "a",
    name: "b",
    relativePath: "experiments/a/b",
    fullPath: "research/c/experiments/a/b",
    bytes: 1
  )
  let statistics: Statistics = Statistics([1, 2])
  let student: StudentT = StudentT(3)
  let pairs: PairedComparison = PairedComparison([(1, 2)])
  let anova: FunctionalANOVA? = FunctionalANOVA([], [])
  let aggregate: Aggregate = Aggregate.ci
  let report: Report = try Report.load("research/a", objective: [objective])
  let stop: StopExperiment = StopExperiment()
  let research: Research = Research("all") {
    domain
    unit
    generator
    instance
    save
    dump
    Own()
  }
  let runner: ResearchRunner = ResearchRunner(research, store: try DatabaseStore.inMemory())
  XCTAssertNotNil(
    [
      sampler, when, config, anyAlias, name, table, saving, objective, settings, error, problem,
      place, selection, stream, philox, parallelism, folder, format, options, filter, profile,
      profileOptions, artifact, stop, runner, statistics, student, pairs, anova as Any, aggregate,
      report,
    ] as [Any]
  )
}

func namedExpressions() {
  let running: E<RunContext> = E()
  let state: E<UnitState> = E("unit")
  let value: EC<Double> = EC("x")
  let config: EC<Config> = EC()
  let output: O<Int> = O("unit")
  let path: EP = EP()
  let results: R = R()
  let storage: S = S()
  let constant: Constant<Int> = Constant(1)
  let made: DerivedExpression<Double> = value + 1
  let test: DerivedExpression<Bool> = value .< 1
  let list: ListOf<Double> = ListOf(value, EC("y"))
  let dictionary: DictionaryOf<Double> = DictionaryOf(["x": value, "y": O("unit")])
  XCTAssertNotNil(
    [
      running, state, value, config, output, path, results, storage, constant, made, test, list,
      dictionary, Doubled(),
    ]
      as [Any]
  )
}

func types(
  _: ExecutableUnit,
  _: Generator,
  _: Instance<Int>,
  _: Save,
  _: Dump,
  _: Domain,
  _: Config,
  _: Value,
  _: Alias<Int>,
  _: Parameter<Int>,
  _: Sampler<Int>,
  _: When,
  _: Table,
  _: E<RunContext>,
  _: EC<Int>,
  _: O<Int>,
  _: EP,
  _: R,
  _: S,
  _: Research,
  _: ResearchResults,
  _: ResultFilter,
  _: Profile,
  _: ProfileOptions,
  _: Artifact,
  _: ExperimentRecord,
  _: RunSummary,
  _: RunRecord,
  _: Failure,
  _: any Playbook,
  _: any RunObserver,
  _: any ResultStore
) {}

func runs() throws {
  let pipeline: Pipeline<Int> = Pipeline(over: [1, 2])
  let update: UpdateDomain = UpdateDomain(when: .last) { _ in Domain("x" <- [1]) }
  let slots: Slots = Slots.count(2)
  let execution: BranchExecution = BranchExecution.sequential
  let executor: StandardExecutor = StandardExecutor()
  let all: AllBranches<O<Int>> = O<Int>("unit").all
  let devices: DeviceList = [0, "cuda:1"]
  let assignment: DeviceAssignment = try DeviceAssignment(devices, workers: 1, branches: 2)
  let rule: DeviceMemoryRule = DeviceMemoryRule(free: 0.9)
  let output: OutputMode = OutputMode.common
  let stream: StandardStream = StandardStream.stdout
  let level: Logger.Level = Logger.Level.info
  let profiling: Profiling = Profiling.simple
  let timing: UnitTiming = UnitTiming(unit: "unit", iteration: 0, total: 1, call: 1)
  let source: ProvenanceSource = ProvenanceSource.git()
  let collector: ProvenanceCollector = ProvenanceCollector()
  let item: ProvenanceItem = ProvenanceItem(run: 1, topic: "a", item: "b", text: "c")
  let report: ProvenanceReport = ProvenanceReport([item])
  let monitor: Monitor = Monitor()
  let iterations: IterationSettings = IterationSettings(configs: 1)
  let saved: SavedValue = SavedValue(name: "y", iteration: 0, value: 1)
  let research: Research = Research(
    "runs",
    workers: slots,
    branches: [["x": 1], ["x": 2]],
    branchExecution: execution,
    devices: devices,
    deviceMemory: rule,
    stdout: output,
    logLevel: level,
    provenance: [source],
    profile: profiling,
    checkpoint: When.every(10),
    executor: executor
  ) {
    update
    Generator("batch", root: true, pipeline)
    Save("all", all)
  }
  let run: ResearchRun = try research.start(observers: [monitor])
  let stored: StoredResearch = try Research.load("research/runs")
  XCTAssertNotNil(
    [
      assignment, stream, timing, collector, report, iterations, saved, run, stored,
      DeviceMemory.descriptions(),
    ] as [Any]
  )
}

func typesOfRuns(
  _: Pipeline<Int>,
  _: PipelineRun<Int>,
  _: UpdateDomain,
  _: DomainUpdate,
  _: UpdateContext,
  _: Slots,
  _: BranchExecution,
  _: any BranchExecutor,
  _: any BranchTask,
  _: StandardExecutor,
  _: AllBranches<O<Int>>,
  _: DeviceList,
  _: DeviceAssignment,
  _: DeviceMemoryRule,
  _: DeviceMemoryCheck,
  _: any DeviceMemoryReader,
  _: DeviceMemory.Type,
  _: OutputMode,
  _: StandardStream,
  _: Logger,
  _: Profiling,
  _: UnitTiming,
  _: UnitProfile,
  _: ProvenanceSource,
  _: ProvenanceItem,
  _: ProvenanceReport,
  _: ProvenanceCollector,
  _: Monitor,
  _: ResearchRun,
  _: StoredResearch,
  _: any Checkpointable,
  _: CheckpointCoder.Type,
  _: Checkpoint,
  _: CheckpointNote,
  _: UpdateRecord
) {}

func typesOfPlans(
  _: ExperimentPlan,
  _: PlannedExperiment,
  _: ConfigStream,
  _: IterationSettings,
  _: UnitDescription,
  _: Dependency,
  _: ExperimentStorage,
  _: ExperimentState,
  _: Ending,
  _: RunStart,
  _: ResultDigest,
  _: SavedValue,
  _: RunRecord,
  _: GroupedTable,
  _: Plot,
  _: Report,
  _: ResultComparison,
  _: Statistics,
  _: StudentT,
  _: PairedComparison,
  _: FunctionalANOVA,
  _: Aggregate,
  _: AnySampler,
  _: ResearchBuilder.Type,
  _: any ParameterNaming,
  _: any ValueConvertible
) {}
