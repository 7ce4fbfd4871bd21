import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation

/// Which units were tried, in order.
final class AttemptLog: @unchecked Sendable {
  struct Attempt: Equatable {
    let id: String
    let iteration: Int
    let unit: String
  }

  private let lock = NSLock()
  private var list: [Attempt] = []

  var attempts: [Attempt] { lock.withLock { list } }

  func add(_ run: RunContext, _ unit: String) {
    let attempt = Attempt(id: run.id, iteration: run.iteration, unit: unit)
    lock.withLock { list.append(attempt) }
  }
}

/// A recorded argument as a named expression.
struct GoldenArgument: NamedExpression {
  let content: Value

  init(_ content: Value) { self.content = content }

  private var item: GoldenCase { GoldenCase(content) }

  private var readsAll: Bool { (try? item.optional("all", as: Bool.self)) ?? false }

  var dependencies: [Dependency] {
    guard case .dictionary(let parts) = content else { return list.flatMap(\.dependencies) }
    let inner = ["add", "mul"].flatMap { GoldenArgument(parts[$0] ?? .null).dependencies }
    return (readsAll ? [.branches] : []) + inner + read
  }

  /// The unit or instance that is read.
  private var read: [Dependency] {
    if let unit = try? item.optional("O", as: String.self) { return [.unit(name: unit)] }
    guard let reference = try? item.part("E") else { return [] }
    for key in ["outputs", "unit"] {
      if let unit = try? reference.optional(key, as: String.self) { return [.unit(name: unit)] }
    }
    let instance = try? reference.optional("instance", as: String.self)
    return instance.map { [.instance(name: $0)] } ?? []
  }

  private var list: [GoldenArgument] {
    if case .list(let elements) = content { elements.map { GoldenArgument($0) } } else { [] }
  }

  func evaluate(in run: RunContext) throws -> Value {
    switch content {
    case .list: return .list(try list.map { try $0.evaluate(in: run) })
    case .dictionary: return try evaluateReference(in: run)
    default: return content
    }
  }

  private func evaluateReference(in run: RunContext) throws -> Value {
    if item.has("EC") {
      guard let key: String = try item.optional("EC") else {
        return .dictionary(try EC<Config>().evaluate(in: run).plainValues)
      }
      let value = EC<Value>(key)
      return readsAll ? .list(try value.all.evaluate(in: run)) : try value.evaluate(in: run)
    }
    if let unit: String = try item.optional("O") {
      let output = O<Value?>(unit).map { $0 ?? .null }
      if readsAll { return .list(try output.all.evaluate(in: run)) }
      let value = try output.evaluate(in: run)
      guard let index: Int = try item.optional("item") else { return value }
      return try element(index, of: value)
    }
    for (name, operation) in Self.operations where item.has(name) {
      let parts = try item.get(name, as: [Value].self)
        .map { try GoldenArgument($0).evaluate(in: run) }
      return try arithmetic(parts[0], parts[1], operation)
    }
    return try evaluateExperiment(in: run)
  }

  static let operations: [(String, @Sendable (Double, Double) -> Double)] = [
    ("add", { $0 + $1 }), ("mul", { $0 * $1 }),
  ]

  private func evaluateExperiment(in run: RunContext) throws -> Value {
    if try item.value("E") == "iteration" { return .int(try E().iteration.evaluate(in: run)) }
    let reference = try item.part("E")
    if let unit: String = try reference.optional("outputs") {
      return try run.currentOutput(of: unit) ?? .null
    }
    if let unit: String = try reference.optional("unit") {
      let state = try E(unit).evaluate(in: run)
      let wantsOutput = try reference.value("attr") == "output"
      return wantsOutput ? state.output as? Value ?? .null : state.iteration.value
    }
    let counter: GoldenCounter = try run.instance(try reference.get("instance"))
    return counter.value
  }

