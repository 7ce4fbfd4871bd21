/// Where what units write to a standard stream goes.
public enum OutputMode: String, Sendable, Hashable, CaseIterable {
  /// To where the process writes anyway.
  case terminal
  /// Into one file for the research.
  case common
  /// Into a file for each experiment, or as a text into a store without files.
  case experiment
  /// Into the file of the research and that of the experiment.
  case both

  /// Reads a mode as it is written on a command line: its name, or its number from 0 to 3 in the order
  /// of the cases.
  /// - Returns: nil if it is neither.
  public init?(text: String) {
    if let mode = OutputMode(rawValue: text.lowercased()) {
      self = mode
      return
    }
    let modes = OutputMode.allCases
    guard let number = Int(text), modes.indices.contains(number) else { return nil }
    self = modes[number]
  }

  /// Whether there is a file for the whole research.
  public var hasCommonFile: Bool { self == .common || self == .both }

  /// Whether what one experiment writes is kept by itself.
  public var hasExperimentFiles: Bool { self == .experiment || self == .both }
}
