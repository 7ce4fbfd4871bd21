package import FieldworkCore
package import FieldworkStore
import Foundation

extension Research {
  /// Returns the cache of the units' outputs.
  /// - Parameters:
  ///   - folder: the folder of the research; nil for results in memory.
  ///   - warn: takes warnings.
  func unitCache(
    in folder: ResearchFolder?,
    warn: @escaping @Sendable (String) -> Void
  ) -> any UnitCache {
    guard let path = cachePath(in: folder) else {
      return settings.cache == .none ? PassingCache() : TemporaryCache(settings.cacheLimit, warn)
    }
    return FolderCache(path, limit: settings.cacheLimit, warn: warn)
  }

  /// The path of the cache; nil for none, and for a temporary one.
  package func cachePath(in folder: ResearchFolder?) -> String? {
    switch settings.cache {
    case .none: nil
    case .folder(let path):
      path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    case .research: folder?.cachePath
    }
  }
}

/// A cache of a process, which is removed with this object.
private final class TemporaryCache: UnitCache {
  private let path = "\(NSTemporaryDirectory())/fieldwork-cache-\(RandomName.make())"
  private let cache: FolderCache

  init(_ limit: Int?, _ warn: @escaping @Sendable (String) -> Void) {
    cache = FolderCache(path, limit: limit, warn: warn)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func discard(_ key: CacheKey, _ reason: any Error) { cache.discard(key, reason) }

  func entry(of key: CacheKey, isDirectory: Bool) async throws -> CacheEntry {
    try await cache.entry(of: key, isDirectory: isDirectory)
  }
}
