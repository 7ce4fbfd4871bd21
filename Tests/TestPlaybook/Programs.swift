import Fieldwork

extension TestPlaybook {
  /// Experiments that a script computes. Environment variables give its path, the number of experiments and the time that
  /// it has to end.
  var program: Research {
    let script = Self.environment["PROGRAM_SCRIPT"] ?? "./script"
    let grace = Self.environment["PROGRAM_GRACE"].flatMap(Double.init) ?? 5
    let isCheckpointed = Self.environment["PROGRAM_CHECKPOINT"] != nil
    return Research("program", seed: 7, checkpoint: isCheckpointed ? .every(1) : nil) {
      Domain("x" <- Array(0..<(Self.environment["PROGRAM_SIZE"].flatMap { Int($0) } ?? 4)))
      Program("work", "\(script) \(EC("x"))", grace: .seconds(grace))
    }
  }
}
