import Fieldwork

/// Which learning rate and how many images does a classifier need, if it is written in Python?
///
/// Each experiment is a run of `train.py`, which prints a line of JSON after each epoch.
@main
struct Training: Playbook {
  static let rate = Parameter<Double>("rate")
  static let images = Parameter<Int>("images")

  var research: Research {
    Research("training", repetitions: 2, objective: .maximize("accuracy")) {
      Domain(Self.rate <- [0.01, 0.1, 1]) * Domain(Self.images <- [100, 300])
      Program(
        "train",
        "python3 train.py --data ../Handwriting/Resources/digits.csv --rate \(Self.rate) --images \(Self.images)",
        in: .besidePlaybook(),
        watches: ["train.py"]
      )
    }
  }
}
