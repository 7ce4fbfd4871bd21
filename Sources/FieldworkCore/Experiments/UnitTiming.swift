/// How long a unit's turn took.
public struct UnitTiming: Sendable, Hashable {
  public let unit: String
  /// The iteration, from 0.
  public let iteration: Int
  /// The whole turn with all that belongs to it, in seconds.
  public let total: Double
  /// The unit's body and the saving of its output, in seconds.
  public let call: Double
  /// The evaluation of the arguments, in seconds; nil if it was not measured.
  public let evaluation: Double?
  /// The processor time of the turn's thread, in seconds; nil if it was not measured.
  public let cpu: Double?
  /// The memory of the process after the turn, in bytes; nil if it was not measured.
  public let memory: Int?

  public init(
    unit: String,
    iteration: Int,
    total: Double,
    call: Double,
    evaluation: Double? = nil,
    cpu: Double? = nil,
    memory: Int? = nil
  ) {
    self.unit = unit
    self.iteration = iteration
    self.total = total
    self.call = call
    self.evaluation = evaluation
    self.cpu = cpu
    self.memory = memory
  }
}
