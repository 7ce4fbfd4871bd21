package import FieldworkCore

package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []
  package init() {}
  package mutating func write(_ v: Int) {
    var x = UInt64(bitPattern: Int64((v << 1) ^ (v >> 63)))
    while x >= 0x80 { bytes.append(UInt8(truncatingIfNeeded: x) | 0x80); x >>= 7 }
    bytes.append(UInt8(x))
  }
  package mutating func write(_ v: Bool) { write(v ? 1 : 0) }
  package mutating func write(_ v: [UInt8]) { write(v.count); bytes += v }
  package mutating func write(_ v: Double) { withUnsafeBytes(of: v.bitPattern) { bytes += $0 } }
  package mutating func write(_ v: String) {
    var v = v
    v.withUTF8 { write($0.count); bytes += $0 }
  }
  package mutating func write<T>(_ v: T?, _ body: (inout ByteWriter, T) -> Void) {
    write(v != nil)
    if let v { body(&self, v) }
  }
  package mutating func write(_ v: Value) {
    switch v {
    case .null: write(0)
    case .bool(let b): write(1); write(b)
    case .int(let i): write(2); write(i)
    case .double(let d): write(3); write(d)
    case .string(let s): write(4); write(s)
    case .list(let l): write(5); write(l.count); for x in l { write(x) }
    case .dictionary(let d): write(6); write(d.count); for (k, x) in d { write(k); write(x) }
    }
  }
}
package struct ByteReader {
  var bytes: ArraySlice<UInt8>
  package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }
  func damaged() -> FieldworkError { FieldworkError(.store, "the stream is damaged") }
  package mutating func int() throws -> Int {
    var x: UInt64 = 0, s: UInt64 = 0
    while true {
      guard let b = bytes.popFirst() else { throw damaged() }
      x |= UInt64(b & 0x7f) << s
      if b < 0x80 { break }
      s += 7
    }
    return Int(bitPattern: UInt(x >> 1)) ^ -Int(x & 1)
  }
  package mutating func byteList() throws -> [UInt8] {
    let n = try int()
    guard n >= 0, bytes.count >= n else { throw damaged() }
    defer { bytes = bytes.dropFirst(n) }
    return Array(bytes.prefix(n))
  }
  package mutating func bool() throws -> Bool { try int() != 0 }
  package mutating func double() throws -> Double {
    guard bytes.count >= 8 else { throw damaged() }
    var v: UInt64 = 0
    for (i, b) in bytes.prefix(8).enumerated() { v |= UInt64(b) << UInt64(8 * i) }
    bytes = bytes.dropFirst(8)
    return Double(bitPattern: v)
  }
  package mutating func string() throws -> String {
    let n = try int()
    guard n >= 0, bytes.count >= n else { throw damaged() }
    let s = String(decoding: bytes.prefix(n), as: UTF8.self)
    bytes = bytes.dropFirst(n)
    return s
  }
  package mutating func optional<T>(_ body: (inout ByteReader) throws -> T) throws -> T? {
    try bool() ? try body(&self) : nil
  }
  package mutating func value() throws -> Value {
    switch try int() {
    case 0: return .null
    case 1: return .bool(try bool())
    case 2: return .int(try int())
    case 3: return .double(try double())
    case 4: return .string(try string())
    case 5: return .list(try (0..<(try int())).map { _ in try value() })
    case 6:
      var d: [String: Value] = [:]
      for _ in 0..<(try int()) { let k = try string(); d[k] = try value() }
      return .dictionary(d)
    default: throw damaged()
    }
  }
}
package struct Frame { package let kind: UInt8; package let payload: [UInt8] }
package struct FrameWriter: Sendable {
  private var bytes: [UInt8] = []
  package init() {}
  package var count: Int { bytes.count }
  package mutating func append(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) {
    var w = ByteWriter()
    body(&w)
    withUnsafeBytes(of: UInt32(w.bytes.count)) { bytes += $0 }
    bytes.append(kind)
    bytes += w.bytes
  }
  package mutating func take() -> [UInt8] { defer { bytes = [] }; return bytes }
}
package struct FrameReader {
  private var bytes: [UInt8] = []
  private var start = 0
  package init() {}
  package mutating func feed(_ more: UnsafeRawBufferPointer) {
    if start > 0 { bytes.removeFirst(start); start = 0 }
    bytes += more
  }
  package mutating func next() throws -> Frame? {
    guard bytes.count - start >= 5 else { return nil }
    let n = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
    guard bytes.count - start >= 5 + n else { return nil }
    defer { start += 5 + n }
    return Frame(kind: bytes[start + 4], payload: Array(bytes[(start + 5)..<(start + 5 + n)]))
  }
}
extension SavedValue {
  func encode(_ w: inout ByteWriter) { w.write(name); w.write(iteration); w.write(value) }
  init(_ r: inout ByteReader) throws {
    self.init(name: try r.string(), iteration: try r.int(), value: try r.value())
  }
}
extension Failure {
  package func encode(into w: inout ByteWriter) {
    w.write(unit); w.write(iteration); w.write(kind); w.write(message)
    w.write(place) { $0.write($1.file); $0.write($1.line) }
  }
  package init(from r: inout ByteReader) throws {
    self.init(
      unit: try r.string(), iteration: try r.int(), kind: try r.string(), message: try r.string(),
      place: try r.optional { SourcePlace(file: try $0.string(), line: try $0.int()) })
  }
}
extension PlannedExperiment {
  package func encode(into w: inout ByteWriter) {
    w.write(ordinal); w.write(id); w.write(key); w.write(repetition); w.write(updates); w.write(task)
    w.write(branch); w.write(config.entries.count)
    for e in config.entries {
      w.write(e.name.key); w.write(e.name.alias); w.write(e.value.name); w.write(e.value.isNamed)
      w.write(e.value.plain) { $0.write($1) }
    }
  }
  package init(from r: inout ByteReader, resolve: (String, String) throws -> AnyAlias) throws {
    let (ordinal, id, key) = (try r.int(), try r.string(), try r.string())
    let (repetition, updates, task, branch) = (try r.int(), try r.int(), try r.int(), try r.int())
    var entries: [Config.Entry] = []
    for _ in 0..<(try r.int()) {
      let (k, a, n, named) = (try r.string(), try r.string(), try r.string(), try r.bool())
      let plain = try r.optional { try $0.value() }
      let value = try plain.map { AnyAlias(stored: n, isNamed: named, plain: $0) } ?? resolve(k, n)
      entries.append(Config.Entry(k == a ? ParameterName(k) : ParameterName(Alias(a, k)), value))
    }
    self.init(
      ordinal: ordinal, id: id, key: key, config: Config(entries), repetition: repetition,
      updates: updates, task: task, branch: branch)
  }
}
extension StoreRecord {
  package func encode(into w: inout ByteWriter) {
    switch self {
    case .started(let e, let s):
      w.write(1); w.write(e.key); w.write(s.at); w.write(s.worker); w.write(s.device) { $0.write($1) }
      w.write(s.attempt); w.write(s.build) { $0.write($1) }; w.write(s.iteration) { $0.write($1) }
    case .saved(let k, let v):
      w.write(2); w.write(k); w.write(v.count); for x in v { x.encode(&w) }
    case .failed(let k, let f): w.write(3); w.write(k); f.encode(into: &w)
    case .ended(let k, let e, let i, let t):
      w.write(4); w.write(k); w.write(e.rawValue); w.write(i); w.write(t)
    case .profiled(let k, let ts):
      w.write(5); w.write(k); w.write(ts.count)
      for t in ts {
        w.write(t.unit); w.write(t.iteration); w.write(t.total); w.write(t.call)
        w.write(t.evaluation) { $0.write($1) }; w.write(t.cpu) { $0.write($1) }
        w.write(t.memory) { $0.write($1) }
      }
    case .output(let k, let s, let t): w.write(6); w.write(k); w.write(s.rawValue); w.write(t)
    case .checkpoint(let k, let c):
      w.write(7); w.write(k); w.write(c.iteration); w.write(c.definition); w.write(c.parts.count)
      for p in c.parts { w.write(p.name); w.write(p.content) }
    default: fatalError("provisional")
    }
  }
  package init(from r: inout ByteReader, planned: (String) -> PlannedExperiment?) throws {
    switch try r.int() {
    case 1:
      let key = try r.string()
      guard let e = planned(key) else { throw r.damaged() }
      self = .started(
        e,
        ExperimentStart(
          at: try r.double(), worker: try r.int(), device: try r.optional { try $0.string() },
          attempt: try r.int(), build: try r.optional { try $0.string() },
          iteration: try r.optional { try $0.int() }))
    case 2:
      let key = try r.string()
      self = .saved(experiment: key, try (0..<(try r.int())).map { _ in try SavedValue(&r) })
    case 3: self = .failed(experiment: try r.string(), try Failure(from: &r))
    case 4:
      self = .ended(
        experiment: try r.string(), Ending(rawValue: try r.string())!, iterations: try r.int(),
        at: try r.double())
    case 5:
      let key = try r.string()
      self = .profiled(
        experiment: key,
        try (0..<(try r.int())).map { _ in
          UnitTiming(
            unit: try r.string(), iteration: try r.int(), total: try r.double(), call: try r.double(),
            evaluation: try r.optional { try $0.double() }, cpu: try r.optional { try $0.double() },
            memory: try r.optional { try $0.int() })
        })
    case 6:
      self = .output(
        experiment: try r.string(), StandardStream(rawValue: try r.string())!, try r.string())
    case 7:
      self = .checkpoint(
        experiment: try r.string(),
        Checkpoint(
          iteration: try r.int(), definition: try r.string(),
          parts: try (0..<(try r.int())).map { _ in .init(try r.string(), try r.byteList()) }))
    default: throw r.damaged()
    }
  }
}
package enum StreamSegment { package static let recordKind: UInt8 = 1 }
