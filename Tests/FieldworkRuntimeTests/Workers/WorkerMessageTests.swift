import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// What a worker and its supervisor say comes out as it went in.
final class WorkerMessageTests: XCTestCase {
  private struct Model: Sendable { let number: Int }

  private func experiment(
    _ ordinal: Int,
    _ values: [(String, AnyAlias)] = [],
    task: Int = 4
  ) -> PlannedExperiment {
    var config = Config()
    for (name, value) in values { config.set(ParameterName(name), to: value) }
    return PlannedExperiment(
      ordinal: ordinal,
      id: "p_key\(ordinal)",
      key: "key\(ordinal)",
      config: config,
      repetition: 2,
      updates: 1,
      task: task,
      branch: ordinal % 3
    )
  }

  private let plain: [(String, AnyAlias)] = [
    ("a", AnyAlias(Value.int(.min))), ("b", AnyAlias(Value.double(0.1))),
    ("c", AnyAlias(Value.list([.null, .string("é"), .bool(true)]))),
    ("d", AnyAlias("shown", Value.string("meant"))),
  ]

  private func research(_ values: [Alias<Model>]) -> Research {
    Research("test") {
      Domain("model" <- values)
      Unit("f") { _ in 1 }
    }
  }

  /// The frames that come out at the other end.
  private func sent(_ body: (SocketChannel) -> Void) throws -> [Frame] {
    let (one, other) = try SocketChannel.pair()
    body(one)
    XCTAssertTrue(one.flush())
    var frames: [Frame] = []
    shutdown(one)
    while other.receive() {
      while let frame = try other.next() { frames.append(frame) }
    }
    return frames
  }

  private func shutdown(_ channel: SocketChannel) { Self.endSending(channel.descriptor) }

  private func messages(_ messages: [WorkerMessage], _ values: KnownValues) throws
    -> [WorkerMessage]
  {
    try sent { channel in for message in messages { _ = channel.add(message) } }
      .map { try WorkerMessage($0, values) }
  }

  private func assertSame(
    _ one: PlannedExperiment,
    _ other: PlannedExperiment,
    line: UInt = #line
  ) {
    XCTAssertEqual("\(one)", "\(other)", line: line)
    XCTAssertEqual(one.config.entries.count, other.config.entries.count, line: line)
    for (own, theirs) in zip(one.config.entries, other.config.entries) {
      XCTAssertEqual(own.name.key, theirs.name.key, line: line)
      XCTAssertEqual(own.value.name, theirs.value.name, line: line)
      XCTAssertEqual(own.value.plain, theirs.value.plain, line: line)
    }
  }

  func testMessagesWithoutContent() throws {
    let all: [WorkerMessage] = [
      .stop(cancels: true), .stop(cancels: false), .reclaim, .finish, .ping, .cancel(task: 0),
      .cancel(task: .max),
    ]
    let came = try messages(all, KnownValues(research([])))
    XCTAssertEqual(came.map { "\($0)" }, all.map { "\($0)" })
  }

  func testSetup() throws {
    for setup in [
      WorkerSetup(worker: 0, seed: 0, directory: nil, wantsUnits: false),
      WorkerSetup(worker: 7, seed: .max, directory: "/a b/é", wantsUnits: true),
    ] {
      let came = try messages([.setup(setup)], KnownValues(research([])))
      guard case .setup(let other) = came.first else { return XCTFail("\(came)") }
      XCTAssertEqual(other, setup)
    }
  }

  func testTasks() throws {
    for experiments in [[], [experiment(0, plain)], (0..<3).map { experiment($0, plain) }] {
      let task = PlannedTask(experiments: experiments, leader: experiment(9, plain))
      let came = try messages(
        [
          .task(
            TaskOrder(
              task: task,
              attempt: 3,
              iterations: ["k": 7],
              states: [
                "k": (
                  Checkpoint(iteration: 7, definition: "d", parts: [Checkpoint.Part("p", [1, 2])]),
                  [SavedValue(name: "y", iteration: 6, value: 0.5)]
                )
              ]
            )
          )
        ],
        KnownValues(research([]))
      )
      guard case .task(let order) = came.first else { return XCTFail("\(came)") }
      XCTAssertEqual(order.attempt, 3)
      XCTAssertEqual(order.iterations, ["k": 7])
      XCTAssertEqual(order.states["k"]?.checkpoint.parts.map(\.content), [[1, 2]])
      XCTAssertEqual(order.states["k"]?.saved.map(\.value), [0.5])
      let other = order.task
      assertSame(other.leader, task.leader)
      XCTAssertEqual(other.number, 4)
      XCTAssertEqual(other.experiments.count, experiments.count)
      for (one, other) in zip(experiments, other.experiments) { assertSame(one, other) }
    }
  }

