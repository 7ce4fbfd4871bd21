/// Names that no other process chooses.
package enum RandomName {
  /// Returns 16 hexadecimal digits. All names are equally long, so that none is a part of another one.
  package static func make() -> String {
    String(UInt64.random(in: UInt64.max / 2...UInt64.max), radix: 16)
  }

  /// Returns 8 hexadecimal digits, for names that people read.
  package static func short() -> String {
    String(UInt32.random(in: UInt32.max / 2...UInt32.max), radix: 16)
  }
}
