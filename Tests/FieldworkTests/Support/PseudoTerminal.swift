import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A terminal of 100 columns that a test reads.
final class PseudoTerminal {
  private let reader: Int32
  /// The end that a process writes to. Nobody else may keep it open once the process has it, or its end is
  /// not seen.
  let writer: FileHandle
  private var bytes: [UInt8] = []

  /// - Throws: if the system gives no terminal.
  init() throws {
    var (reader, descriptor): (Int32, Int32) = (-1, -1)
    var size = winsize(ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
    guard openpty(&reader, &descriptor, nil, nil, &size) == 0 else {
      throw POSIXError(.init(rawValue: errno) ?? .EIO)
    }
    self.reader = reader
    writer = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  deinit { close(reader) }

  /// Reads what the process writes, up to a text.
  /// - Parameter text: nil to read to the end.
  /// - Returns: everything so far; without the text if the process has ended.
  func read(until text: String?) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let all = String(decoding: bytes, as: UTF8.self)
      if let text, all.contains(text) { return all }
      let count = buffer.withUnsafeMutableBytes { systemRead(reader, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // Linux tells the end by an error.
      guard count > 0 else { return all }
      bytes += buffer.prefix(count)
    }
  }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int)
  -> Int
{
  #if canImport(Glibc)
    Glibc.read(descriptor, bytes, count)
  #else
    Darwin.read(descriptor, bytes, count)
  #endif
}
