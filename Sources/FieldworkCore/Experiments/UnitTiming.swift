/// How long a unit's turn took, whatever came of it.
public struct UnitTiming: Sendable, Hashable {
  public let unit: String
  /// The iteration, from 0.
  public let iteration: Int
  /// The whole turn with all that belongs to it, in seconds.
  public let total: Double
  /// The unit's body and the saving of its output, in seconds: the whole turn but for the evaluation of
  /// arguments.
  public let call: Double
  /// The evaluation of the arguments, in seconds; nil if it was not measured, or if the turn had none to
  /// evaluate: that of a closure or a pipeline, of `Save` and `Dump`, and of a generator after its first
  /// element.
  public let evaluation: Double?
  /// The processor time of the turn's thread, in seconds; nil if it was not measured, or if a unit that
  /// waited went on in another thread. What other threads do for the unit is not in it; while a unit
  /// waits, its thread may work for others.
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