  private func element(_ index: Int, of value: Value) throws -> Value {
    guard case .list(let elements) = value, elements.indices.contains(index) else {
      throw GoldenError("no element \(index) in \(value)")
    }
    return elements[index]
  }
}

func arithmetic(
  _ left: Value,
  _ right: Value,
  _ operation: (Double, Double) -> Double
) throws -> Value {
  guard let first = left.number, let second = right.number else {
    throw GoldenError("no numbers: \(left), \(right)")
  }
  let result = operation(first, second)
  if case .int = left, case .int = right { return .int(Int(result)) }
  return .double(result)
}

/// The class whose instances the recorded researches use.
final class GoldenCounter {
  private(set) var value: Value
  private let step: Value

  init(start: Value, step: Value) {
    value = start
    self.step = step
  }

  func call(_ method: String, _ arguments: GoldenCase) throws -> Value {
    switch method {
    case "increment": value = try arithmetic(value, step, +)
    case "increase": value = try arithmetic(value, try arguments.value("by"), +)
    case "check":
      let limit: Double = try arguments.get("limit")
      if value.number ?? 0 > limit { throw GoldenError("over the limit") }
    case "get": break
    default: throw GoldenError("no method \(method)")
    }
    return value
  }

  func element(_ index: Int) throws -> Value {
    try arithmetic(value, try arithmetic(step, .int(index), *), +)
  }
}

/// The recorded functions.
enum GoldenFunction {
  static func call(_ name: String, _ arguments: GoldenCase, _ run: RunContext) throws -> Value {
    func argument(_ name: String) throws -> Value { try arguments.value(name) }
    switch name {
    case "const": return try argument("value")
    case "add": return try arithmetic(argument("x"), argument("y"), +)
    case "mul": return try arithmetic(argument("x"), argument("y"), *)
    case "total":
      let numbers: [Value] = try arguments.get("xs")
      return try numbers.reduce(.int(0)) { try arithmetic($0, $1, +) }
    case "pair":
      let x = try argument("x")
      return .list([x, try arithmetic(x, 10, *)])
    case "triple":
      let x = try argument("x")
      return .list([x, try arithmetic(x, 1, +), try arithmetic(x, 2, +)])
    case "record":
      let x = try argument("x")
      return .dictionary(["p": x, "q": try arithmetic(x, x, *)])
    case "raise_at":
      if try argument("it") == argument("k") { throw GoldenError("as asked") }
      return try argument("it")
    case "raise_if":
      if try argument("x") == argument("value") { throw GoldenError("as asked") }
      return try argument("x")
    case "stop_at":
      if try argument("it") == argument("k") { try run.stop() }
      return try argument("it")
    default: throw GoldenError("no function \(name)")
    }
  }

  /// The element of a generator at an index; nil at its end.
  static func element(_ name: String, _ index: Int, _ arguments: GoldenCase) throws -> Value? {
    let count: Int = try arguments.get("k")
    if name == "fail_after", index == count { throw GoldenError("as asked") }
    guard index < count else { return nil }
    switch name {
    case "counter", "fail_after": return .int(index)
    case "running_sum": return .int(index * (index + 1) / 2)
    case "squares": return .list([.int(index), .int(index * index)])
    case "scaled": return try arithmetic(.int(index), arguments.value("scale"), *)
    case "records": return .dictionary(["u": .int(index), "v": .int(-index)])
    default: throw GoldenError("no generator \(name)")
    }
  }
}

/// The elements of a recorded generator; each attempt to get one is logged.
private struct GoldenElements: AsyncSequence, AsyncIteratorProtocol {
  let run: RunContext
  let log: AttemptLog
  let name: String
  let element: (Int) throws -> Value?
  private var index = 0

  init(
    _ run: RunContext,
    _ log: AttemptLog,
    _ name: String,
    _ element: @escaping (Int) throws -> Value?
  ) {
    self.run = run
    self.log = log
    self.name = name
    self.element = element
  }

  func makeAsyncIterator() -> GoldenElements { self }

