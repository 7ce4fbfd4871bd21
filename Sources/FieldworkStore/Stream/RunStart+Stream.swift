import FieldworkCore

extension RunStart {
  func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(experiments) { $0.append($1) }
    writer.append(iterations) { $0.append($1) }
    writer.append(workers)
    writer.append(branches)
    writer.append(seed)
    writer.append(stored)
    writer.append(at)
  }

  init(from reader: inout ByteReader) throws {
    let name = try reader.string()
    let experiments = try reader.optional { try $0.int() }
    let iterations = try reader.optional { try $0.int() }
    let workers = try reader.int()
    let branches = try reader.int()
    let seed = try reader.unsigned()
    let stored = try reader.int()
    self.init(
      name: name,
      experiments: experiments,
      iterations: iterations,
      workers: workers,
      branches: branches,
      seed: seed,
      stored: stored,
      at: try reader.double()
    )
  }
}

extension RunSummary {
  func encode(into writer: inout ByteWriter) {
    writer.append(counters.planned) { $0.append($1) }
    for number in counters.numbers { writer.append(number) }
    writer.append(isCancelled)
    writer.append(stopExplanation) { $0.append($1) }
    writer.append(left) { $0.append($1) }
    writer.append(unplanned.sorted()) { $0.append($1) }
    writer.append(seed)
    writer.append(duration)
  }

  init(from reader: inout ByteReader) throws {
    self.init()
    counters.planned = try reader.optional { try $0.int() }
    counters.numbers = try counters.numbers.map { _ in try reader.int() }
    isCancelled = try reader.bool()
    stopExplanation = try reader.optional { try $0.string() }
    left = try reader.optional { try $0.int() }
    unplanned = Set(try reader.list { try $0.string() })
    seed = try reader.unsigned()
    duration = try reader.double()
  }
}

extension RunCounters {
  /// The numbers in the order in which they are encoded.
  fileprivate var numbers: [Int] {
    get { [skipped, done, pruned, failed, interrupted, retries, iterations] }
    set {
      (skipped, done, pruned) = (newValue[0], newValue[1], newValue[2])
      (failed, interrupted, retries, iterations) = (
        newValue[3], newValue[4], newValue[5], newValue[6]
      )
    }
  }
}

extension LinkRecord {
  func encode(into writer: inout ByteWriter) {
    switch message {
    case .hello(let identity):
      writer.append(UInt8(0))
      writer.append(identity.build) { $0.append($1) }
      writer.append(identity.definition)
    case .refused(let text):
      writer.append(UInt8(1))
      writer.append(text)
    case .pong: writer.append(UInt8(2))
    case .retiring(let text):
      writer.append(UInt8(3))
      writer.append(text)
    case .returned(let numbers):
      writer.append(UInt8(4))
      writer.append(numbers) { $0.append($1) }
    case .taskEnded(let number):
      writer.append(UInt8(5))
      writer.append(number)
    case .errors(let range):
      writer.append(UInt8(6))
      writer.append(range.lowerBound)
      writer.append(range.upperBound)
    }
  }

  init(from reader: inout ByteReader) throws {
    switch try reader.byte() {
    case 0:
      let build = try reader.optional { try $0.string() }
      self.init(.hello(WorkerIdentity(build: build, definition: try reader.string())))
    case 1: self.init(.refused(try reader.string()))
    case 2: self.init(.pong)
    case 3: self.init(.retiring(try reader.string()))
    case 4: self.init(.returned(try reader.list { try $0.int() }))
    case 5: self.init(.taskEnded(try reader.int()))
    case 6:
      let (start, end) = (try reader.int(), try reader.int())
      guard start <= end else { throw reader.damaged("a range ends before it begins") }
      self.init(.errors(start..<end))
    case let kind: throw reader.damaged("there is no message \(kind) of a link")
    }
  }
}

extension ByteWriter {
  mutating func append(_ tag: UInt8, _ worker: Int, _ text: String) {
    append(tag)
    append(worker)
    append(text)
  }
}
