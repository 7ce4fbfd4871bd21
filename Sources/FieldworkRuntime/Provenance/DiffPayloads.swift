import Foundation

/// Takes the contents of images and other binary data out of a diff.
enum DiffPayloads {
  static let marker = "..."

  private static let rules: [(pattern: NSRegularExpression, template: String)] = [
    // data:image/png;base64,iVBORw0…
    (
      #"(data:[A-Za-z0-9.+/\-]{0,80}(?:;[A-Za-z0-9.=\-]{1,80}){0,4};base64,)[A-Za-z0-9+/=\\\-_%]++"#,
      "$1"
    ),
    // "image/png": "iVBORw0…", as notebooks keep them.
    (
      #"("(?:image|audio|video|font)/[A-Za-z0-9.+\-]{1,80}":\s{0,4}")(?:[^"\\\n]|\\.)*+(?=")"#, "$1"
    ),
    // Any other long run of base64 or hexadecimal digits.
    (#"(?m)((?:^[+\- ])?)[A-Za-z0-9+/]{200,}+={0,2}"#, "$1"),
  ].map {
    (try! NSRegularExpression(pattern: $0), $1 + NSRegularExpression.escapedTemplate(for: marker))
  }

  /// The diff with a marker, `...`, in place of each payload.
  static func removed(from diff: String) -> String {
    let text = NSMutableString(string: diff)
    for rule in rules {
      _ = rule.pattern.replaceMatches(
        in: text,
        range: NSRange(location: 0, length: text.length),
        withTemplate: rule.template
      )
    }
    return String(text)
  }
}