  mutating func next() async throws -> Value? {
    log.add(run, name)
    defer { index += 1 }
    return try element(index)
  }
}

/// A recorded research, made of its description.
struct GoldenResearch {
  let item: GoldenCase
  let log = AttemptLog()

  init(_ item: GoldenCase) { self.item = item }

  func research(_ execution: BranchExecution) throws -> Research {
    let run = try item.part("run")
    let elements = try self.elements()
    let prefix: Int?
    switch run.has("create_id_prefix") ? try run.value("create_id_prefix") : .null {
    case .bool(let isOn): prefix = isOn ? 1 : nil
    case .int(let digits): prefix = digits
    default: prefix = nil
    }
    return Research(
      "golden",
      configs: try item.optional("n_configs"),
      repetitions: try item.optional("n_reps") ?? 1,
      repeatEach: try item.optional("repeat_each"),
      iterations: try run.optional("n_iters"),
      seed: 1,
      finalize: try run.optional("finalize") ?? true,
      idPrefix: prefix,
      workers: try slots(run, "workers") ?? 1,
      branches: try slots(run, "branches") ?? 1,
      branchExecution: execution,
      parallel: .serial
    ) {
      elements
    }
  }

  private func slots(_ run: GoldenCase, _ key: String) throws -> Slots? {
    guard run.has(key) else { return nil }
    if case .int(let count) = try run.value(key) { return .count(count) }
    return .configs(
      try run.get(key, as: [Value].self).map { config in
        guard case .dictionary(let values) = config else { throw GoldenError("no config") }
        return Config(
          values.sorted { $0.key < $1.key }
            .map { Config.Entry(ParameterName($0.key), AnyAlias($0.value)) }
        )
      }
    )
  }

  private func elements() throws -> [any ResearchElement] {
    var elements: [any ResearchElement] = []
    if try item.value("domain") != .null { elements.append(try item.part("domain").domain()) }
    // A second unit of one name gets a number, as the research gives it.
    var names: [String: Int] = [:]
    var instances: [String: Instance<GoldenCounter>] = [:]
    for unit in try item.list("units") {
      if let name: String = try unit.optional("instance") {
        let instance = try self.instance(name, unit)
        instances[name] = instance
        elements.append(instance)
      } else if unit.has("save") {
        elements.append(try save(unit))
      } else {
        let name: String = try unit.get("unit")
        let number = names[name, default: 0]
        names[name] = number + 1
        let label = number == 0 ? name : "\(name)_\(number)"
        elements.append(try self.unit(unit, name, label, instances))
      }
    }
    return try elements + (item.has("updates") ? item.list("updates").map(update) : [])
  }

  private func arguments(_ unit: GoldenCase) throws -> [String: GoldenArgument] {
    guard unit.has("args"), case .dictionary(let values) = try unit.value("args") else {
      return [:]
    }
    return values.mapValues { GoldenArgument($0) }
  }

  private func isRoot(_ unit: GoldenCase) throws -> Bool { try unit.optional("root") ?? false }

  private func instance(_ name: String, _ unit: GoldenCase) throws -> Instance<GoldenCounter> {
    let (log, arguments) = (log, try arguments(unit))
    return Instance(name, root: try isRoot(unit)) { run in
      log.add(run, "new \(name)")
      let values = try arguments.mapValues { try $0.evaluate(in: run) }
      return GoldenCounter(start: values["start"] ?? 0, step: values["step"] ?? 1)
    }
  }

  private func saving(_ unit: GoldenCase, _ key: String) throws -> Saving? {
    if try unit.optional("save_output_dict") ?? false { return .keys }
    switch unit.has(key) ? try unit.value(key) : .null {
    case .string(let name): return Saving(name)
    case .list(let names):
      return Saving(names.map { if case .string(let name) = $0 { name } else { nil } })
    default: return nil
    }
  }

  private func when(_ unit: GoldenCase) throws -> When {
    unit.has("when") ? try unit.when() : .every(1)
  }

