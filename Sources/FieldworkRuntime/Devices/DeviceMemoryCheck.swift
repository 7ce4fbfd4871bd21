import FieldworkCore

/// Waits until devices have enough free memory.
public struct DeviceMemoryCheck: Sendable {
  /// The share of a device's memory that must be free, from 0 to 1.
  public let ratio: Double
  /// How often the devices are looked at before the check gives up.
  public let attempts: Int
  /// The seconds between two attempts.
  public let delay: Double
  private let reader: any DeviceMemoryReader
  private let pause: @Sendable (_ seconds: Double) async throws -> Void

  /// - Throws: ``FieldworkError`` of code `invalidDefinition` for a share beyond 0 and 1, less than one
  ///   attempt, or a delay that is negative or without end.
  public init(
    ratio: Double,
    attempts: Int = 3,
    delay: Double = 5,
    reader: any DeviceMemoryReader
  ) throws {
    try self.init(ratio: ratio, attempts: attempts, delay: delay, reader: reader) { seconds in
      try await Task.sleep(for: .seconds(seconds))
    }
  }

  /// - Parameter pause: what waits between two attempts.
  init(
    ratio: Double,
    attempts: Int,
    delay: Double,
    reader: any DeviceMemoryReader,
    pause: @escaping @Sendable (_ seconds: Double) async throws -> Void
  ) throws {
    func require(_ isRight: Bool, _ message: String) throws {
      guard isRight else { throw FieldworkError(.invalidDefinition, message) }
    }
    try require((0...1).contains(ratio), "\(ratio) is no share of memory; write one from 0 to 1")
    try require(attempts > 0, "free memory cannot be tried \(attempts) times; write at least 1")
    try require(
      delay >= 0 && delay <= 1_000_000,
      "free memory cannot be tried every \(delay) seconds; write 0 to 1000000"
    )
    self.ratio = ratio
    self.attempts = attempts
    self.delay = delay
    self.reader = reader
    self.pause = pause
  }

  /// Looks at the devices until all of them have enough memory free at once.
  /// - Returns: false if that was so at no attempt; true at once without devices.
  /// - Throws: what the reader throws, without another attempt; `CancellationError` if the task is
  ///   cancelled while it waits.
  public func waitUntilFree(_ devices: [String]) async throws -> Bool {
    for attempt in 1...attempts {
      if try devices.allSatisfy({ try reader.freeShare(of: $0) >= ratio }) { return true }
      if attempt < attempts { try await pause(delay) }
    }
    return false
  }
}
