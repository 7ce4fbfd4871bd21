import Fieldwork

extension TestPlaybook {
  /// Four experiments of two iterations that are measured.
  func profiled(_ profiling: Profiling) -> Research {
    Research("profiled", iterations: 2, profile: profiling) {
      Domain(Self.rate <- [0.1, 0.01], Self.size <- [8, 16])
      Unit("train", saving: "loss", loss, EC(Self.rate), EC(Self.size), E().iteration)
      Unit("test", when: .last) { _ in 1 }
    }
  }
}
