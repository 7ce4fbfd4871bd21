/// What a stored result survives.
///
/// With either, the file is never left half written: what is lost is at most the last groups of records.
public enum Durability: String, Sendable, Hashable, CaseIterable {
  /// The death of any process, at any moment. A power cut, or a crash of the system, may undo what was
  /// stored in the seconds before.
  case process
  /// A power cut too: every group of records waits until the disk has it.
  case power

  /// What SQLite is told.
  var statements: [String] {
    switch self {
    case .process: ["PRAGMA synchronous = NORMAL"]
    // On Apple's systems an ordinary sync leaves data in the disk's own memory; elsewhere these two do
    // nothing.
    case .power:
      [
        "PRAGMA synchronous = FULL", "PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON",
      ]
    }
  }
}
