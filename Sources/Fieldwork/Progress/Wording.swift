/// Texts for numbers of people.
enum Wording {
  static func duration(_ seconds: Double) -> String {
    if seconds < 0.1 { return "\(Int((seconds * 1000).rounded(.up))) ms" }
    if seconds < 10 { return String(tenths: seconds) + " s" }
    return whole(seconds)
  }

  /// A duration without the digits that change all the time, or that nobody can know: the time that has
  /// gone by, or that is left.
  static func rough(_ seconds: Double) -> String {
    switch seconds {
    case ..<120: whole(seconds)
    case ..<600: whole((seconds / 5).rounded() * 5)
    case ..<3600: "\(Int((seconds / 60).rounded())) min"
    default: whole(seconds)
    }
  }

  private static func whole(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e15).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 86400 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
    return "\(whole / 86400) d \(whole % 86400 / 3600) h"
  }

  /// How many in a second, a minute or an hour, so that the number is not below one where it can be.
  static func rate(_ perSecond: Double, _ unit: String) -> String {
    let (number, time) =
      if perSecond >= 1 {
        (perSecond, "s")
      } else if perSecond * 60 >= 1 {
        (perSecond * 60, "min")
      } else {
        (perSecond * 3600, "h")
      }
    let text = number >= 100 ? "\(Int(min(number, 1e15).rounded()))" : String(tenths: number)
    return "\(text) \(unit)/\(time)"
  }

  /// A size such as `12 MB`.
  static func bytes(_ number: Int) -> String {
    var (size, unit) = (Double(number), "bytes")
    for larger in ["kB", "MB", "GB", "TB"] where size >= 1000 {
      (size, unit) = (size / 1000, larger)
    }
    let text =
      size < 10 && unit != "bytes"
      ? String((size * 10).rounded() / 10) : String(Int(size.rounded()))
    return "\(text) \(unit)"
  }

  static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}

extension String {
  fileprivate init(tenths number: Double) {
    let tenths = Int((number * 10).rounded())
    self = "\(tenths / 10).\(abs(tenths % 10))"
  }
}