  /// A config of the domain goes by its number, if the domain is the same.
  func testConfigsGoByTheirNumbers() throws {
    let models = (0..<3).map { Alias("m\($0)", Model(number: $0)) }
    let research = research(models)
    let domain = try XCTUnwrap(research.domain)
    func planned(_ config: Config) -> PlannedExperiment {
      let identity = ExperimentIdentity(config: config)
      return PlannedExperiment(
        identity: identity,
        ordinal: 0,
        id: identity.key,
        key: identity.key,
        task: 4,
        branch: 0
      )
    }
    for (number, config) in try domain.configs().enumerated() {
      XCTAssertEqual(config.number(in: domain), number)
      XCTAssertNil(config.number(in: try XCTUnwrap(self.research(models).domain)))
      let planned = planned(config)
      let task = PlannedTask(experiments: [planned], leader: planned)
      let came = try messages(
        [.task(TaskOrder(task: task, configs: [number]))],
        KnownValues(self.research(models))
      )
      guard case .task(let order) = came.first else { return XCTFail("\(came)") }
      let found = try order.task.experiments[0].config["model", as: Model.self]
      XCTAssertEqual(found.number, number)
      XCTAssertEqual(order.task.leader.config, order.task.experiments[0].config)
    }
    let first = planned(try XCTUnwrap(domain.configs().first))
    let task = PlannedTask(experiments: [first], leader: first)
    for number in [3, -1, 1] {
      XCTAssertThrowsError(
        try messages([.task(TaskOrder(task: task, configs: [number]))], KnownValues(research))
      ) { error in
        XCTAssertTrue("\(error)".contains("config \(number) is another one"), "\(error)")
      }
    }
    // Values of one name cannot be told apart by keys.
    let same = self.research((0..<3).map { Alias("same", Model(number: $0)) })
    let others = try XCTUnwrap(same.domain)
    XCTAssertNil(try others.configs().first?.number(in: others))
    XCTAssertNil(others.config(number: 0))
  }

  /// Values that are not plain go by their names, and come out as what the other process has for them.
  func testValuesThatAreNotPlain() throws {
    let (own, theirs) = (research([Alias("m", Model(number: 1))]), [Alias("m", Model(number: 2))])
    let value = try XCTUnwrap(own.domain?.configs().first?[alias: "model"])
    let task = PlannedTask(
      experiments: [experiment(0, [("model", value)] + plain)],
      leader: experiment(0, [("model", value)])
    )
    let came = try messages(
      [.task(TaskOrder(task: task))],
      KnownValues(research(theirs))
    )
    guard case .task(let order) = came.first else { return XCTFail("\(came)") }
    let other = order.task
    XCTAssertEqual(try other.experiments[0].config["model", as: Model.self].number, 2)
    XCTAssertEqual(try other.leader.config["model", as: Model.self].number, 2)
    XCTAssertEqual(try other.experiments[0].config["a", as: Int.self], .min)
    XCTAssertThrowsError(
      try messages(
        [.task(TaskOrder(task: task))],
        KnownValues(research([Alias("n", Model(number: 3))]))
      )
    ) { error in
      let message = (error as? FieldworkError)?.message ?? ""
      XCTAssertTrue(
        message.hasPrefix("the value 'm' of 'model' cannot be handed to a worker"),
        message
      )
      XCTAssertTrue(message.contains("--parallel threads"), message)
    }
  }

  /// The configs of branches and workers are not in the domain.
  func testValuesOfBranchesAndWorkers() throws {
    let model = AnyAlias(Alias("m", Model(number: 5)))
    var config = Config()
    config.set("model", to: model)
    var research = research([])
    for slots in [\ResearchSettings.branches as PartialKeyPath<ResearchSettings>, \.workers] {
      research.settings.branches = slots == \ResearchSettings.branches ? .configs([config]) : 1
      research.settings.workers = slots == \ResearchSettings.workers ? .configs([config]) : nil
      let found = try KnownValues(research).value(of: "model", named: "m")
      XCTAssertEqual(found.name, "m")
      XCTAssertThrowsError(try KnownValues(research).value(of: "model", named: "other"))
    }
  }

  func testLinkRecords() throws {
    let all: [LinkRecord.Message] = [
      .hello(WorkerIdentity(build: nil, definition: "d")),
      .hello(WorkerIdentity(build: "b", definition: "")), .taskEnded(12), .refused("r"), .pong,
      .errors(0..<0), .errors(7..<70_000), .retiring("x"), .returned([1, 2]),
    ]
    let frames = try sent { channel in for message in all { channel.add(message) } }
    let came = try frames.map { frame -> LinkRecord.Message? in
      var bytes = ByteReader(frame.content)
      guard case .link(let record) = try RunRecord(from: &bytes) else { return nil }
      return record.message
    }
    XCTAssertEqual(came, all)
  }

  func testTheStartOfAnExperimentGoesByItsKey() throws {
    let planned = experiment(1, [("model", AnyAlias(Alias("m", Model(number: 1))))])
    let start = ExperimentStart(at: 1.5, worker: 2, device: "cuda:1", attempt: 3, build: "b")
    let frames = try sent { $0.add(.started(planned, start)) }
    var bytes = ByteReader(try XCTUnwrap(frames.first).content)
    let record = try RunRecord(from: &bytes) { $0 == "key1" ? planned : nil }
    guard case .started(let other, start) = record else { return XCTFail("\(record)") }
    XCTAssertEqual(try other.config["model", as: Model.self].number, 1)
  }

  func testFramesOfTheOtherSideAreRefused() throws {
    let values = KnownValues(research([]))
    let records = try sent { _ = $0.add(LinkRecord.Message.pong) }
    XCTAssertThrowsError(try WorkerMessage(records[0], values))
    let messages = try sent { _ = $0.add(WorkerMessage.ping) }
    XCTAssertNotEqual(messages[0].kind, RunRecord.frameKind)
    for kind in UInt8.min...UInt8.max {
      // Whatever it is, it is read or refused; nothing traps.
      for content in [[], [1], Array(repeating: UInt8.max, count: 40)] as [[UInt8]] {
        _ = try? WorkerMessage(Frame(kind: kind, content: content), values)
        var bytes = ByteReader(content)
        _ = try? RunRecord(from: &bytes)
      }
    }
  }
}

#if canImport(Glibc)
  import Glibc

  extension WorkerMessageTests {
    static func endSending(_ descriptor: Int32) { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }
  }
#elseif canImport(Darwin)
  import Darwin

  extension WorkerMessageTests {
    static func endSending(_ descriptor: Int32) { Darwin.shutdown(descriptor, SHUT_WR) }
  }
#endif