  private func save(_ unit: GoldenCase) throws -> any ResearchElement {
    let (log, source) = (log, GoldenArgument(try unit.value("from")))
    let label: String = try unit.get("label")
    let logged = DerivedExpression<Value>(dependencies: source.dependencies) { run in
      log.add(run, label)
      return try source.evaluate(in: run)
    }
    guard let saving = try saving(unit, "save") else { throw GoldenError("nothing to save to") }
    return Save(saving, logged, when: try when(unit))
  }

  private func unit(
    _ unit: GoldenCase,
    _ name: String,
    _ label: String,
    _ instances: [String: Instance<GoldenCounter>]
  ) throws -> any ResearchElement {
    let kind: String = try unit.get("kind")
    let (log, arguments) = (log, try arguments(unit))
    let (when, saving) = (try when(unit), try saving(unit, "save_to"))
    let root = try isRoot(unit)
    @Sendable func values(_ run: RunContext) throws -> GoldenCase {
      GoldenCase(.dictionary(try arguments.mapValues { try $0.evaluate(in: run) }))
    }
    let dependencies = arguments.values.flatMap(\.dependencies)
    let parts = name.split(separator: ".").map(String.init)
    let instance = parts.count == 2 ? instances[parts[0]] : nil
    let function = try unit.optional("function") ?? parts.last ?? name
    switch kind {
    case "callable":
      let body = DerivedExpression<Value>(dependencies: dependencies) { run in
        log.add(run, label)
        return try GoldenFunction.call(function, values(run), run)
      }
      return Unit(name, when: when, saving: saving, root: root, { @Sendable in $0 }, body)
    case "method":
      guard let instance else { throw GoldenError("no instance for \(name)") }
      let body = DerivedExpression<Value>(
        dependencies: instance.dependencies + dependencies
      ) { run in
        log.add(run, label)
        return try instance.evaluate(in: run).call(function, values(run))
      }
      return Unit(name, when: when, saving: saving, root: root, { @Sendable in $0 }, body)
    case "generator":
      let elements = DerivedExpression<GoldenElements>(dependencies: dependencies) { run in
        let given = try Result { try values(run) }.logged(log, run, label)
        return GoldenElements(run, log, label) {
          try GoldenFunction.element(function, $0, given)
        }
      }
      return Generator(name, when: when, saving: saving, root: root, { @Sendable in $0 }, elements)
    case "method-generator":
      guard let instance else { throw GoldenError("no instance for \(name)") }
      let elements = DerivedExpression<GoldenElements>(
        dependencies: instance.dependencies + dependencies
      ) { run in
        let counter = try instance.evaluate(in: run)
        let count: Int = try values(run).get("k")
        return GoldenElements(run, log, label) { index in
          // In a conditional expression nil would be a null value.
          guard index < count else { return nil }
          return try counter.element(index)
        }
      }
      return Generator(name, when: when, saving: saving, root: root, { @Sendable in $0 }, elements)
    default: throw GoldenError("no kind \(kind)")
    }
  }

  private func update(_ update: GoldenCase) throws -> any ResearchElement {
    let domains = try update.list("domains").map { try $0.domain() }
    let iteration = update.has("iter") ? try update.part("iter") : GoldenCase(.dictionary([:]))
    let times = Times()
    return UpdateDomain(
      when: try update.when(),
      configs: try iteration.optional("n_items"),
      repetitions: try iteration.optional("n_reps") ?? 1,
      repeatEach: try iteration.optional("repeat_each")
    ) { _ in domains[min(times.next(), domains.count - 1)] }
  }
}

/// Counts from 0.
private final class Times: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0

  func next() -> Int {
    lock.withLock {
      defer { count += 1 }
      return count
    }
  }
}

extension Result {
  /// The value; an error counts as an attempt at the unit.
  fileprivate func logged(_ log: AttemptLog, _ run: RunContext, _ unit: String) throws -> Success {
    if case .failure = self { log.add(run, unit) }
    return try get()
  }
}
