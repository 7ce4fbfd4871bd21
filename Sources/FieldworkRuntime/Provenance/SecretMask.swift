import Foundation

/// Hides what must not be recorded: passwords, keys, tokens and cookies become `***`.
///
/// It would rather hide too much than too little.
struct SecretMask: Sendable {
  static let mark = "***"

  /// Texts that are secret wherever they occur.
  private let secrets: [String]

  /// - Parameter environment: the environment variables; the values of those that hold a secret are
  ///   hidden in every text.
  init(environment: [String: String] = [:]) {
    let values = environment.filter { SecretMask.suggestsSecret($0.key) }.values
    // A long one first, for a short one may be part of it.
    secrets = Set(values).filter(SecretMask.isDistinct).sorted {
      ($1.utf8.count, $1) < ($0.utf8.count, $0)
    }
  }

  /// Whether a value is unlikely to occur by chance. Short texts and plain words do.
  private static func isDistinct(_ value: String) -> Bool {
    value.count >= 12 || value.count >= 8 && !value.allSatisfy(\.isLetter)
  }

  // MARK: Names

  private static let telling = [
    "key", "token", "secret", "passwd", "password", "passphrase", "passcode", "credential", "auth",
    "cookie", "private", "session", "jwt", "bearer", "signature", "webhook", "connection_string",
    "connectionstring",
  ]
  private static let tellingWords: Set<String> = ["pin", "otp", "sas", "dsn"]
  /// The current folder and the one before it, which shells keep in variables.
  private static let innocent: Set<String> = ["pwd", "oldpwd"]

  /// Whether a variable or option of this name may hold a secret: `API_KEY`, `--auth-token`, `dbPassword`.
  static func suggestsSecret(_ name: String) -> Bool {
    let small = name.lowercased()
    guard !innocent.contains(small) else { return false }
    return telling.contains { small.contains($0) }
      || small.split { !$0.isLetter }.contains { word in
        word.hasSuffix("pass") || word.hasSuffix("pwd") || tellingWords.contains(String(word))
      }
  }

  // MARK: Texts

  /// A text without the secrets in it: known values, private keys, credentials in addresses and headers,
  /// tokens of well-known shapes, and values assigned to names that suggest a secret.
  func masked(_ text: String) -> String {
    guard !text.isEmpty else { return text }
    let masked = NSMutableString(string: text)
    for secret in secrets {
      _ = masked.replaceOccurrences(
        of: secret,
        with: Self.mark,
        options: .literal,
        range: NSRange(location: 0, length: masked.length)
      )
    }
    for rule in Rule.all {
      _ = rule.pattern.replaceMatches(
        in: masked,
        range: NSRange(location: 0, length: masked.length),
        withTemplate: rule.template
      )
    }
    return String(masked)
  }

  /// The value of an environment variable, hidden as a whole if the name suggests a secret.
  func masked(_ value: String, of variable: String) -> String {
    Self.suggestsSecret(variable) && !value.isEmpty ? Self.mark : masked(value)
  }

  /// The words of a command line: also hides `--token x`, `--password=x`, `key=x` and `--user name:x`.
  func masked(arguments: [String]) -> [String] {
    var option: String?
    return arguments.map { argument in
      let before = option
      option = argument.hasPrefix("-") ? argument : nil
      if let before, Self.takesSecret(before, argument) {
        option = nil
        return Self.mark
      }
      return Self.assignment(argument).map { $0 + Self.mark } ?? masked(argument)
    }
  }

  /// The part of `name=value` up to the sign if the name suggests a secret; also of `--set=name=value`.
  private static func assignment(_ argument: String) -> Substring? {
    var start = argument.startIndex
    while let sign = argument[start...].firstIndex(of: "=") {
      let name = argument[start..<sign]
      // What has other characters is no name, but a condition or an address.
      guard name.allSatisfy({ $0.isLetter || $0.isNumber || "-_./".contains($0) }) else {
        return nil
      }
      start = argument.index(after: sign)
      if suggestsSecret(String(name)) { return argument[..<start] }
    }
    return nil
  }

  /// Whether a word is the secret value of the option before it.
  private static func takesSecret(_ option: String, _ word: String) -> Bool {
    guard !option.contains("=") else { return false }
    if ["-u", "-U", "--user", "--proxy-user"].contains(option) { return word.contains(":") }
    let isOption = word.hasPrefix("--") || word.hasPrefix("-") && word.count == 2
    return suggestsSecret(option) && !isOption
  }
}
