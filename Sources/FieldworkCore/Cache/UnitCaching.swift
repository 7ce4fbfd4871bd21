/// The caching of a unit's output: it is computed once for each combination of what the unit reads.
///
///     Unit("load", cached: .version("1"), load, EC(dataset), EC(size))
public struct ValueCaching: Sendable, Hashable {
  /// The version.
  package let text: String

  /// Keeps the output, which is `Codable`. With another version it is computed again, and experiments run again.
  public static func version(_ version: String) -> ValueCaching { ValueCaching(text: version) }
}

/// The caching of a folder that a unit fills: it is filled once for each combination of what the unit reads.
///
///     Unit("prepare", cached: .directory("1"), prepare, EC(dataset))   // func prepare(_ path: String, _ dataset: String)
public struct DirectoryCaching: Sendable, Hashable {
  /// The version.
  package let text: String

  /// Keeps a folder. Its path is the first argument of the function while it is filled, and then the output of the unit.
  /// With another version it is filled again, and experiments run again.
  public static func directory(_ version: String) -> DirectoryCaching {
    DirectoryCaching(text: version)
  }
}

/// The place of the outputs of cached units.
public enum CacheLocation: Sendable, Hashable {
  /// A folder in the folder of the research.
  case research
  /// A folder that researches share.
  case folder(String)
  /// None: each unit computes its output each time.
  case none
}

/// The identity of the output of a cached unit.
package struct CacheKey: Sendable, Hashable {
  package let unit: String
  package let version: String
  /// The type of the output.
  package let type: String
  /// The values that the unit reads.
  package let arguments: [Value]

  package init(unit: String, version: String, type: String, arguments: [Value]) {
    self.unit = unit
    self.version = version
    self.type = type
    self.arguments = arguments
  }

  /// The key as a plain value.
  package var value: Value {
    [
      "unit": .string(unit), "version": .string(version), "type": .string(type),
      "arguments": .list(arguments),
    ]
  }
}

/// The content of a cached output.
package enum CachedContent: Sendable {
  case value(Value)
  /// The bytes of an array of numbers.
  case bytes([UInt8])
}

/// Keeps the outputs of cached units.
package protocol UnitCache: Sendable {
  /// Returns the output of a unit, or the right to compute it. It waits while another worker computes it.
  /// - Parameter isDirectory: true for a folder.
  /// - Throws: ``FieldworkError`` of code `store` if the cache cannot be used, `CancellationError` when the calling task
  ///   is cancelled.
  func entry(of key: CacheKey, isDirectory: Bool) async throws -> CacheEntry

  /// Removes an output that cannot be decoded.
  func discard(_ key: CacheKey, _ reason: any Error)
}

/// An output in a cache, or the place for it.
package enum CacheEntry: Sendable {
  case content(CachedContent)
  /// A folder. The path is valid as long as `hold` exists.
  case directory(path: String, hold: any Sendable)
  case missing(any CachePlace)
}

/// The right to compute an output. Others wait until it is published or this object is gone.
package protocol CachePlace: AnyObject, Sendable {
  /// The path of the folder to fill.
  var path: String { get }
  func publish(_ content: CachedContent) throws
  /// Publishes the folder.
  /// - Returns: its final path, which is valid as long as the hold exists.
  func publishDirectory() throws -> (path: String, hold: any Sendable)
}

// MARK: Keys

/// The way in which a unit's argument becomes a part of a key.
package enum CacheArgument {
  /// Returns the problem of an expression that cannot be a part of a key; nil for none.
  package static func problem(of expression: some NamedExpression) -> String? {
    problem(expression, expression.dependencies, outputOf(expression))
  }

  private static func outputOf<Expression: NamedExpression>(_ expression: Expression) -> Any.Type {
    Expression.Output.self
  }

  private static func problem(
    _ expression: some NamedExpression,
    _ dependencies: [Dependency],
    _ output: Any.Type
  ) -> String? {
    for dependency in dependencies {
      let what: String? =
        switch dependency {
        case .anything: "may read anything of the experiment"
        case .instance(let name): "is the instance '\(name)'"
        case .storage: "saves values"
        case .directory: "is the experiment's folder"
        case .identity: "differs between all experiments, so none would share an output"
        case .branches: "reads other branches"
        case .results: "reads the results"
        case .parameter, .output, .unit, .experiment, .config: nil
        }
      if let what { return "\(expression.expressionText) \(what)" }
    }
    // An object in the config is known by its name.
    if case .parameter? = dependencies.first, dependencies.count == 1 { return nil }
    let isPlain =
      output is any ValueConvertible.Type || output is any Encodable.Type || output == Config.self
      || isExistential(output)
    return isPlain ? nil : "\(expression.expressionText) is a \(output), which is not a plain value"
  }

  /// Returns the value of an argument as a part of a key.
  /// - Throws: ``FieldworkError`` of code `cannotSave` if it is not plain.
  package static func value(
    of argument: Any,
    _ expression: some NamedExpression,
    _ run: RunContext
  ) throws -> Value {
    if let config = argument as? Config {
      return .dictionary(
        Dictionary(
          config.entries.map { ($0.name.key, identity($0.value)) },
          uniquingKeysWith: { $1 }
        )
      )
    }
    if let plain = argument as? any ValueConvertible { return plain.value }
    if case .parameter(let key, _)? = expression.dependencies.first,
      expression.dependencies.count == 1, let alias = run.config[alias: key]
    {
      return identity(alias)
    }
    if let encodable = argument as? any Encodable { return try ValueEncoder.encode(encodable) }
    throw FieldworkError(
      .cannotSave,
      "\(expression.expressionText) is a \(type(of: argument)), which cannot identify a cached output"
    )
  }

  /// An object is identified by its name and version.
  private static func identity(_ alias: AnyAlias) -> Value {
    alias.plain ?? [
      "name": .string(alias.name), "version": alias.version.map { .string($0) } ?? .null,
    ]
  }
}

