import Fieldwork
import Foundation
import XCTest

/// One file of recorded cases: those beside the tests, or those of the folder that the environment
/// variable `FIELDWORK_GOLDEN` names.
struct GoldenFile {
  let name: String
  let cases: [GoldenCase]

  /// Reads a file; a missing or unreadable one, or one without cases, fails.
  init(_ name: String) throws {
    self.name = name
    let url: URL
    if let folder = ProcessInfo.processInfo.environment["FIELDWORK_GOLDEN"] {
      url = URL(fileURLWithPath: folder).appendingPathComponent("\(name).json")
    } else {
      url = Bundle.module.bundleURL.appendingPathComponent("Golden/\(name).json")
    }
    let text = try String(contentsOf: url, encoding: .utf8)
    let file = GoldenCase(try Value(parsing: text))
    guard case .list(let list) = try file.value("cases"), !list.isEmpty else {
      throw GoldenError("\(url.path) holds no cases")
    }
    cases = list.map(GoldenCase.init)
  }
}

struct GoldenError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A recorded case, or a part of one: reading what is not there throws.
struct GoldenCase: Sendable {
  let content: Value

  init(_ content: Value) { self.content = content }

  func has(_ key: String) -> Bool {
    guard case .dictionary(let values) = content else { return false }
    return values[key] != nil
  }

  func value(_ key: String) throws -> Value {
    guard case .dictionary(let values) = content, let value = values[key] else {
      throw GoldenError("no '\(key)' in \(content)")
    }
    return value
  }

  /// nil if the key is absent or null.
  func optional<T: ValueConvertible>(_ key: String, as type: T.Type = T.self) throws -> T? {
    guard has(key), try value(key) != .null else { return nil }
    return try get(key)
  }

  func get<T: ValueConvertible>(_ key: String, as type: T.Type = T.self) throws -> T {
    guard let result = T(try value(key)) else {
      throw GoldenError("'\(key)' is not a \(T.self): \(try value(key))")
    }
    return result
  }

  /// A number, or the length of a list.
  func count(_ key: String) throws -> Int {
    guard case .list(let list) = try value(key) else { return try get(key) }
    return list.count
  }

  func part(_ key: String) throws -> GoldenCase { GoldenCase(try value(key)) }

  func list(_ key: String) throws -> [GoldenCase] {
    try get(key, as: [Value].self).map(GoldenCase.init)
  }

  var name: String { (try? get("name")) ?? "unnamed" }
}

// MARK: Expression trees

extension GoldenCase {
  /// The domain that an expression tree describes, its parameters with their shown names.
  func domain() throws -> Domain {
    if has("option") {
      let parts: [Value] = try get("option")
      guard parts.count == 2 else { throw GoldenError("not an option: \(content)") }
      return Domain([try option(name: parts[0], values: parts[1])])
    }
    if has("domain") {
      let order: [String] = try get("order")
      let values = try part("domain")
      return Domain(
        try order.map { name in
          try option(name: .string(name), values: try values.value(name))
        }
      )
    }
    if has("weight") {
      let parts: [Value] = try get("weight")
      guard parts.count == 2, let weight = parts[0].number else {
        throw GoldenError("not a weight: \(content)")
      }
      return weight * (try GoldenCase(parts[1]).domain())
    }
    for (symbol, operation) in Self.operations where has(symbol) {
      let parts: [Value] = try get(symbol)
      guard parts.count == 2 else { throw GoldenError("not two operands: \(content)") }
      return operation(try GoldenCase(parts[0]).domain(), try GoldenCase(parts[1]).domain())
    }
    throw GoldenError("not an expression: \(content)")
  }

  private static let operations: [(String, @Sendable (Domain, Domain) -> Domain)] = [
    ("+", { $0 + $1 }), ("*", { $0 * $1 }), ("@", { $0 .* $1 }),
  ]

  /// - Parameter values: a list, or a sampler by itself or alone in a list.
  private func option(name: Value, values: Value) throws -> ParameterOption {
    let parameter: ParameterName
    switch name {
    case .string(let text): parameter = ParameterName(text)
    default:
      let parts: [String] = try GoldenCase(name).get("alias")
      parameter = ParameterName(Alias(parts[0], parts[1]))
    }
    var source = values
    if case .list(let list) = values, list.count == 1 { source = list[0] }
    if GoldenCase(source).has("sampler") {
      return ParameterOption(parameter, AnySampler(try GoldenCase(source).sampler()))
    }
    guard case .list(let list) = values else { throw GoldenError("not a list: \(values)") }
    return ParameterOption(
      parameter,
      try list.map { value in
        guard GoldenCase(value).has("alias") else { return AnyAlias(value) }
        let parts: [Value] = try GoldenCase(value).get("alias")
        return AnyAlias(parts[0].description, parts[1])
      }
    )
  }

  fileprivate func sampler() throws -> Sampler<Double> {
    let parts: [Value] = try get("sampler")
    guard parts.count == 2 else { throw GoldenError("not a sampler: \(content)") }
    let numbers = GoldenCase(parts[1])
    func number(_ keys: String..., or usual: Double) throws -> Double {
      for key in keys where numbers.has(key) { return try numbers.get(key) }
      return usual
    }
    switch parts[0] {
    case "normal":
      return .normal(
        mean: try number("loc", "mean", or: 0),
        deviation: try number("scale", "std", or: 1)
      )
    // Which numbers come out is not recorded.
    default: return .uniform(try number("low", or: 0)...(try number("high", or: 1)))
    }
  }

  /// The schedule of a case.
  func when() throws -> When {
    func read(_ value: Value) throws -> When {
      switch value {
      case .int(let period): return .every(period)
      case "last": return .last
      case .string(let text) where text.hasPrefix("%"):
        guard let iteration = Int(text.dropFirst()) else {
          throw GoldenError("not a schedule: \(text)")
        }
        return .at(iteration)
      case .list(let values): return try values.reduce(.never) { $0 | (try read($1)) }
      default: throw GoldenError("not a schedule: \(value)")
      }
    }
    return try read(value("when"))
  }

  /// The config of an element, with what the recorded configs have beside the parameters.
  func withAdded(_ element: ConfigStream.Element) throws -> Config {
    var config = element.config
    if try part("iter").optional("additional") ?? true {
      config.set("repetition", to: AnyAlias(Value.int(element.repetition)))
      config.set("updates", to: AnyAlias(Value.int(element.updates)))
    }
    return config
  }

  /// The iteration settings of a case.
  func settings() throws -> IterationSettings {
    let given = try part("iter")
    var settings = IterationSettings()
    settings.configs = try given.optional("n_items")
    settings.repetitions = try given.optional("n_reps") ?? 1
    settings.repeatEach = try given.optional("repeat_each")
    settings.produced = try given.optional("produced") ?? 0
    switch given.has("create_id_prefix") ? try given.value("create_id_prefix") : .null {
    case .bool(true): settings.prefixDigits = 1
    case .int(let digits) where digits > 0: settings.prefixDigits = digits
    default: settings.prefixDigits = nil
    }
    return settings
  }
}

extension Value {
  /// The value as Python prints it, which recorded shown names do.
  var pythonText: String {
    switch self {
    case .null: "None"
    case .bool(let value): value ? "True" : "False"
    case .list(let values): "[" + values.map(\.pythonLiteral).joined(separator: ", ") + "]"
    default: description
    }
  }

  private var pythonLiteral: String {
    if case .string(let text) = self { return "'\(text)'" }
    return pythonText
  }
}
