/// An instance whose state can be saved while its experiment runs, so that the experiment can go on from
/// there later.
///
///     final class Walker: Checkpointable {
///       var position = 0
///       func checkpoint() throws -> [UInt8] { try CheckpointCoder.encode(position) }
///       func restore(from checkpoint: [UInt8]) throws {
///         position = try CheckpointCoder.decode(checkpoint)
///       }
///     }
///
/// A structure that is `Codable` needs to name the protocol only. What stays as it was built, such as the
/// value of a parameter, need not be saved; nor do random streams that the instance was given or has split
/// off while it was built.
public protocol Checkpointable {
  /// The state as bytes.
  func checkpoint() throws -> [UInt8]

  /// Takes over a state that ``checkpoint()`` gave. The instance has just been built, as at the beginning of
  /// the experiment. A class changes itself: others may hold it already.
  mutating func restore(from checkpoint: [UInt8]) throws
}

extension Checkpointable where Self: Codable {
  public func checkpoint() throws -> [UInt8] {
    try CheckpointCoder.requireValue(Self.self)
    return try CheckpointCoder.encode(self)
  }

  public mutating func restore(from checkpoint: [UInt8]) throws {
    try CheckpointCoder.requireValue(Self.self)
    self = try CheckpointCoder.decode(checkpoint)
  }
}

/// Makes bytes of values, and values of bytes, for ``Checkpointable``. Every number comes back exactly.
public enum CheckpointCoder {
  /// - Throws: what the value's encoding throws.
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    try ValueEncoder.encode(value).bytes
  }

  /// - Throws: what the type's decoding throws, or ``FieldworkError`` if the bytes are none of ``encode(_:)``.
  public static func decode<Content: Decodable>(
    _ bytes: [UInt8],
    as type: Content.Type = Content.self
  ) throws -> Content {
    try ValueDecoder(try Value(bytes: bytes)).decode(type)
  }

  /// A class that was put in place of another one would not be the one that others hold.
  fileprivate static func requireValue(_ type: Any.Type) throws {
    guard type is AnyObject.Type else { return }
    throw FieldworkError(
      .invalidDefinition,
      "\(type) is a class, so it has to write checkpoint() and restore(from:) itself and change itself in place; CheckpointCoder helps"
    )
  }
}

extension RandomStream: Checkpointable {
  public func checkpoint() throws -> [UInt8] { try CheckpointCoder.encode(state) }

  public func restore(from checkpoint: [UInt8]) throws {
    try restore(try CheckpointCoder.decode(checkpoint))
  }

  /// - Throws: ``FieldworkError`` of code `store` if it is no state of a stream.
  package func restore(_ words: [UInt64]) throws {
    guard let generator = Philox(state: words) else {
      throw FieldworkError(.store, "a checkpoint has a random stream that cannot be read")
    }
    state = generator.state
  }
}
