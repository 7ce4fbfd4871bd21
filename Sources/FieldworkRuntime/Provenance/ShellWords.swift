/// Words as one would write them in a shell.
package enum ShellWords {
  private static let plain = Set(
    "%+,-./0123456789:=@_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
  )

  /// The words with spaces between them, quoted where a shell would read them otherwise. A masked secret
  /// stays as it is.
  package static func joined(_ words: [String]) -> String {
    words.map(quoted).joined(separator: " ")
  }

  /// Returns a word as a shell reads it back.
  static func quoted(_ word: String) -> String {
    let isMasked = word.hasSuffix(SecretMask.mark)
    let bare = isMasked ? word.dropLast(SecretMask.mark.count) : word[...]
    if !word.isEmpty && bare.allSatisfy(plain.contains) { return word }
    let parts = word.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: #"'\''"#) + "'"
  }
}
