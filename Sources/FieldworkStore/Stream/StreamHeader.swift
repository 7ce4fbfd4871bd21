import FieldworkCore

/// How every stream of frames begins: six bytes that tell what it is, and two that tell the version of
/// its format, the lowest first.
package enum StreamHeader {
  /// The version of the format that this code writes and reads.
  package static let version: UInt16 = 3
  package static let count = 8
  private static let mark = Array("FWLOG\n".utf8)

  package static var bytes: [UInt8] { bytes(version: version) }

  static func bytes(version: UInt16) -> [UInt8] {
    mark + [UInt8(truncatingIfNeeded: version), UInt8(version >> 8)]
  }

  /// Checks the beginning of a stream, as far as it is there.
  /// - Returns: whether the header is there in full.
  /// - Throws: ``FieldworkError`` of code `store` if it is another one.
  package static func check(_ start: some Collection<UInt8>) throws -> Bool {
    guard start.prefix(mark.count).elementsEqual(mark.prefix(start.count)) else {
      throw FieldworkError(
        .store,
        "this is no stream of records: it should begin with 'FWLOG', but begins with \(shown(start.prefix(mark.count)))"
      )
    }
    let numbers = Array(start.dropFirst(mark.count).prefix(2))
    guard numbers.count == 2 else { return false }
    let found = UInt16(numbers[0]) | UInt16(numbers[1]) << 8
    guard found == version else {
      throw FieldworkError(
        .store,
        "the stream of records has version \(found) of its format, but this executable reads version \(version): both sides must be built with the same version of Fieldwork"
      )
    }
    return true
  }

  private static func shown(_ bytes: some Collection<UInt8>) -> String {
    Value.quoted(String(decoding: bytes, as: UTF8.self))
  }
}
