/// A row of the table of aims: what is measured, in which unit, and what is to be reached.
struct AimRow {
  let name: String
  let measure: AimMeasure
  /// The name of the floor or peer that the figure is compared with; nil for none.
  var peer: String?
  /// All of them are to be reached.
  let aims: [Aim]
}

/// A limit of what is to be reached.
enum Aim {
  /// Of the speed of the peer.
  case ratio(atLeast: Double)
  /// In the unit of the row.
  case figure(atMost: Double)
}

/// A time in seconds, or a size in bytes, and for how many it is.
struct AimSample {
  let amount: Double
  var count = 1

  var each: Double { amount / Double(count) }
}

extension AimSample {
  init(_ measurement: Measurement) {
    self.init(amount: measurement.seconds, count: measurement.n)
  }
}

/// The unit in which a sample is shown.
enum AimMeasure {
  case perSecond, seconds, milliseconds, microsecondsEach, megabytes
  /// By how many percent more than so many seconds each takes.
  case percentOver(Double)

  func figure(_ sample: AimSample) -> Double {
    switch self {
    case .perSecond: 1 / sample.each
    case .seconds: sample.amount
    case .milliseconds: sample.amount * 1e3
    case .microsecondsEach: sample.each * 1e6
    case .megabytes: sample.amount / 1e6
    case .percentOver(let ideal): (sample.each / ideal - 1) * 100
    }
  }

  var unit: String {
    switch self {
    case .perSecond: "/s"
    case .seconds: " s"
    case .milliseconds: " ms"
    case .microsecondsEach: " us"
    case .megabytes: " MB"
    case .percentOver: " %"
    }
  }
}

/// The median of the rounds, the smallest and the largest figure.
struct AimSpread {
  let median: Double
  let least: Double
  let most: Double

  /// - Returns: nil if there are no figures.
  init?(_ figures: [Double]) {
    let sorted = figures.sorted()
    guard let least = sorted.first, let most = sorted.last else { return nil }
    (self.least, self.most) = (least, most)
    median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

/// The figures of the rounds of a row.
struct AimOutcome {
  let row: AimRow
  /// Of one measurement of ours.
  var count: Int?
  var figures: [Double] = []
  var peers: [Double] = []
  /// How many times as much as the peer ours does in the same time, or in how many times less memory, round by
  /// round.
  var ratios: [Double] = []
  /// Why there are no figures of ours.
  var problem: String?
  /// Why there are none of the peer.
  var peerProblem: String?

  init(_ row: AimRow) { self.row = row }

  mutating func add(_ ours: AimSample, _ peer: AimSample?) {
    count = count ?? ours.count
    figures.append(row.measure.figure(ours))
    guard let peer else { return }
    peers.append(row.measure.figure(peer))
    ratios.append(peer.each / ours.each)
  }

  /// Whether the medians reach all aims; nil if something that an aim is about was not measured.
  var isReached: Bool? {
    var isReached = true
    for aim in row.aims {
      switch aim {
      case .ratio(let limit):
        guard let ratio = AimSpread(ratios) else { return nil }
        isReached = isReached && ratio.median >= limit
      case .figure(let limit):
        guard let figure = AimSpread(figures) else { return nil }
        isReached = isReached && figure.median <= limit
      }
    }
    return isReached
  }
}
