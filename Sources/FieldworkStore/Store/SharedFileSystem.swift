import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// File systems that several machines use at once.
///
/// On these, memory that processes share is not shared between machines, and locks may hold on one machine only. A store is
/// then written with a journal in place of a write-ahead log, and its owner writes itself into a file.
package enum SharedFileSystem {
  /// The environment variable that says for all folders whether they are shared: `1` or `0`.
  package static let variable = "FIELDWORK_SHARED_FILES"

  /// The names of such file systems in Linux; those that a program serves (`fuse.…`) count as well.
  private static let types: Set<String> = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p",
    "ocfs2",
    "gfs2", "panfs", "coda", "wekafs", "orangefs", "pvfs2", "glusterfs", "virtiofs",
  ]

  /// Returns true if a folder, or the one above it that exists, is on such a file system.
  package static func holds(
    _ path: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Bool {
    if let choice = environment[variable] { return choice == "1" }
    #if os(Linux)
      guard let type = type(of: path) else { return false }
      return types.contains(type) || type.hasPrefix("fuse.")
    #else
      return false
    #endif
  }

  /// The name of the file system of a path, or of the folder above it that exists; nil if it is not known.
  ///
  /// Source of the format: proc_pid_mountinfo(5).
  private static func type(of path: String) -> String? {
    var part = URL(fileURLWithPath: path).standardizedFileURL
    var facts = stat()
    while stat(part.path, &facts) != 0 {
      guard part.path != "/" else { return nil }
      part.deleteLastPathComponent()
    }
    let device = UInt64(facts.st_dev)
    let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
    let minor = device & 0xff | (device >> 12) & 0xffff_ff00
    let number = "\(major):\(minor)"
    let mounts = FileManager.default.contents(atPath: "/proc/self/mountinfo") ?? Data()
    for line in String(decoding: mounts, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2, words[2] == number, let dash = words.firstIndex(of: "-"),
        dash + 1 < words.count
      else { continue }
      return String(words[dash + 1])
    }
    return nil
  }
}

extension ResearchFolder {
  /// True if several machines may use the folder at once.
  package var isShared: Bool { SharedFileSystem.holds(root) }

  var ownerPath: String { file(Self.owner) }
  static let owner = "research.owner"
}
