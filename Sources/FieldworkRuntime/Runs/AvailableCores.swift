import Foundation

/// The number of processor cores that the process may use.
///
/// A scheduler may have bound it to some cores, and a container may have a share of them.
package enum AvailableCores {
  package static let count = cores(
    online: ProcessInfo.processInfo.activeProcessorCount,
    read: { try? String(contentsOfFile: $0, encoding: .utf8) }
  )

  /// - Parameters:
  ///   - online: the number of cores of the machine.
  ///   - read: returns the text of a file; nil if it cannot be read.
  static func cores(online: Int, read: (String) -> String?) -> Int {
    let limits = [affinity(read), quota(read)].compactMap(\.self)
    return max(1, ([online] + limits).min() ?? online)
  }

  /// The number of cores that the process is bound to.
  private static func affinity(_ read: (String) -> String?) -> Int? {
    let label = "Cpus_allowed_list:"
    guard
      let line = read("/proc/self/status")?.split(separator: "\n").first(where: {
        $0.hasPrefix(label)
      })
    else { return nil }
    var count = 0
    for part in line.dropFirst(label.count).split(separator: ",") {
      let ends = part.split(separator: "-").compactMap {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
      guard let first = ends.first, let last = ends.last, first <= last else { return nil }
      count += last - first + 1
    }
    return count > 0 ? count : nil
  }

  /// The share of the processor that the process's control groups have, in cores, rounded up.
  ///
  /// Source: "Control Group v2" and "CFS Bandwidth Control", docs.kernel.org.
  private static func quota(_ read: (String) -> String?) -> Int? {
    var limits: [Int] = []
    for line in read("/proc/self/cgroup")?.split(separator: "\n") ?? [] {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isUnified = parts[1].isEmpty
      guard isUnified || parts[1].split(separator: ",").contains("cpu") else { continue }
      let roots =
        isUnified ? ["/sys/fs/cgroup"] : ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/\(parts[1])"]
      // Every group above limits the process, too; in a container the path may be that outside of it.
      var path = String(parts[2])
      while true {
        for root in roots {
          let folder = root + (path == "/" ? "" : path)
          if let limit = isUnified ? unified(folder, read) : legacy(folder, read) {
            limits.append(limit)
          }
        }
        guard path != "/", !path.isEmpty else { break }
        path = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
      }
    }
    return limits.min()
  }

  private static func unified(_ folder: String, _ read: (String) -> String?) -> Int? {
    let words = read(folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace) ?? []
    guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]) else {
      return nil
    }
    return cores(quota, period)
  }

  private static func legacy(_ folder: String, _ read: (String) -> String?) -> Int? {
    func number(_ name: String) -> Double? {
      read("\(folder)/\(name)").flatMap {
        Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us") else {
      return nil
    }
    return cores(quota, period)
  }

  private static func cores(_ quota: Double, _ period: Double) -> Int? {
    guard quota > 0, period > 0, quota.isFinite else { return nil }
    return Int((quota / period).rounded(.up))
  }
}
