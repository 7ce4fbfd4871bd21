import Foundation

/// What a program wrote to a stream, up to a size.
struct CapturedOutput: Sendable {
  /// The beginning, at most `limit` bytes.
  private(set) var kept = Data()
  /// How many bytes there were in all.
  private(set) var size = 0
  let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    size += bytes.count
    let start = bytes.prefix(max(0, limit - kept.count))
    kept.append(contentsOf: UnsafeRawBufferPointer(rebasing: start))
  }

  /// Text that can be shown anywhere: line ends are `\n`, none at the end, and codes that move or colour
  /// a terminal are gone. Bytes that are no text give a note about their number.
  var text: String {
    guard !kept.contains(0) else { return "(binary output of \(size) bytes, not kept)" }
    return Self.text(kept, of: size)
  }

  /// The text cut to a number of bytes, as output is.
  static func cut(_ text: String, to limit: Int) -> String {
    text.utf8.count > limit ? Self.text(Data(text.utf8.prefix(limit)), of: text.utf8.count) : text
  }

  private static func text(_ kept: Data, of size: Int) -> String {
    let isCut = size > kept.count
    let whole = isCut ? withoutBrokenEnd(kept) : kept
    var bytes = whole.withUnsafeBytes(PlainText.bytes)
    while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    let note = isCut ? "\n(cut: the first \(whole.count) of \(size) bytes)" : ""
    return String(decoding: bytes, as: UTF8.self) + note
  }

  /// Cut after the last whole line, or else the last whole word, so that no part of a token is left of
  /// which the mask could not tell what it is.
  private static func withoutBrokenEnd(_ data: Data) -> Data {
    for separator in [UInt8(ascii: "\n"), UInt8(ascii: " ")] {
      if let end = data.lastIndex(of: separator) { return data[...end] }
    }
    return data
  }
}
