/// The lines that the Swift runtime prints when a process crashes: about a hundred, of which few concern the playbook.
struct CrashTrace {
  /// The lines that are collected, as they came.
  private(set) var lines: [Substring] = []

  /// Returns true if a line begins a trace. The trace continues to the end of the process.
  static func begins(with line: some StringProtocol) -> Bool {
    line.hasPrefix("*** Signal ") || line.hasPrefix("*** Program crashed:")
      || line.hasPrefix("💣 Program crashed:")
  }

  /// The maximum number of lines that are collected.
  private static let limit = 10_000

  mutating func append(_ text: String) {
    guard lines.count < Self.limit else { return }
    lines += text.split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast(text.hasSuffix("\n") ? 1 : 0)
  }

  /// The calls of the crashed thread that are in the playbook's own code, the innermost first:
  /// `train(_:_:), MyPlaybook/Training.swift:12`.
  var ownCalls: [String] {
    guard
      let start = lines.firstIndex(where: { $0.hasPrefix("Thread ") && $0.hasSuffix(" crashed:") })
    else { return [] }
    let frames = lines[(start + 1)...].prefix {
      !$0.hasPrefix("Thread ") && !$0.hasPrefix("Registers:")
    }
    return frames.compactMap(Self.ownCall)
  }

  /// A frame: a number, marks in brackets, an address, a function, its program, and where it is written.
  private static func ownCall(_ line: Substring) -> String? {
    guard
      let match = line.firstMatch(
        of: /^\s*\d+\s+(?:\[[^\]]*\]\s+)*0x[0-9a-f]+\s(.+) in \S+ at (\/.+)$/
      )
    else { return nil }
    let path = match.output.2
    // The engine, its packages, and what the compiler has made.
    let isForeign =
      ["/Sources/Fieldwork", "/checkouts/", "/<compiler-generated>"].contains { path.contains($0) }
      || path.hasPrefix("//")
    guard !isForeign else { return nil }
    let parts = path.split(separator: ":")
    let file = parts[0].split(separator: "/").suffix(2).joined(separator: "/")
    let function = match.output.1.replacing(/\s\+\s\d+$/, with: "")
    return "\(function), \(file)" + (parts.count > 1 ? ":\(parts[1])" : "")
  }

  /// Returns the part of the trace that is shown.
  /// - Parameter path: the file that contains the whole trace; nil if there is none.
  func text(path: String?) -> String {
    var shown = ownCalls.prefix(8).map { "  at \($0)" }
    if let path { shown.append("  the whole trace is in \(path)") }
    return shown.map { $0 + "\n" }.joined()
  }
}
