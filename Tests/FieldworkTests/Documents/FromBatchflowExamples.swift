// swift-format-ignore-file
// Made of docs/from-batchflow.md; see DocumentExamples.
import Fieldwork
import XCTest

final class FromBatchflowExamples: DocumentExampleCase {
  func testResearch_MakingOne() async throws {
    @Sendable func double(_ x: Int) -> Int { 2 * x }
    // experiment = Experiment().add_callable(double, x=EC('x'), save_to='y')
    let experiment: [any ResearchElement] = [Unit("double", saving: "y", double, EC("x"))]
    // Research(name='lab/doubles', domain=Option('x', [1, 2]), experiment=experiment, n_configs=3, n_reps=2, repeat_each=1)
    let research = Research("lab/doubles", configs: 3, repetitions: 2, repeatEach: 1, seed: 1) {
      Domain("x" <- [1, 2])
      experiment
    }
    // research.run(dump_results=False).results.df
    assertShown(try await research.run().table()["y"], #"[2, 2, 4, 4, 2, 2]"#)
    // Research(domain=None)
    let none = Research("none", repetitions: 2) { Unit("f", saving: "y") { 1 } }
    assertShown(try await none.run().table()["y"], #"[1, 1]"#)
    // print(research)
    assertShown(research.description.hasPrefix("Research \"lab/doubles\"\n  domain: Domain(\"x\" <- [1, 2])"), #"true"#)
    // research.only_callables
    assertShown(research.hasOnlyFunctions, #"true"#)
    _ = experiment
    _ = research
    _ = none
  }

  func testResearch_RunningIt() async throws {
    let research = Research("runs", iterations: 2, seed: 1, parallel: .serial) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "y") { run in try run["x", as: Int.self] * 10 + run.iteration }
    }
    // research.run(dump_results=False)
    assertShown(try await research.run().table()["y"], #"[10, 11, 20, 21]"#)
    // research.run(name='other', n_iters=1)
    var other = research
    other.name = "other"
    other.settings.iterations = 1
    assertShown(try await other.run().table()["y"], #"[10, 20]"#)
    // research.run(dump_results=True)
    @Sendable func runInFolder(_ research: Research) async throws -> ResearchResults {
      let store = try DatabaseStore.open(ResearchFolder(directory: "research", name: research.name))
      return try await research.run(store: store)
    }
    _ = research
    _ = other
  }

  func testResearch_WorkersAndBranches() async throws {
    func research(_ workers: Slots, _ branches: Slots) -> Research {
      Research("slots", seed: 1, workers: workers, branches: branches) {
        Domain("x" <- [1, 2, 3])
        Unit("f", saving: "config") { run in run.config.description }
        Save("together", EC<Int>("x").all)
      }
    }
    // research.run(workers=2)
    assertShown(try await research(2, 1).run().table()["config"], #"[{x: 1}, {x: 2}, {x: 3}]"#)
    // research.run(branches=2)
    assertShown(try await research(1, 2).run().table()["together"], #"[[1, 2], [1, 2], [3]]"#)
    // research.run(branches=[Config(b=0), Config(b=1)])
    assertShown(try await research(1, [["b": 0], ["b": 1]]).run().table()["config"], #"[{x: 1, b: 0}, {x: 2, b: 1}, {x: 3, b: 0}]"#)
    // research.run(workers=[Config(x=8), Config(x=9)])
    assertShown(try await research([["x": 8], ["x": 9]], 1).run().table()["config"], #"[{x: 8}, {x: 9}, {x: 8}]"#)
  }

  func testResearch_Devices() async throws {
    func slots(_ devices: DeviceList) throws -> [[String?]] {
      let assignment = try DeviceAssignment(devices, workers: 3, branches: 2)
      return (0..<3).map { worker in
        (0..<2).map { assignment.devices(ofWorker: worker, branch: $0)[0] }
      }
    }
    // research.get_devices(None), research.get_devices(0)
    assertShown(try slots(nil), #"[[nil, nil], [nil, nil], [nil, nil]]"#)
    assertShown(try slots(0), #"[["0", "0"], ["0", "0"], ["0", "0"]]"#)
    // research.get_devices([1, 2]), research.get_devices([1, 2, 3, 4, 5])
    assertShown(try slots([1, 2]), #"[["1", "1"], ["1", "2"], ["2", "2"]]"#)
    assertShown(try slots([1, 2, 3, 4, 5]), #"[["1", "2"], ["3", "4"], ["5", "1"]]"#)
    // research.get_devices(list(range(12)))
    assertShown(try DeviceAssignment(DeviceList(0..<12), workers: 3, branches: 2).devices(ofWorker: 2, branch: 1), #"["10", "11"]"#)
    // research.get_devices([[0, 1], [2, 3], [4, 5]])
    assertShown(try slots([[0, 1], [2, 3], [4, 5]]), #"[["0", "1"], ["2", "3"], ["4", "5"]]"#)
    // run(workers=2, devices=[3, 5]), EC('device')
    let research = Research("devices", seed: 1, workers: [["w": 0], ["w": 1]], devices: [3, 5]) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "on", { (device: String) in device }, EC("device"))
    }
    assertShown(try await research.run().table()["on"], #"[3, 5]"#)
    // run(memory_ratio=0.9, n_gpu_checks=3, gpu_check_delay=5)
    let rule = DeviceMemoryRule(free: 0.9, attempts: 3, delay: 5)
    _ = research
    _ = rule
  }

  func testResearch_OutputLogsAndProgress() async throws {
    // run(redirect_stdout=0), 1, 2, 3
    assertShown(OutputMode.allCases.map(\.rawValue), #"["terminal", "common", "experiment", "both"]"#)
    assertShown(OutputMode(text: "3"), #"both"#)
    // run(loglevel='info', redirect_stdout=2, redirect_stderr=1)
    let kept = Research("kept", parallel: .serial, stdout: .experiment, stderr: .common, logLevel: .info) {
      Unit("f") { run in run.logger.info("hello") }
    }
    // run(bar=progress)
    final class Progress: RunObserver {
      func observe(_ record: RunRecord) {
        if case .iterations(let key, let last, _) = record { print(key, last) }
      }
    }
    _ = kept
  }

  func testResearch_SeedsAndIds() async throws {
    func research(_ seed: UInt64?) -> Research {
      Research("seeds", configs: 2, seed: seed, idPrefix: 1) {
        Domain("x" <- ["a", "b"]) * Domain("rate" <- .uniform(0...1))
        Unit("f", saving: "y") { run in run.random.uniform() }
      }
    }
    // research.run(seed=5)
    let (first, second) = (try await research(5).run(), try await research(5).run())
    assertShown(first.table() == second.table(), #"true"#)
    // research.run(seed=None)
    assertShown(try await research(nil).run().notes["seed"] == nil, #"false"#)
    // research.run(create_id_prefix=True)
    assertShown(first.experiments.map { $0.id.prefix(6) }, #"[0_0_0_, 1_1_0_]"#)
    _ = first
    _ = second
  }

  func testResearch_Provenance() async throws {
    // research.attach_env_meta().attach_git_meta('~/models')
    let research = Research("provenance", provenance: [.environment, .packages, .git("~/models")]) { Unit("f") { 1 } }
    // pip list
    let python = Research("python", provenance: [.command("pip", ["pip", "list"])]) { Unit("f") { 1 } }
    _ = research
    _ = python
  }

  func testResearch_WatchingAndEndingARun() async throws {
    struct Divergence: Error {}
    let research = Research("watched", iterations: 3, seed: 1) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "y") { run in
        if try run["x"] == 2 && run.iteration == 1 { throw Divergence() }
        return run.iteration
      }
    }
    // research.run(detach=True)
    let run = try research.start()
    // research.process.join()
    let summary = try await run.summary()
    // research.is_finished
    assertShown(run.monitor.isFinished, #"true"#)
    // research.finished_experiments, research.remained_experiments, research.generated_experiments
    assertShown(run.monitor.counts.done + run.monitor.counts.failed, #"2"#)
    assertShown(run.monitor.counts.queued, #"0"#)
    assertShown(run.monitor.counts.planned, #"2"#)
    // research.finished_iterations
    assertShown(run.monitor.counts.iterations, #"5"#)
    // research.monitor.exceptions
    assertShown(run.monitor.failures.map(\.failure.iteration), #"[1]"#)
    // research.results, while it runs
    assertShown(try run.results.table()["y"], #"[0, 1, 2, 0]"#)
    // research.terminate()
    run.terminate()
    // research.run(debug=True, parallel=False, executor_target='for')
    await assertThrows(#"Divergence"#) { try await research.run(debug: true) }
    _ = research
    _ = run
    _ = summary
  }

  func testResearch_Updates() async throws {
    @Sendable func zoom(_ results: ResearchResults) -> Domain? {
      results.experiments.count < 5 ? Domain("x" <- [10, 20]) : nil
    }
    // research.update_domain(zoom, when=['%1', 'last'], n_reps=2, results=R())
    let research = Research("zoom", seed: 1) {
      Domain("x" <- [1, 2, 3])
      UpdateDomain(when: .at(1) | .last, repetitions: 2, zoom, R())
      Unit("f", saving: "y") { run in try run["x", as: Int.self] }
    }
    assertShown(try await research.run().table()["y"], #"[1, 2, 10, 20, 10, 20]"#)
    _ = research
  }

  func testResearch_StoredResearches() async throws {
    @Sendable func look() throws {
      // research = Research.load('research/digits')
      let research = try Research.load("research/digits")
      // research.results.df, research.profiler.profile_info, research.domain
      print(try research.results().table(), try research.profile().frame, research.description)
      // Research.remove('research/digits', ask=False)
      try Research.remove("research/digits")
    }
    // Research.load('nothing')
    await assertThrows(#"there are no results in nothing"#) { try Research.load("nothing").name }
  }

  func testExperimentsAndTheirUnits_Functions() async throws {
    @Sendable func scaled(value: Int, by factor: Int) -> Int { value * factor }
    let results = try await Research("functions", iterations: 4, seed: 1) {
      Domain("x" <- [3])
      // add_callable('scaled', scaled, value=EC('x'), by=E().iteration, save_to='y', when=2)
      Unit("scaled", when: .every(2), saving: "y", scaled(value:by:), EC("x"), E().iteration)
      // add_callable(lambda: (1, 2, 3), save_to=['a', None, 'c'])
      Unit("triple", when: .last, saving: ["a", nil, "c"]) { (1, 2, 3) }
      // add_callable(f, save_output_dict=True)
      Unit("record", when: .last, saving: .keys) { ["p": 1.5] }
      // experiment.sqrt(16, save_to='root') with the namespace 'math'
      Unit("root", when: .last, saving: "root") { 16.0.squareRoot() }
      // add_callable(f, root=True)
      Unit("shared", when: .last, root: true) { 1 }
      // add_executable_unit('triple', f)
      Unit("triple", when: .last) { 2 }
    }.run()
    assertShown(try results.table()["y"], #"[3, 9]"#)
    assertShown(results.table().row(1)["c"], #"3"#)
    assertShown(results.table().row(1)["root"], #"4.0"#)
    assertShown(results.variables, #"["y", "a", "c", "root", "p"]"#)
    _ = results
  }

  func testExperimentsAndTheirUnits_Generators() async throws {
    let results = try await Research("generators", seed: 1) {
      // add_generator('count', count, n=3, save_to='n')
      Generator("count", saving: "n", { 0..<$0 }, Constant(3))
      Unit("f", saving: "f", { (n: Int) in n }, O("count"))
    }.run()
    assertShown(try results.table()["n"], #"[0, 1, 2, nil]"#)
    assertShown(try results.table()["f"], #"[0, 1, 2, 2]"#)
    assertShown(results.experiments[0].ending, #"stopped"#)
    assertShown(results.table(TableOptions(completeIterationsOnly: true)).count, #"3"#)
    _ = results
  }

  func testExperimentsAndTheirUnits_Instances() async throws {
    final class Counter {
      var value: Int
      init(start: Int) { value = start }
      func add(_ number: Int) -> Int {
        value += number
        return value
      }
    }
    let results = try await Research("instances", iterations: 2, seed: 1, branches: 2) {
      Domain("x" <- [1, 2])
      // add_instance('counter', Counter, start=EC('x'), root=True)
      let counter = Instance("counter", root: true, Counter.init(start:), EC("x"))
      counter
      // add_callable('counter.add', args=[10], save_to='n')
      Unit("add", saving: "n", on: counter, Counter.add, Constant(10))
      // save(E('counter').value, 'value')
      Save("value", counter.value)
    }.run()
    assertShown(try results.table()["n"], #"[11, 31, 21, 41]"#)
    assertShown(try results.table()["value"], #"[21, 41, 21, 41]"#)
    _ = results
  }

  func testExperimentsAndTheirUnits_Pipelines() async throws {
    let batches = Pipeline(over: 0..<10).batched(2)
      .accumulating("var", from: 0, EC<Int>("x")) { total, batch, x in total += batch.reduce(0, +) * x }
    // add_pipeline('batch', batches, variables='var')
    let each = try await Research("each", seed: 1) {
      Domain("x" <- [10])
      Generator("batch", variables: ["var"], batches)
    }.run()
    assertShown(try each.table()["var"], #"[10, 60, 150, 280, 450]"#)
    // add_pipeline('epoch', batches, run=True, variables='var')
    let whole = try await Research("whole", iterations: 3, seed: 1) {
      Domain("x" <- [10])
      Unit("epoch", variables: ["var"], running: batches)
    }.run()
    assertShown(try whole.table()["var"], #"[450, 900, 1350]"#)
    // add_pipeline('train', root=batches, branch=train, variables='sum')
    let shared = try await Research("shared", seed: 1, branches: 2) {
      Domain("x" <- [1, 10])
      Generator("root", root: true, Pipeline(over: 0..<6).shuffled().batched(3))
      Unit(
        "train",
        variables: ["sum"],
        running: Pipeline(each: O<[Int]>("root"))
          .accumulating("sum", from: 0, EC<Int>("x")) { sum, batch, x in sum += batch.reduce(0, +) * x }
      )
    }.run()
    assertShown(shared.lastValues(of: "sum"), #"[15, 150]"#)
    // add_pipeline('model.pipeline'), get_metrics(pipeline, 'losses', 'loss')
    let metrics = try await Research("metrics", seed: 1) {
      let losses = Instance(
        "losses",
        opening: Pipeline(over: [1.0, 2.0, 6.0]).accumulating("losses", from: [Double]()) { $0.append($1) }
      )
      losses
      Unit("epoch", on: losses, PipelineRun.runToEnd)
      Save("loss", losses.mean(of: "losses"))
    }.run()
    assertShown(metrics.lastValues(of: "loss"), #"[3.0]"#)
    _ = batches
    _ = each
    _ = whole
    _ = shared
    _ = metrics
  }

  func testExperimentsAndTheirUnits_SavingAndHandingOn() async throws {
    let results = try await Research("saving", iterations: 4, seed: 1) {
      Unit("f") { run in [run.iteration, 7] }
      // save(O('f')[0], 'first', when=2)
      Save("first", O<[Int]>("f")[0], when: .every(2))
      // save(O('f'), ['a', None])
      Save(["a", nil], O<[Int]>("f"))
      // save(O('record'), save_output_dict=True)
      Unit("record") { ["p": 1] }
      Save(.keys, O<[String: Int]>("record"), when: .last)
      // dump('first', when=2), dump()
      Dump("first", when: .every(2))
      Dump()
    }.run()
    assertShown(try results.table()["first"], #"[nil, 1, nil, 3]"#)
    assertShown(results.variables, #"["first", "a", "p"]"#)
    _ = results
  }

  func testExperimentsAndTheirUnits_WhatIsKnownOfAnExperiment() async throws {
    let results = try await Research("known", iterations: 5, seed: 1, profile: .simple) {
      Domain("end" <- ["no", "stop"])
      Unit("f", saving: "y") { run in
        if try run["end"] == "stop" && run.iteration == 2 { try run.stop() }
        return run.iteration
      }
    }.run()
    let second = results.experiments[1]
    // experiment.is_alive, experiment.is_failed
    assertShown(second.ending, #"stopped"#)
    assertShown(second.state, #"done"#)
    // experiment.iteration
    assertShown(second.iterations, #"3"#)
    // experiment.results['y']
    assertShown(results.values(of: "y", in: second.id).map(\.value), #"[0, 1]"#)
    // experiment.profile_info
    assertShown(try results.profile().calls.count { $0.experiment == second.id }, #"3"#)
    _ = results
    _ = second
  }

  func testSchedulesAndEnds_When() async throws {
    func iterations(_ when: When, of count: Int = 6) -> [Int] {
      (0..<count).filter { when.runs(at: $0, isLast: $0 == count - 1) }
    }
    // when=2
    assertShown(iterations(.every(2)), #"[1, 3, 5]"#)
    // when='%3', when='#3'
    assertShown(iterations(.at(3)), #"[3]"#)
    // when='last'
    assertShown(iterations(.last), #"[5]"#)
    // when=[2, '%0', 'last']
    assertShown(iterations(.every(2) | .at(0) | .last, of: 5), #"[0, 1, 3, 4]"#)
    // when=0, when=False
    assertShown(iterations(.never).count, #"0"#)
  }

  func testSchedulesAndEnds_HowAnExperimentEnds() async throws {
    let results = try await Research("ends", iterations: 4, seed: 1) {
      Unit("before", saving: "before") { run in run.iteration }
      Unit("fails", saving: "fails") { run in
        if run.iteration == 1 { throw CancellationError() }
        return run.iteration
      }
      Unit("end", when: .last, saving: "end") { run in run.iteration }
    }.run()
    let table = results.table(TableOptions(includesAuxiliary: true))
    assertShown(try table["before"], #"[0, 1]"#)
    assertShown(try table["fails"], #"[0, nil]"#)
    assertShown(try table["end"], #"[nil, 1]"#)
    assertShown(try table["ended"], #"[complete, failed]"#)
    _ = results
    _ = table
  }

  func testExecutors_OnGivenConfigs() async throws {
    let research = Research("executed", iterations: 2, seed: 1) {
      Domain("x" <- 0..<1000)
      Unit("f", saving: "config") { run in run.config.description }
    }
    // Executor(experiment, configs=[{'x': 1}, {'x': 2}], branches_configs=[{'b': 0}, {'b': 1}], executor_config={'z': 5}, n_iters=1, target='for').run()
    let results = try await research.execute(
      [["x": 1], ["x": 2]],
      branches: [["b": 0], ["b": 1]],
      shared: ["z": 5],
      iterations: 1,
      execution: .sequential
    )
    assertShown(try results.table()["config"], #"[{x: 1, b: 0, z: 5}, {x: 2, b: 1, z: 5}]"#)
    // Executor(experiment, configs=[{'x': 1}], branches_configs=[{}, {}])
    await assertThrows(#"there are 1 configs for 2 branches"#) { try await research.execute([["x": 1]], branches: [[:], [:]]) }
    _ = research
    _ = results
  }

  func testExecutors_OneSOwn() async throws {
    // class Patient(Executor): ...; research.run(executor_class=Patient)
    struct Patient: BranchExecutor {
      func execute(_ task: any BranchTask) async throws {
        while !task.isFinished && task.iteration < 2 { await task.runIteration() }
      }
    }
    let results = try await Research("patient", iterations: 100, seed: 1, executor: Patient()) {
      Unit("f", saving: "y") { run in run.iteration }
    }.run()
    assertShown(try results.table()["y"], #"[0, 1]"#)
    _ = results
  }

  func testStorageAndFailures_Failures() async throws {
    struct Divergence: Error, CustomStringConvertible { let description = "the loss is not finite" }
    let results = try await Research("failures", iterations: 3, seed: 1) {
      Domain("x" <- [1, 2])
      Unit("train", saving: "loss") { run in
        if try run["x"] == 2 && run.iteration == 1 { throw Divergence() }
        return 1 / Double(run.iteration + 1)
      }
    }.run()
    // research.monitor.exceptions
    let (experiment, failure) = results.failures[0]
    assertShown(experiment.id == results.experiments[1].id, #"true"#)
    assertShown(failure.unit, #"train"#)
    assertShown(failure.iteration, #"1"#)
    assertShown(failure.message, #"the loss is not finite"#)
    assertShown(failure.kind, #"Divergence"#)
    assertShown(results.failuresTable().columnNames, #"["id", "x", "iteration", "unit", "kind", "message", "place"]"#)
    _ = results
    _ = experiment
    _ = failure
  }

  func testStorageAndFailures_Profiles() async throws {
    let results = try await Research("profile", iterations: 2, seed: 1, profile: .detailed) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "y", { (x: Int) in x }, EC("x"))
    }.run()
    // research.profiler.profile_info
    let profile = try results.profile()
    assertShown(profile.frame.columnNames.prefix(5), #"["unit", "iteration", "total_time", "unit_time", "experiment"]"#)
    // research.profiler.show_profile_info()
    assertShown(try profile.summary()["calls"], #"[4]"#)
    // show_profile_info(per_iter=True, per_experiment=True)
    assertShown(try profile.summary(ProfileOptions(per: [.iteration, .experiment])).count, #"4"#)
    // show_profile_info(groupby=['x'], columns=['calls'], sortby='unit_time', limit=1)
    assertShown(try profile.summary(ProfileOptions(groupedBy: ["x"], columns: ["calls"], sortedBy: "unit_time_max", limit: 1))["calls"], #"[2]"#)
    _ = results
    _ = profile
  }

  func testStorageAndFailures_FunctionsAndTypesAsValues() async throws {
    protocol Shape: Sendable {
      init(_ side: Double)
      var area: Double { get }
    }
    struct Square: Shape {
      let side: Double
      init(_ side: Double) { self.side = side }
      var area: Double { side * side }
    }
    @Sendable func twice(_ x: Double) -> Double { 2 * x }
    @Sendable func apply(_ function: @Sendable (Double) -> Double) -> Double { function(4) }
    // Domain(function=[twice], shape=[Square])
    let results = try await Research("values", seed: 1) {
      Domain("function" <- [Alias("twice", twice)]) * Domain("shape" <- [Alias<any Shape.Type>(Square.self)])
      Unit("apply", saving: "y", apply, EC("function"))
      Unit("area", saving: "area") { run in try run["shape", as: (any Shape.Type).self].init(3).area }
    }.run()
    assertShown(results.table(TableOptions(usesAliases: true)).row(0)["shape"], #"Square"#)
    assertShown(results.table().row(0)["y"], #"8.0"#)
    assertShown(results.table().row(0)["area"], #"9.0"#)
    _ = results
  }

  func testDomain_MakingOne() async throws {
    // Domain({'a': [1, 2], 'b': ['x']})
    assertShown(try Domain(["a": [1, 2], "b": ["x"]]).configs(), #"{a: 1, b: x} {a: 2, b: x}"#)
    // Domain(a=[1, 2], b=['x'])
    assertShown(try Domain("a" <- [1, 2], "b" <- ["x"]).configs(), #"{a: 1, b: x} {a: 2, b: x}"#)
    // Domain(), Domain(None)
    assertShown(Domain().count, #"0"#)
    // Option('a', [1, 2])
    assertShown(try Domain("a" <- [1, 2]).configs(), #"{a: 1} {a: 2}"#)
    // Option('lr', NS('uniform'))
    let rates = Domain("lr" <- .uniform(0...1))
    // Domain({'net/width': [8], 'net/depth': [2]})
    let nested = Domain("net/width" <- [8], "net/depth" <- [2])
    assertShown(try nested[0]["net", as: [String: Int].self]["width"], #"8"#)
    // Domain(domain)
    let copy = rates; assertShown(copy, #"Domain("lr" <- .uniform(0.0...1.0))"#)
    _ = rates
    _ = nested
    _ = copy
  }

  func testDomain_Operators() async throws {
    let (a, b) = (Domain("a" <- [1, 2]), Domain("b" <- [3, 4]))
    let (c, d) = (Domain("c" <- [5]), Domain("d" <- [7, 8]))
    // op1 + op2
    assertShown(try (a + c).configs(), #"{a: 1} {a: 2} {c: 5}"#)
    // op1 * op2
    assertShown(try (a * b).configs(), #"{a: 1, b: 3} {a: 1, b: 4} {a: 2, b: 3} {a: 2, b: 4}"#)
    // op1 @ op2
    assertShown(try (a .* b).configs(), #"{a: 1, b: 3} {a: 2, b: 4}"#)
    // (op1 @ op2 + op3) * op4
    assertShown(((a .* b + c) * d).count, #"6"#)
    // 0.3 * op1 + 0.7 * op2
    assertShown((0.3 * a + 0.7 * b).weights, #"[0.3, 0.7]"#)
    // op * sampler
    assertShown((a * Domain("s" <- .normal())).count, #"2"#)
    _ = a
    _ = b
    _ = c
    _ = d
  }

  func testDomain_OptionsByThemselves() async throws {
    let (listed, drawn) = ("a" <- [1, 2], "lr" <- .uniform(0...1))
    // domain.option_items(name, values)
    assertShown(try listed.items(), #"{a: 1} {a: 2}"#)
    // domain.option_sample(name, sampler), domain.option_sample(name, sampler, size=3)
    assertShown(try drawn.sample(3, seed: 1).count, #"3"#)
    // domain.option_iterator(name, sampler)
    assertShown(Array(Domain(drawn).prefix(2)).count, #"2"#)
    // domain.create_aliases({Alias('layout', 'l'): [Alias('f', 'full')]})
    let layout = Alias("l", "layout") <- [Alias("full", "f")]
    assertShown((layout.name.key, layout.name.alias), #"("layout", "l")"#)
    _ = listed
    _ = drawn
    _ = layout
  }

  func testDomain_GoingThroughOne() async throws {
    let domain = Domain("a" <- [1, 2, 3])
    // domain.set_iter_params(n_items=2); next(domain)
    var stream = try domain.stream(IterationSettings(configs: 2))
    assertShown(try stream.next()?.config, #"{a: 1}"#)
    // domain.iterator
    assertShown(try stream.next()?.config, #"{a: 2}"#)
    assertShown(try stream.next()?.config, #"nil"#)
    // domain.set_iter_params(n_reps=2, repeat_each=2)
    let blocks = try domain.stream(IterationSettings(repetitions: 2, repeatEach: 2))
    // domain.reset_iter()
    var again = blocks
    assertShown(try again.next()?.repetition, #"0"#)
    // domain.set_iter_params(additional=False)
    var clean = try domain.stream(IterationSettings())
    assertShown(try clean.next()?.config, #"{a: 1}"#)
    // domain.set_iter_params(create_id_prefix=2)
    var prefixed = try domain.stream(IterationSettings(prefixDigits: 2))
    assertShown(try prefixed.next()?.prefix, #"00_00_"#)
    // domain.set_iter_params(seed=42)
    let seeded = try domain.stream(IterationSettings(configs: 5, seed: 42))
    // domain.size
    assertShown(try domain.size(IterationSettings(configs: 5, repetitions: 2)), #"10"#)
    // len(domain), domain.len
    assertShown(domain.count, #"3"#)
    assertShown(Domain("s" <- .normal()).count, #"nil"#)
    // [next(domain) for _ in range(2)]
    assertShown(try domain.configs(limit: 2), #"{a: 1} {a: 2}"#)
    _ = domain
    _ = stream
    _ = blocks
    _ = again
    _ = clean
    _ = prefixed
    _ = seeded
  }

  func testDomain_UpdatingOne() async throws {
    // domain.set_update(function, when=['%1', '%4'], n_reps=2, results=R())
    @Sendable func next(_ results: ResearchResults) -> Domain? {
      results.experiments.count < 4 ? Domain("x" <- [20, 21]) : nil
    }
    let found = try await Research("updates", seed: 1) {
      Domain("x" <- [1, 2, 3])
      UpdateDomain(when: .at(1, 4), repetitions: 2, next, R())
      Unit("f", saving: "y") { run in try run["x", as: Int.self] }
    }.run()
    assertShown(try found.table()["y"], #"[1, 2, 20, 21, 20, 21]"#)
    // def function(research): return None
    let kept = UpdateDomain(when: .last) { update in
      update.updates < 3 ? update.domain : nil
    }
    _ = found
    _ = kept
  }

  func testAlias_NamesForValues() async throws {
    let half: @Sendable (Double) -> Double = { $0 / 2 }
    let twice: @Sendable (Double) -> Double = { $0 * 2 }
    // Alias(half), whose name is `half`
    let named = Alias("half", half); assertShown(named, #"half"#)
    // Alias([1, 2])
    assertShown(Alias([1, 2]).name, #"[1, 2]"#)
    // Alias(half, 'h')
    assertShown(Alias("h", half).name, #"h"#)
    // Domain({'f': [Alias(half, 'h'), twice]})
    let domain = Domain("f" <- [Alias("h", half), Alias("twice", twice)])
    assertShown(try domain.configs(), #"{f: h} {f: twice}"#)
    assertShown(try domain[0]["f", as: (@Sendable (Double) -> Double).self](8), #"4.0"#)
    // Domain({Alias('layout', 'l'): [Alias(1, 'one'), 2]})
    assertShown(try Domain(Alias("l", "layout") <- [Alias("one", 1), 2]).configs(), #"{l: one} {l: 2}"#)
    _ = half
    _ = twice
    _ = named
    _ = domain
  }

  func testAlias_Configs() async throws {
    // ConfigAlias({'b': 1, 'a': 2}), ConfigAlias([('b', 1), ('a', 2)])
    var config: Config = ["b": 1, "a": 2]
    let pairs = Config([Config.Entry("b", 1), Config.Entry(ParameterName(Alias("A", "a")), AnyAlias("two", 2))])
    // config_alias.config()
    assertShown(pairs.plainValues["a"], #"2"#)
    // config_alias['a']
    assertShown(try pairs["a", as: Int.self], #"2"#)
    // config_alias.alias()
    assertShown(pairs, #"{b: 1, A: two}"#)
    assertShown(pairs.aliases.map(\.value), #"["1", "two"]"#)
    // config_alias.alias(as_string=True, delim='+')
    assertShown(pairs.aliasText(separator: "+"), #"A_two+b_1"#)
    // config_alias['c'] = 3
    config.set("c", to: 3)
    // config_alias.pop_config('a'), config_alias.pop_config('zz')
    assertShown(config.remove("a")?.value, #"2"#)
    assertShown(config.remove("zz"), #"nil"#)
    // config_alias.pop_alias('c')
    assertShown(config.remove(alias: "c")?.value, #"3"#)
    // config_alias + {'b': 5, 'd': 6}
    assertShown(config + ["b": 5, "d": 6], #"{b: 5, d: 6}"#)
    // config['net/width'], config['net']
    assertShown(try (["net/width": 8] as Config)["net", as: [String: Int].self]["width"], #"8"#)
    _ = config
    _ = pairs
  }

  func testResults_ReadingAndFiltering() async throws {
    let results = try await Research("points", iterations: 2, seed: 1) {
      Domain("x" <- [1, 2]) * Domain("y" <- [3, Alias("four", 4)])
      Unit("g", saving: "g") { run in run.iteration }
      Unit("h", when: .every(2), saving: "h") { run in try run["x", as: Int.self] * 10 }
    }.run()
    let id = results.experiments[0].id
    // results.load_results(experiment_id=id)
    assertShown(try results.filtered(ids: [id]).table().count, #"2"#)
    // results.load_results(name='h')
    assertShown(try results.filtered(names: ["h"]).table().columnNames, #"["id", "x", "y", "iteration", "h"]"#)
    // results.load_results(iterations=[0])
    assertShown(try results.filtered(iterations: [0]).table().count, #"4"#)
    // results.load_results(config={'x': 1}), results.load_results(x=1)
    assertShown(try results.filtered(config: ["x": 1]).table().count, #"4"#)
    // results.load_results(config={'x': 1}, y=4)
    assertShown(try results.filtered(config: ["x": 1, "y": 4]).table().count, #"2"#)
    // results.load_results(alias={'y': 'four'})
    assertShown(try results.filtered(alias: ["y": "four"]).table().count, #"4"#)
    // results.load_results(domain=Option('x', [1, 2]) @ Option('y', [3, 4]))
    assertShown(try results.filtered(domain: Domain("x" <- [1, 2]) .* Domain("y" <- [3, 4])).table().count, #"4"#)
    // results.filter(name='h', iterations=1, x=2)
    let filter = ResultFilter(.config(["x": 2]), names: ["h"], iterations: [1])
    assertShown(try results.filtered(filter).table()["h"], #"[20, 20]"#)
    // results.filter_ids_by_configs(config={'x': 1})
    assertShown(try results.ids(ResultFilter(.config(["x": 1]))).count, #"2"#)
    // load_iteration_files(path, [1])
    assertShown(results.values(of: "g", in: id, iterations: [1]).map(\.value), #"[1]"#)
    @Sendable func read() throws -> Table {
      try ResearchResults.load("research/points", ResultFilter(.config(["x": 1]))).table()
    }
    _ = results
    _ = id
    _ = filter
  }

  func testResults_Tables() async throws {
    let results = try await Research("points", iterations: 2, seed: 1) {
      Domain("x" <- [1, 2]) * Domain("y" <- [3, Alias("four", 4)])
      Unit("g", saving: "g") { run in run.iteration }
      Unit("h", when: .every(2), saving: "h") { run in try run["x", as: Int.self] * 10 }
    }.run()
    // results.df, results.to_df()
    assertShown(results.table().columnNames, #"["id", "x", "y", "iteration", "g", "h"]"#)
    assertShown(try results.table()["h"].prefix(2), #"[nil, 10]"#)
    // results.to_df(pivot=False)
    assertShown(results.table(TableOptions(isWide: false)).columnNames, #"["id", "x", "y", "iteration", "name", "value"]"#)
    // results.to_df(include_config=False)
    assertShown(results.table(TableOptions(includesConfig: false)).columnNames, #"["id", "iteration", "g", "h"]"#)
    // results.to_df(use_alias=True)
    assertShown(try results.table(TableOptions(usesAliases: true))["y"][2], #"four"#)
    // results.to_df(concat_config=True)
    assertShown(try results.table(TableOptions(joinsConfig: true))["config"][2], #"x_1-y_four"#)
    // results.to_df(concat_config=True, drop_columns=False)
    let both = results.table(TableOptions(joinsConfig: true, keepsParameterColumns: true))
    assertShown(both.columnNames, #"["id", "config", "x", "y", "iteration", "g", "h"]"#)
    // results.to_df(remove_auxilary=False)
    let whole = results.table(TableOptions(includesAuxiliary: true))
    assertShown(try whole["repetition"][0], #"0"#)
    // results.configs_to_df()
    assertShown(results.configsTable().columnNames, #"["id", "x", "y", "state", "iterations", "seconds"]"#)
    // results.to_df().to_csv()
    assertShown(results.table().formatted(.csv).prefix(19), #"id,x,y,iteration,g,"#)
    _ = results
    _ = both
    _ = whole
  }

  func testResults_Artifacts() async throws {
    let results = try await Research("points", iterations: 2, seed: 1) {
      Domain("x" <- [1, 2]) * Domain("y" <- [3, Alias("four", 4)])
      Unit("g", saving: "g") { run in run.iteration }
      Unit("h", when: .every(2), saving: "h") { run in try run["x", as: Int.self] * 10 }
    }.run()
    // results.load_artifacts(), results.artifacts
    await assertThrows(#"a research in memory has no artifacts"#) { try results.artifacts() }
    // results.artifacts_to_df(name='model*')
    await assertThrows(#"a research in memory has no artifacts"#) { try results.artifactsTable(matching: "model*") }
    _ = results
  }

  func testNamedExpressions_TheExperimentItsConfigAndItsUnits() async throws {
    struct Network { var loss = 0.5 }
    let lr = Parameter<Double>("lr")
    let model = Instance("model") { _ in Network() }
    @Sendable func step(_ storage: ExperimentStorage, _ iteration: Int) { storage.save("own", iteration) }
    let results = try await Research("expressions", iterations: 2, seed: 1, branches: 2) {
      Domain("lr" <- [0.1, 0.2]) * Domain("net/width" <- [8])
      model
      Unit("pair") { run in [run.iteration, 7] }
      // E().iteration, E().id
      Save("at", E().iteration)
      // E('pair').iteration, E('pair').output
      Save("ran", E("pair").iteration)
      // E('model').loss
      Save("loss", model.loss)
      // E(all=True), E('pair', all=True)
      Save("ids", E().all.map { $0.map(\.branch) })
      // EC('lr'), EC.lr, EC('net/width')
      Save("rate", EC(lr))
      Save("width", EC<Int>("net/width"))
      // EC('lr', all=True)
      Save("rates", EC(lr).all)
      // EC()
      Save("config", EC().map(\.description))
      // EC(full=True)
      Save("full", EC(full: true).map(\.description))
      // O('pair')[1], O('pair', all=True)
      Save("seven", O<[Int]>("pair")[1])
      Save("outputs", O<[Int]>("pair").all)
      // S()
      Unit("step", step, S(), E().iteration)
    }.run()
    let row = results.table().row(1)
    assertShown(row["at"], #"1"#)
    assertShown(row["ran"], #"1"#)
    assertShown(row["loss"], #"0.5"#)
    assertShown(row["ids"], #"[0, 1]"#)
    assertShown(row["rate"], #"0.1"#)
    assertShown(row["width"], #"8"#)
    assertShown(row["rates"], #"[0.1, 0.2]"#)
    assertShown(row["config"], #"{lr: 0.1, net/width: 8}"#)
    assertShown(row["full"], #"{lr: 0.1, net/width: 8, repetition: 0, updates: 0}"#)
    assertShown(row["seven"], #"7"#)
    assertShown(row["outputs"], #"[[1, 7], [1, 7]]"#)
    assertShown(row["own"], #"1"#)
    _ = lr
    _ = model
    _ = results
    _ = row
  }

  func testNamedExpressions_Algebra() async throws {
    let results = try await Research("algebra", seed: 1) {
      Domain("x" <- [2], "n" <- [7])
      Unit("f") { [5, 6] }
      // EC('x') + 1, 10 - EC('x') * EC('n'), -EC('x'), EC('n') // 2, EC('n') % 4
      Save("a", ListOf(EC<Int>("x") + 1, 10 - EC<Int>("x") * EC<Int>("n"), -EC<Int>("x")))
      Save("b", ListOf(EC<Int>("n") / 2, EC<Int>("n") % 4))
      // EC('x') == 2, EC('x') < EC('n')
      Save("c", ListOf(EC<Int>("x") .== 2, EC<Int>("x") .< EC<Int>("n")))
      // O('f')[0], O('f').index(6)
      Save("d", ListOf(O<[Int]>("f")[0], O<[Int]>("f").map { $0.firstIndex(of: 6) ?? -1 }))
      // EC('x').format('v={}'), EC('x').str()
      Save("e", EC<Int>("x").map { "v=\($0)" })
      // abs(EC('x') - 10), EC('x') << EC('n')
      Save("g", (EC<Int>("x") - 10).map { abs($0) })
      Save("h", EC<Int>("x").combined(with: EC<Int>("n")) { $0 << $1 })
      // [EC('x'), EC('n')], {'x': EC('x'), 'list': [EC('n')]}
      Save("i", ListOf(EC<Int>("x"), EC<Int>("n")))
      Save("j", DictionaryOf(["x": ListOf(EC<Int>("x")), "n": ListOf(EC<Int>("n"), EC<Int>("n"))]))
      // O('f')[4]
      Save("k", O<[Int]>("f")[4])
    }.run()
    let row = results.table().row(0)
    assertShown(row["a"], #"[3, -4, -2]"#)
    assertShown(row["b"], #"[3, 3]"#)
    assertShown(row["c"], #"[true, true]"#)
    assertShown(row["d"], #"[5, 1]"#)
    assertShown(row["e"], #"v=2"#)
    assertShown(row["g"], #"8"#)
    assertShown(row["h"], #"256"#)
    assertShown(row["i"], #"[2, 7]"#)
    assertShown(row["j"], #"["n": [7, 7], "x": [2]]"#)
    assertShown(results.failures[0].failure.message, #"O("f")[4]: no element 4 among 2"#)
    _ = results
    _ = row
  }
}