// MARK: Content

extension CachedContent {
  /// The content of an output. Arrays of numbers are kept as they are in memory.
  package init(_ output: some Encodable) throws {
    // An empty array can be cast to an array of any type, so types are compared.
    let type: Any.Type = type(of: output)
    if type == [UInt8].self, let bytes = output as? [UInt8] {
      self = .bytes(bytes)
    } else if type == [Double].self, let numbers = output as? [Double] {
      self = .bytes(numbers.withUnsafeBytes { Array($0) })
    } else if type == [Float].self, let numbers = output as? [Float] {
      self = .bytes(numbers.withUnsafeBytes { Array($0) })
    } else if type == [Int].self, let numbers = output as? [Int] {
      self = .bytes(numbers.withUnsafeBytes { Array($0) })
    } else {
      self = .value(try ValueEncoder.encode(output))
    }
  }

  /// The output of a type.
  package func output<Output: Decodable>(as type: Output.Type) throws -> Output {
    switch self {
    case .value(let value): return try ValueDecoder(value).decode(type)
    case .bytes(let bytes):
      let result: Any? =
        if type == [UInt8].self {
          bytes
        } else if type == [Double].self {
          Self.numbers(bytes, as: Double.self)
        } else if type == [Float].self {
          Self.numbers(bytes, as: Float.self)
        } else if type == [Int].self {
          Self.numbers(bytes, as: Int.self)
        } else {
          nil
        }
      guard let output = result as? Output else {
        throw FieldworkError(.unreadableText, "the cached bytes are not a \(type)")
      }
      return output
    }
  }

  private static func numbers<Number: BitwiseCopyable>(_ bytes: [UInt8], as type: Number.Type)
    -> [Number]?
  {
    let size = MemoryLayout<Number>.size
    guard bytes.count % size == 0 else { return nil }
    return [Number](unsafeUninitializedCapacity: bytes.count / size) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
      count = bytes.count / size
    }
  }
}

// MARK: Running

/// The output of a cached unit, or the place for it.
package enum CachedOutput<Output> {
  case found(Output)
  case missing(CachedOutputPlace)
}

/// The right to compute the output of a cached unit in an experiment.
package struct CachedOutputPlace {
  private let key: CacheKey
  private let run: RunContext
  /// nil without a cache.
  private let place: (any CachePlace)?
  /// The path of the folder to fill.
  package let path: String

  fileprivate init(_ key: CacheKey, _ run: RunContext, _ place: (any CachePlace)?, path: String) {
    self.key = key
    self.run = run
    self.place = place
    self.path = path
  }

  package func publish(_ output: some Encodable) throws {
    run.cachedOutputs[key.unit] = (key, output)
    guard let place else { return }
    try place.publish(try CachedContent(output))
  }

  /// Returns the path of the folder.
  package func publish() throws -> String {
    let (path, hold) = try place?.publishDirectory() ?? (path, path)
    run.cachedFolders[key.unit] = hold
    run.cachedOutputs[key.unit] = (key, path)
    return path
  }
}

extension RunContext {
  /// Returns the output of a cached unit, or the place for it.
  package func cachedOutput<Output: Decodable>(
    of key: CacheKey,
    as type: Output.Type
  ) async throws -> CachedOutput<Output> {
    // Later iterations mostly read the same.
    if let last = cachedOutputs[key.unit], last.key == key, let output = last.output as? Output {
      return .found(output)
    }
    guard let cache else { return .missing(CachedOutputPlace(key, self, nil, path: "")) }
    switch try await cache.entry(of: key, isDirectory: false) {
    case .content(let content):
      do {
        let output = try content.output(as: type)
        cachedOutputs[key.unit] = (key, output)
        return .found(output)
      } catch {
        cache.discard(key, error)
        return try await cachedOutput(of: key, as: type)
      }
    case .missing(let place):
      return .missing(CachedOutputPlace(key, self, place, path: place.path))
    case .directory:
      throw FieldworkError(.store, "the cached output of '\(key.unit)' is a folder")
    }
  }

  /// Returns the path of the folder of a cached unit, or the place for it.
  package func cachedDirectory(of key: CacheKey) async throws -> CachedOutput<String> {
    if let last = cachedOutputs[key.unit], last.key == key, let path = last.output as? String {
      return .found(path)
    }
    guard let cache else {
      throw FieldworkError(.invalidDefinition, "cached folders can be used in units of a run only")
    }
    switch try await cache.entry(of: key, isDirectory: true) {
    case .directory(let path, let hold):
      cachedFolders[key.unit] = hold
      cachedOutputs[key.unit] = (key, path)
      return .found(path)
    case .missing(let place):
      return .missing(CachedOutputPlace(key, self, place, path: place.path))
    case .content:
      throw FieldworkError(.store, "the cached output of '\(key.unit)' is no folder")
    }
  }
}
