// swift-format-ignore-file
// Made of docs/from-batchflow.md; see DocumentExamples.
import Fieldwork
import XCTest

final class FromBatchflowExamples: DocumentExampleCase {
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
    assertShown(try stream.next()?.config, #"{a: 1, repetition: 0, updates: 0}"#)
    // domain.iterator
    assertShown(try stream.next()?.config, #"{a: 2, repetition: 0, updates: 0}"#)
    assertShown(try stream.next()?.config, #"nil"#)
    // domain.set_iter_params(n_reps=2, repeat_each=2)
    let blocks = try domain.stream(IterationSettings(repetitions: 2, repeatEach: 2))
    // domain.reset_iter()
    var again = blocks
    assertShown(try again.next()?.repetition, #"0"#)
    // domain.set_iter_params(additional=False)
    var clean = try domain.stream(IterationSettings(addsAuxiliary: false))
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
