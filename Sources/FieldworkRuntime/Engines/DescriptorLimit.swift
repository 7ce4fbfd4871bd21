import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many files, connections and the like this process may have open.
enum DescriptorLimit {
  /// How many a worker process takes, and how many everything else does, at most.
  private static let (forWorker, forOthers) = (4, 256)

  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif

  /// The present limit.
  static var current: Int {
    var limit = rlimit()
    return getrlimit(resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1024
  }

  /// Raises the limit as far as it goes, if a number of worker processes needs that. What usual systems
  /// give to begin with is enough for some hundred.
  static func raise(forWorkers workers: Int) {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    let wanted = rlim_t(workers * forWorker + forOthers)
    guard limit.rlim_cur < wanted else { return }
    limit.rlim_cur = min(limit.rlim_max, wanted)
    _ = setrlimit(resource, &limit)
  }
}
